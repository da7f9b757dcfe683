import type { FORMATS, INTERFACES, PRECISIONS, VERDICTS } from "../words.js";
import { readManifest } from "./manifest_reader.js";

/** How a check ended. */
export type Verdict = (typeof VERDICTS)[number];

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
  readonly parity: Parity;
  readonly weightAudit: WeightAudit | null;
  readonly accuracy: Accuracy | null;
  readonly calibration: Calibration | null;
}

/** A variant that was not written. */
export interface Skipped {
  readonly variant: string;
  readonly reason: string;
}

/** The document `manifest.json` of a bundle; schema `fer-edge-manifest/1`. */
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
