import type { INTERFACES } from "../words.js";
import { readContract } from "./contract_reader.js";

/** Element type of a tensor. */
export type ElementType = "float32" | "int8" | "uint8";

/** `(v/255 - mean) / std` for each channel, in float32. */
export interface Normalization {
  /** One value a channel, in units of v/255. */
  readonly mean: readonly number[];
  /** One positive value a channel, in units of v/255. */
  readonly std: readonly number[];
}

/** `real = scale * (integer - zeroPoint)`. */
export interface QuantizationParameters {
  /** A float32 value, positive. */
  readonly scale: number;
  /** The integer that stands for 0. */
  readonly zeroPoint: number;
}

/** What goes in. */
export interface InputSpec {
  /** Of the input in the artifact (TFLite: in the `serving_default` signature). */
  readonly name: string;
  /** tensor: the normalized tensor; image: RGB values 0 to 255, gray and normalization are inside the graph. */
  readonly interface: (typeof INTERFACES)[number];
  /** In pixels, 1 to 8192. */
  readonly width: number;
  /** In pixels, 1 to 8192. */
  readonly height: number;
  /** 1: gray, 3: RGB. */
  readonly channels: 1 | 3;
  /** Order of the axes, batch of one. */
  readonly layout: "NCHW" | "NHWC";
  /** Of the elements. */
  readonly dtype: ElementType;
}

/** How a camera picture becomes the input. */
export interface CameraSettings {
  /** Number of the camera specification. */
  readonly spec: 1;
  /** By which a face box grows on each side, in widths (heights) of the box. */
  readonly cropMargin: number;
  /** Whether the upright picture is mirrored left-right. */
  readonly mirror: boolean;
}

/** What comes out. */
export interface OutputSpec {
  /** Of the output in the artifact. */
  readonly name: string;
  /** dictionary: Core ML classifiers; logits: the reference only. */
  readonly kind: "probabilities" | "dictionary" | "logits";
}

/** Everything a program must know to feed one artifact and to read its answer; schema `fer-edge-contract/1`. */
export interface Contract {
  /** The model's name. */
  readonly model: string;
  /** In the order of the output, unique. */
  readonly labels: readonly string[];
  readonly input: InputSpec;
  readonly camera: CameraSettings;
  /** Null where values go in as they are. */
  readonly normalization: Normalization | null;
  /** Of int8 inputs, else null. */
  readonly inputQuantization: QuantizationParameters | null;
  /** Where the output is quantized, else null. */
  readonly outputQuantization: QuantizationParameters | null;
  readonly output: OutputSpec;
  /** Over the stored bytes. */
  readonly sha256: string;
  /** The stored bytes as text. */
  readonly text: string;
}

/** Of an input, batch of one: (1, C, H, W) or (1, H, W, C). */
export function shapeOf(input: InputSpec): [number, number, number, number] {
  const { channels, height, width } = input;
  return input.layout === "NCHW" ? [1, channels, height, width] : [1, height, width, channels];
}

/**
 * Reads a stored contract.
 *
 * @param data exactly as stored: one line of compact UTF-8 JSON, no newline at the end.
 * @throws DocumentError anything that the schema does not allow; says key, value and what is allowed.
 */
export function parseContract(data: Uint8Array | string): Promise<Contract> {
  return readContract(typeof data === "string" ? new TextEncoder().encode(data) : data);
}
