import type { CODES, FORMATS, INTERFACES, PRECISIONS, VERDICTS } from "../words.js";
import { readManifest } from "./manifest_reader.js";

/** How a check ended. */
export type Verdict = (typeof VERDICTS)[number];

/** Why a verdict is no pass, as a word for programs. */
export type Code = (typeof CODES)[number];

/** The original that was exported. */
export interface Source {
  /** A built-in architecture's name or `package.module:callable`. */
  readonly arch: string;
  /** Of the file with its weights. */
  readonly checkpointSha256: string;
}

/** One file of the bundle. */
export interface FileEntry {
  /** Of its bytes. */
  readonly sha256: string;
  /** How many. */
  readonly bytes: number;
}

/** Artifact against the PyTorch original on the same inputs. */
export interface Parity {
  readonly verdict: Verdict;
  /** Why it failed or was not run. */
  readonly reason: string | null;
  /** Library and version that ran the artifact. */
  readonly engine: string | null;
  /** How many were compared. */
  readonly inputs: number | null;
  /** Largest absolute difference of a probability. */
  readonly maxAbs: number | null;
  /** Mean absolute difference. */
  readonly meanAbs: number | null;
  /** Share of inputs with the same first label, 0 to 1. */
  readonly top1Agreement: number | null;
  /** What was allowed. */
  readonly limit: { readonly maxAbs: number; readonly top1Agreement: number } | null;
  /** Why it is no pass; null in version 1, and so are the three below. */
  readonly code: Code | null;
  /** Which pictures were compared. */
  readonly inputsSource: string | null;
  /** Of the inputs' largest differences, the one that 99 % do not exceed. */
  readonly p99Abs: number | null;
  /** 95 % interval of `top1Agreement`, low and high. */
  readonly agreementInterval: readonly [number, number] | null;
}

/** Numbers of one kind that are stored in a file, each against what it must be. */
export interface Tally {
  readonly verdict: Verdict;
  readonly compared: number;
  /** How many of them are not what they must be. */
  readonly wrong: number;
  /** Largest distance from what it must be, in quantization steps. */
  readonly worst: number | null;
}

/** Answers of a file's layers, against those of the original's. */
export interface LayerAnswers {
  readonly aligned: number;
  /** Layers of the file without one to compare with. */
  readonly unaligned: number;
  /** The one that is furthest away, as signal-to-noise ratio in decibels. */
  readonly weakest: { readonly module: string; readonly snrDb: number } | null;
}

/** Whether a file is what its quantization of the original says it is, number by number. */
export interface Faithful {
  readonly verdict: Verdict;
  readonly code: Code | null;
  readonly reason: string | null;
  /** Weights, biases, tables and their scales. */
  readonly weights: Tally | null;
  /** Scales and zero points of activations. */
  readonly ranges: Tally | null;
  readonly layers: LayerAnswers | null;
}

/** Every weight read back from a package and compared with the source. */
export interface WeightAudit {
  readonly verdict: Verdict;
  readonly tensors: number;
  readonly maxAbs: number | null;
}

/** Original and artifact on labeled images. */
export interface Accuracy {
  readonly source: string;
  readonly samples: number;
  /** The original's share of right answers, 0 to 1. */
  readonly reference: number;
  /** The artifact's share of right answers, 0 to 1. */
  readonly artifact: number;
  /** Interval of reference minus artifact, low and high. */
  readonly dropInterval: readonly [number, number] | null;
  readonly verdict: Verdict;
}

/** The images that activation ranges were measured on. */
export interface Calibration {
  readonly source: string;
  readonly sha256: string;
  readonly images: number;
  readonly classes: ReadonlyMap<string, number>;
}

/** One exported file or package. */
export interface Artifact {
  /** Its name, `<format>-<precision>[-image][-qio]`. */
  readonly variant: string;
  readonly format: (typeof FORMATS)[number];
  readonly precision: (typeof PRECISIONS)[number];
  readonly interface: (typeof INTERFACES)[number];
  /** In the bundle, POSIX. */
  readonly path: string;
  readonly bytes: number;
  /** Its text. */
  readonly contract: string;
  /** Its verdict is the worse of both questions: these answers, and `faithful`. */
  readonly parity: Parity;
  /** Null where nobody asked, as in version 1. */
  readonly faithful: Faithful | null;
  readonly weightAudit: WeightAudit | null;
  readonly accuracy: Accuracy | null;
  readonly calibration: Calibration | null;
}

/** A variant that was not written. */
export interface Skipped {
  readonly variant: string;
  readonly reason: string;
}

/** The document `manifest.json` of a bundle; schema `fer-edge-manifest/2` or `/1`. */
export interface Manifest {
  readonly model: string;
  readonly source: Source;
  /** Every file but the manifest, by POSIX path. */
  readonly files: ReadonlyMap<string, FileEntry>;
  readonly artifacts: readonly Artifact[];
  readonly skipped: readonly Skipped[];
  /** Versions by name. */
  readonly tools: ReadonlyMap<string, string>;
}

/**
 * Reads a manifest.
 *
 * @throws DocumentError not of the schema, an unsafe path, or an artifact whose file is not listed.
 */
export function parseManifest(data: Uint8Array | string): Manifest {
  return readManifest(typeof data === "string" ? new TextEncoder().encode(data) : data);
}
