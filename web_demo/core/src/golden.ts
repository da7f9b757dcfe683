/**
 * Golden vectors: camera frames, what is done with them, and the SHA-256 of what must come out; the same files that the
 * Python and Kotlin tests read. A bundle's own cases add the original's probabilities, so that a page can test itself.
 */

import { readMeans, readScale, readStds } from "./bundle/contract_reader.js";
import { sha256 } from "./bundle/hash.js";
import type { Box } from "./camera/crop.js";
import { type Bytes, Frame } from "./camera/frame.js";
import { CameraPath, scaled, upright } from "./camera/path.js";
import type { TensorData, TensorSpec } from "./camera/tables.js";
import { FrameError } from "./errors.js";
import { type Json, readJson } from "./json/reader.js";
import { StrictJson } from "./json/strict.js";
import { DTYPES, LAYOUTS } from "./words.js";

/** SHA-256 of the bytes of each stage. */
export interface StageHashes {
  /** RGB bytes after rotation and mirror. */
  upright: string;
  /** RGB bytes after crop and scale. */
  scaled: string;
  /** In layout and type, little-endian. */
  tensor: string;
}

/** One case. */
export interface GoldenCase {
  readonly name: string;
  /** The camera's picture; throws FrameError in cases that expect one. */
  readonly frame: () => Frame;
  readonly mirror: boolean;
  readonly box: Box | null;
  readonly cropMargin: number;
  readonly target: TensorSpec;
  /** What must come out, or the word that the error's message must hold. */
  readonly expect: StageHashes | { error: string };
  /** Of the PyTorch original, in a bundle's cases. */
  readonly probabilities: readonly number[] | null;
}

/** Pictures and tensor of the three stages. */
export interface GoldenOutcome {
  readonly upright: Uint8Array;
  readonly scaled: Uint8Array;
  readonly tensor: TensorData;
}

const strict: StrictJson = new StrictJson("golden vector");
const LIMIT = 64 << 20;
const WIDEST = 2 ** 31;
const PARTS = ["y", "u", "v", "rgba", "box", "rotation", "size", "stride"];

/**
 * Reads a case.
 *
 * @throws DocumentError not of the schema.
 */
export function parseGolden(data: Uint8Array | string): GoldenCase {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const names = ["name", "frame", "rotation", "mirror", "box", "crop_margin", "target", "expect", "probabilities"];
  const members = strict.members(readJson("golden vector", bytes, LIMIT), "", names, { optional: ["probabilities"] });
  const rotation = wide(members.get("rotation"), "rotation");
  const probabilities = members.get("probabilities");
  return {
    name: strict.string(members.get("name"), "name"),
    frame: frameOf(members.get("frame"), rotation),
    mirror: strict.boolean(members.get("mirror"), "mirror"),
    box: strict.nullable(members.get("box"), "box", (value) => numbers(value, "box", 16) as unknown as Box),
    cropMargin: strict.number(members.get("crop_margin"), "crop_margin"),
    target: targetOf(members.get("target")),
    expect: expectOf(members.get("expect")),
    probabilities: probabilities === undefined ? null : numbers(probabilities, "probabilities", 100_000),
  };
}

/**
 * Takes a case's frame through the camera path.
 *
 * @throws FrameError in cases that expect one.
 */
export function runGolden(golden: GoldenCase): GoldenOutcome {
  const { mirror, box, cropMargin, target } = golden;
  const frame = golden.frame();
  const small = scaled(frame, target.width, target.height, { box, cropMargin, mirror });
  const tensor = new CameraPath(target, cropMargin, mirror).prepare(frame, box);
  return { upright: upright(frame, mirror), scaled: small, tensor };
}

/** The sentence that says what is wrong when the case is run here; null if all is as expected. */
export async function goldenFault(golden: GoldenCase): Promise<string | null> {
  const { name, expect } = golden;
  let found: StageHashes;
  try {
    found = await hashesOf(runGolden(golden));
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    const isExpected = "error" in expect && new RegExp(`\\b${expect.error}\\b`).test(error.message);
    return isExpected ? null : `${name}: unexpected error: ${error.message}`;
  }
  if ("error" in expect) return `${name}: no error, but one that names ${expect.error} was expected`;
  const differing = (["upright", "scaled", "tensor"] as const).filter((stage) => found[stage] !== expect[stage]);
  return differing.length > 0 ? `${name}: ${differing.join(", ")} differ` : null;
}

/** SHA-256 of each stage. */
export async function hashesOf(outcome: GoldenOutcome): Promise<StageHashes> {
  const { tensor } = outcome;
  const [up, small, last] = await Promise.all([
    sha256(outcome.upright),
    sha256(outcome.scaled),
    sha256(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength)),
  ]);
  return { upright: up, scaled: small, tensor: last };
}

function frameOf(value: Json | undefined, rotation: number): () => Frame {
  const kind = strict.choice(strict.entries(value, "frame").get("kind"), "frame.kind", ["rgba", "yuv420"]);
  return kind === "rgba" ? rgbaOf(value as Json, rotation) : yuvOf(value as Json, rotation);
}

function rgbaOf(value: Json, rotation: number): () => Frame {
  const members = strict.members(value, "frame", ["kind", "width", "height", "row_stride", "data"]);
  const width = wide(members.get("width"), "frame.width");
  const height = wide(members.get("height"), "frame.height");
  const rowStride = wide(members.get("row_stride"), "frame.row_stride");
  const data = base64(members.get("data"), "frame.data");
  return () => Frame.fromRgba(data, { width, height, rowStride, rotation });
}

function yuvOf(value: Json, rotation: number): () => Frame {
  const members = strict.members(value, "frame", ["kind", "width", "height", "y", "u", "v"]);
  const width = wide(members.get("width"), "frame.width");
  const height = wide(members.get("height"), "frame.height");
  const [y, u, v] = ["y", "u", "v"].map((name) => planeOf(members.get(name), `frame.${name}`));
  return () => {
    if (y.pixelStride !== 1) throw new FrameError(`pixel stride of y is ${y.pixelStride}; allowed: 1`, "stride");
    if (u.rowStride !== v.rowStride || u.pixelStride !== v.pixelStride) {
      throw new FrameError("u and v differ in row stride or pixel stride; allowed: the same for both", "stride");
    }
    return Frame.fromYuv420(y.data, u.data, v.data, {
      width,
      height,
      yRowStride: y.rowStride,
      uvRowStride: u.rowStride,
      uvPixelStride: u.pixelStride,
      rotation,
    });
  };
}

interface StoredPlane {
  data: Bytes;
  rowStride: number;
  pixelStride: number;
}

function planeOf(value: Json | undefined, key: string): StoredPlane {
  const members = strict.members(value ?? null, key, ["data", "row_stride", "pixel_stride"]);
  return {
    data: base64(members.get("data"), `${key}.data`),
    rowStride: wide(members.get("row_stride"), `${key}.row_stride`),
    pixelStride: wide(members.get("pixel_stride"), `${key}.pixel_stride`),
  };
}

const TARGET = ["width", "height", "channels", "layout", "dtype", "mean", "std", "scale", "zero_point"];

/** Its size is not checked as a contract's, since cases ask for wrong sizes too. */
function targetOf(value: Json | undefined): TensorSpec {
  const members = strict.members(value ?? null, "target", TARGET);
  const channels = strict.integer(members.get("channels"), "target.channels", 1, 3);
  if (channels !== 1 && channels !== 3) strict.fail("target.channels", channels, "1, 3");
  const mean = strict.nullable(members.get("mean"), "target.mean", (entry, key) =>
    readMeans(strict, entry, key, channels),
  );
  const std = strict.nullable(members.get("std"), "target.std", (entry, key) => readStds(strict, entry, key, channels));
  if ((mean === null) !== (std === null)) strict.fail("target.std", std, "null where mean is null, else a list");
  const dtype = strict.choice(members.get("dtype"), "target.dtype", DTYPES);
  return {
    width: wide(members.get("width"), "target.width"),
    height: wide(members.get("height"), "target.height"),
    channels,
    layout: strict.choice(members.get("layout"), "target.layout", LAYOUTS),
    dtype,
    normalization: mean === null || std === null ? null : { mean, std },
    quantization: quantizationOf(members, dtype),
  };
}

function quantizationOf(members: Map<string, Json>, dtype: string): TensorSpec["quantization"] {
  const scale = strict.nullable(members.get("scale"), "target.scale", (entry, key) => readScale(strict, entry, key));
  const zeroPoint = strict.nullable(members.get("zero_point"), "target.zero_point", (entry, key) =>
    strict.integer(entry, key, -128, 127),
  );
  for (const [name, found] of Object.entries({ scale, zero_point: zeroPoint })) {
    if ((found === null) === (dtype === "int8")) {
      strict.fail(`target.${name}`, found, `${found === null ? "a number" : "null"} where dtype is ${dtype}`);
    }
  }
  return scale === null || zeroPoint === null ? null : { scale, zeroPoint };
}

function expectOf(value: Json | undefined): StageHashes | { error: string } {
  if (strict.entries(value, "expect").has("error")) {
    const members = strict.members(value as Json, "expect", ["error"]);
    return { error: strict.choice(members.get("error"), "expect.error", PARTS) };
  }
  const members = strict.members(value as Json, "expect", ["upright_sha256", "scaled_sha256", "tensor_sha256"]);
  const hash = (name: string) => strict.sha256(members.get(name), `expect.${name}`);
  return { upright: hash("upright_sha256"), scaled: hash("scaled_sha256"), tensor: hash("tensor_sha256") };
}

function wide(value: Json | undefined, key: string): number {
  return strict.integer(value, key, -WIDEST, WIDEST);
}

function numbers(value: Json, key: string, most: number): number[] {
  return strict.array(value, key, 0, most).map((entry) => strict.number(entry, key));
}

function base64(value: Json | undefined, key: string): Uint8Array {
  if (typeof value !== "string") strict.fail(key, value, "base64 text");
  try {
    const letters = atob(value);
    return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  } catch {
    return strict.fail(key, value, "base64 text");
  }
}
