import { NativeModules } from "react-native";

export interface Emotion {
  label: string;
  /** 0 to 1. */
  probability: number;
}

type Answer = Record<string, number> | null;

/** Emotions of the largest face in a picture's file, likeliest first; null: no face. Rejects with a sentence. */
export async function analyze(path: string): Promise<Emotion[] | null> {
  const module = NativeModules.FerEdge as { analyze(path: string): Promise<Answer> };
  const found = await module.analyze(path);
  if (found === null) return null;
  const emotions = Object.entries(found).map(([label, probability]) => ({ label, probability }));
  return emotions.sort((one, other) => other.probability - one.probability);
}
