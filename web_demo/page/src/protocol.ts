/** What the page and its two workers say to each other. */

/** x0, y0, x1, y1 in pixels of the upright picture; x1 and y1 exclusive. */
export type Box = readonly [number, number, number, number];

/** One face of a picture or of a camera frame. */
export interface Face {
  /** Counts from 1: in a picture by x0, then y0; before a camera it stays with the person. */
  readonly number: number;
  readonly box: Box;
  /** In the order of the labels, 0 to 1. */
  readonly probabilities: readonly number[];
}

/** Milliseconds of each stage. */
export interface Timings {
  /** A file to pixels, or the camera's bytes to where they can be read. */
  readonly read: number;
  /** The cascade. Null: it was still at work on an earlier frame. */
  readonly detector: number | null;
  /** The camera path, of all faces. */
  readonly path: number;
  /** The network, of all faces. */
  readonly network: number;
}

/** How a camera frame's pixels came to the camera path. */
export type PixelRoute = "planes" | "converted";

/** A recognized picture. */
export interface PictureAnswer {
  readonly width: number;
  readonly height: number;
  /** For the screen; at most {@link SCREEN_SIDE} wide and high. */
  readonly bitmap: ImageBitmap;
  readonly faces: readonly Face[];
  readonly timings: Timings;
}

/** A recognized camera frame. */
export interface FrameAnswer {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly Face[];
  readonly timings: Timings;
  readonly route: PixelRoute;
}

/** A model file that the page could run. */
export interface VariantChoice {
  readonly variant: string;
  readonly engine: string;
  readonly precision: string;
  readonly bytes: number;
}

/** What is known of the model that runs. */
export interface ModelFacts {
  readonly model: string;
  readonly labels: readonly string[];
  readonly variant: string;
  /** Library and version. */
  readonly engine: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly architecture: string;
  readonly checkpointSha256: string;
  readonly bundleSha256: string;
  readonly contractSha256: string;
  /** Width, height, channels. */
  readonly input: readonly [number, number, number];
  /** One sentence: what the export found when it compared the file with the original. */
  readonly parity: string;
  readonly verdict: "pass" | "fail" | "not-run";
  readonly choices: readonly VariantChoice[];
}

/** The longest side of pictures that are only shown. */
export const SCREEN_SIDE = 1600;

/** What the page asks of the worker, and what comes back. */
export interface Calls {
  open: { ask: { bundle: string; thirdParty: string; detector: MessagePort; variant: string | null }; answer: ModelFacts };
  choose: { ask: { variant: string }; answer: ModelFacts };
  picture: { ask: { file: Blob }; answer: PictureAnswer };
  frame: { ask: { frame: VideoFrame | ImageBitmap; seconds: number }; answer: FrameAnswer };
  forget: { ask: null; answer: null };
}

export type CallName = keyof Calls;

export interface Question {
  readonly id: number;
  readonly name: CallName;
  readonly ask: unknown;
}

/** An answer, or the sentence that says why there is none. */
export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly sentence: string; readonly kind: "picture" | "model" | "defect" };

/** What the recognition worker asks of the detector: a gray picture, (height, width). */
export interface DetectorQuestion {
  readonly id: number;
  readonly gray: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Side of the smallest face, in pixels. */
  readonly smallest: number;
}

export type DetectorReply =
  | { readonly id: number; readonly boxes: readonly Box[]; readonly milliseconds: number }
  | { readonly id: number; readonly sentence: string };
