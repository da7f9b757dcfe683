/** The worker that holds the model: everything that takes time happens here, so that the page never freezes. */

import { FerEdgeError } from "@fer-edge/core";

import type { CallName, Calls, Question, Reply } from "../protocol.ts";
import { CameraReader } from "./camera-frame.ts";
import { decodePicture } from "./decode.ts";
import { PictureError } from "./errors.ts";
import { FaceFinder } from "./face-finder.ts";
import { LoadedModel } from "./loaded-model.ts";
import { LiveRecognition, recognizePicture } from "./recognition.ts";

/** LiteRT.js writes its notes as errors, and that there is no graphics card, which it is not asked to use, as a warning. */
for (const level of ["error", "warn"] as const) {
  const tell = console[level].bind(console);
  console[level] = (...words: unknown[]) => {
    const isNote = /^(INFO|WARNING): |^Failed to create default WebGPU device/.test(String(words[0]));
    (isNote ? console.debug : tell)(...words);
  };
}

type Handlers = { [Name in CallName]: (ask: Calls[Name]["ask"]) => Promise<Calls[Name]["answer"]> };

let finder: FaceFinder;
let loaded: LoadedModel;
let live: LiveRecognition | null = null;
const camera = new CameraReader();

const handlers: Handlers = {
  async open({ bundle, thirdParty, detector, variant }) {
    finder = new FaceFinder(detector);
    loaded = await LoadedModel.open(bundle, thirdParty, variant);
    return loaded.facts();
  },

  async choose({ variant }) {
    await loaded.choose(variant);
    live = null;
    return loaded.facts();
  },

  async picture({ file }) {
    const start = performance.now();
    const { frame, bitmap } = await decodePicture(file);
    const read = performance.now() - start;
    const { faces, timings } = await recognizePicture(frame, finder, loaded.model);
    return { width: frame.uprightWidth, height: frame.uprightHeight, bitmap, faces, timings: { read, ...timings } };
  },

  async frame({ frame: picture, seconds }) {
    try {
      const start = performance.now();
      const { frame, route } = await camera.read(picture);
      const read = performance.now() - start;
      live ??= new LiveRecognition(finder, loaded.model);
      const { faces, timings } = await live.recognize(frame, seconds);
      return { width: frame.uprightWidth, height: frame.uprightHeight, faces, timings: { read, ...timings }, route };
    } finally {
      picture.close();
    }
  },

  async forget() {
    live = null;
    return null;
  },
};

/** Questions are answered one after the other: one model, one detector, one canvas. */
let turn: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Question>) => {
  turn = turn.then(() => answer(data));
};

async function answer({ id, name, ask }: Question): Promise<void> {
  let reply: Reply;
  try {
    reply = { id, answer: await (handlers[name] as (ask: unknown) => Promise<unknown>)(ask) };
  } catch (error) {
    reply = { id, ...describe(error) };
  }
  const bitmap = (reply as { answer?: { bitmap?: ImageBitmap } | null }).answer?.bitmap;
  self.postMessage(reply, { transfer: bitmap ? [bitmap] : [] });
}

function describe(error: unknown): { sentence: string; kind: "picture" | "model" | "defect" } {
  if (error instanceof PictureError) return { sentence: error.message, kind: "picture" };
  if (error instanceof FerEdgeError) return { sentence: sentenceOf(error.message), kind: "model" };
  return { sentence: sentenceOf(error instanceof Error ? error.message : String(error)), kind: "defect" };
}

function sentenceOf(message: string): string {
  const trimmed = message.trim();
  // A sentence begins with a capital letter, a file's name stays as it is.
  const begun = /^[a-z]+[ ,:]/.test(trimmed) ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
