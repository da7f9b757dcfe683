import type { Contract } from "../bundle/contract.js";
import { FrameError } from "../errors.js";
import { LARGEST_SIDE } from "../words.js";
import { Axis } from "./axis.js";
import { type Box, Crop } from "./crop.js";
import { Frame } from "./frame.js";
import { Columns, PixelSource } from "./source.js";
import { allocate, gray, lookupTables, type TensorData, type TensorSpec } from "./tables.js";

/** How a picture is cut out and scaled. */
export interface ScaleOptions {
  /** Face before the margin; null or absent: the whole picture, without margin. */
  box?: Box | null;
  /** By which the box grows on each side, in its widths and heights; 0 if not given. */
  cropMargin?: number;
  /** Left-right, after the rotation. */
  mirror?: boolean;
}

/**
 * Cuts pictures out of frames and scales them to one size: steps 1 to 6 of the camera specification. Nothing is allocated
 * after construction. Not to be called again before the last answer was used.
 */
export class Scaler {
  /** The last picture: (height, width, 3) RGB. */
  readonly rgb: Uint8Array;
  private readonly crop = new Crop();
  private readonly source = new PixelSource();
  private readonly x: Axis;
  private readonly y: Axis;
  private readonly lowColumns: Columns;
  private readonly highColumns: Columns;
  private readonly lowPixels: Uint8ClampedArray;
  private readonly highPixels: Uint8ClampedArray;
  private upper: BlendedRow;
  private lower: BlendedRow;

  /**
   * @param width of the answers, in pixels.
   * @param height of the answers, in pixels.
   * @throws FrameError a side is not 1 to 8192.
   */
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    for (const side of [width, height]) {
      if (!Number.isInteger(side) || side < 1 || side > LARGEST_SIDE) {
        throw new FrameError(`size of the target has the side ${side}; allowed: 1 to ${LARGEST_SIDE}`, "size");
      }
    }
    this.rgb = new Uint8Array(width * height * 3);
    this.x = new Axis(width, true);
    this.y = new Axis(height, false);
    this.lowColumns = new Columns(this.x.low);
    this.highColumns = new Columns(this.x.high);
    this.lowPixels = new Uint8ClampedArray(width * 3);
    this.highPixels = new Uint8ClampedArray(width * 3);
    this.upper = new BlendedRow(width * 3);
    this.lower = new BlendedRow(width * 3);
  }

  /**
   * Scales the picture, or a box of it.
   *
   * @returns {@link rgb}, overwritten by the next call.
   * @throws FrameError not a box, a box that is empty inside the image, or a margin that is negative or not finite.
   */
  scale(frame: Frame, box: Box | null, cropMargin: number, mirror: boolean): Uint8Array {
    requireFrame(frame);
    this.crop.set(box, cropMargin, frame.uprightWidth, frame.uprightHeight);
    this.x.fill(this.crop.width);
    this.y.fill(this.crop.height);
    this.source.open(frame, this.crop, mirror);
    this.source.locate(this.lowColumns);
    this.source.locate(this.highColumns);
    this.upper.row = this.lower.row = -1;
    const { low, high, weight } = this.y;
    for (let row = 0; row < this.height; row++) {
      this.blend(low[row], high[row]);
      this.store(row, weight[row]);
    }
    this.source.close();
    return this.rgb;
  }

  /** Has the rows `low` and `high` in {@link upper} and {@link lower}; a row that is there already is kept. */
  private blend(low: number, high: number): void {
    if (this.upper.row !== low && this.lower.row === low) {
      const kept = this.lower;
      this.lower = this.upper;
      this.upper = kept;
    }
    if (this.upper.row !== low) this.fill(this.upper, low);
    if (high !== low && this.lower.row !== high) this.fill(this.lower, high);
  }

  private fill(into: BlendedRow, row: number): void {
    const { weight } = this.x;
    const { values } = into;
    const { lowPixels: low, highPixels: high } = this;
    this.source.read(row, this.lowColumns, low);
    this.source.read(row, this.highColumns, high);
    for (let column = 0, at = 0; column < weight.length; column++, at += 3) {
      const second = weight[column];
      const first = 16 - second;
      values[at] = low[at] * first + high[at] * second;
      values[at + 1] = low[at + 1] * first + high[at + 1] * second;
      values[at + 2] = low[at + 2] * first + high[at + 2] * second;
    }
    into.row = row;
  }

  private store(row: number, second: number): void {
    const first = 16 - second;
    const upper = this.upper.values;
    const lower = this.y.high[row] === this.y.low[row] ? upper : this.lower.values;
    const { rgb } = this;
    for (let at = 0, out = row * upper.length; at < upper.length; at++, out++) {
      rgb[out] = (upper[at] * first + lower[at] * second) >> 8;
    }
  }
}

/** A source row, scaled along x: R, G and B times 16. */
class BlendedRow {
  row = -1;
  readonly values: Int32Array;

  constructor(length: number) {
    this.values = new Int32Array(length);
  }
}

/**
 * The camera path of one model: steps 1 to 9. Made once; nothing is allocated for a frame.
 *
 * ```ts
 * const path = CameraPath.of(contract);
 * const tensor = path.prepare(frame, [177, 66, 272, 161]);
 * ```
 */
export class CameraPath {
  /** The last tensor, in the model's layout and type. */
  readonly tensor: TensorData;
  private readonly scaler: Scaler;
  private readonly tables: TensorData[];

  constructor(
    private readonly spec: TensorSpec,
    private readonly cropMargin: number,
    private readonly mirror: boolean,
  ) {
    this.scaler = new Scaler(spec.width, spec.height);
    this.tables = lookupTables(spec);
    this.tensor = allocate(spec.dtype, spec.width * spec.height * spec.channels);
  }

  /** The path of a contract. */
  static of(contract: Contract): CameraPath {
    const { input, camera, normalization, inputQuantization } = contract;
    const spec = { ...input, normalization, quantization: inputQuantization };
    return new CameraPath(spec, camera.cropMargin, camera.mirror);
  }

  /** The last picture before gray and normalization: (height, width, 3) RGB. */
  get scaled(): Uint8Array {
    return this.scaler.rgb;
  }

  /**
   * Exactly what the model gets for this picture.
   *
   * @param frame the camera's picture.
   * @param box of a face before the margin, which is added here; null: the whole picture, without margin.
   * @returns {@link tensor}, overwritten by the next call.
   * @throws FrameError not a box, or a box that is empty inside the image.
   */
  prepare(frame: Frame, box: Box | null = null): TensorData {
    const rgb = this.scaler.scale(frame, box, this.cropMargin, this.mirror);
    if (this.spec.channels === 1) this.writeGray(rgb);
    else if (this.spec.layout === "NCHW") this.writePlanes(rgb);
    else this.writePixels(rgb);
    return this.tensor;
  }

  private writeGray(rgb: Uint8Array): void {
    const { tensor } = this;
    const [table] = this.tables;
    for (let index = 0, at = 0; index < tensor.length; index++, at += 3) {
      tensor[index] = table[gray(rgb[at], rgb[at + 1], rgb[at + 2])];
    }
  }

  private writePlanes(rgb: Uint8Array): void {
    const { tensor } = this;
    const size = this.spec.width * this.spec.height;
    for (let channel = 0; channel < 3; channel++) {
      const table = this.tables[channel];
      const start = channel * size;
      for (let index = 0, at = channel; index < size; index++, at += 3) tensor[start + index] = table[rgb[at]];
    }
  }

  private writePixels(rgb: Uint8Array): void {
    const { tensor } = this;
    const [red, green, blue] = this.tables;
    for (let at = 0; at < rgb.length; at += 3) {
      tensor[at] = red[rgb[at]];
      tensor[at + 1] = green[rgb[at + 1]];
      tensor[at + 2] = blue[rgb[at + 2]];
    }
  }
}

/**
 * Exactly what the model gets for this picture, as a new array; {@link CameraPath} does the same without allocating.
 *
 * @param frame the camera's picture.
 * @param contract of the model; its margin and mirror are applied.
 * @param box of a face before the margin, in pixels of the upright picture; null: the whole picture, without margin.
 * @returns (1, C, H, W) or (1, H, W, C) in the contract's layout and type.
 * @throws FrameError not a box, or a box that is empty inside the image.
 */
export function prepare(frame: Frame, contract: Contract, box: Box | null = null): TensorData {
  let path = paths.get(contract);
  if (path === undefined) {
    path = CameraPath.of(contract);
    paths.set(contract, path);
  }
  return path.prepare(frame, box).slice();
}

const paths = new WeakMap<Contract, CameraPath>();

/**
 * The picture, or a box of it, in a size (steps 1 to 6), as a new array; {@link Scaler} does the same without allocating.
 *
 * @returns (height, width, 3) RGB.
 * @throws FrameError as in {@link Scaler}.
 */
export function scaled(frame: Frame, width: number, height: number, options: ScaleOptions = {}): Uint8Array {
  const { box = null, cropMargin = 0, mirror = false } = options;
  return new Scaler(width, height).scale(frame, box, cropMargin, mirror);
}

/**
 * The whole picture after rotation and mirror (steps 1 to 4).
 *
 * @returns (uprightHeight, uprightWidth, 3) RGB.
 */
export function upright(frame: Frame, mirror = false): Uint8Array {
  const { uprightWidth: width, uprightHeight: height } = requireFrame(frame);
  const crop = new Crop();
  crop.set(null, 0, width, height);
  const source = new PixelSource();
  source.open(frame, crop, mirror);
  const columns = new Columns(Int32Array.from({ length: width }, (_, column) => column));
  source.locate(columns);
  const row = new Uint8ClampedArray(width * 3);
  const rgb = new Uint8Array(width * height * 3);
  for (let index = 0; index < height; index++) {
    source.read(index, columns, row);
    rgb.set(row, index * row.length);
  }
  return rgb;
}

/**
 * The specification's gray (step 7) of a picture, as detectors take it.
 *
 * @param rgb (height, width, 3).
 * @param out receives (height, width); a new array if not given.
 */
export function grayOf(rgb: Uint8Array, out: Uint8Array = new Uint8Array(rgb.length / 3)): Uint8Array {
  for (let index = 0, at = 0; index < out.length; index++, at += 3)
    out[index] = gray(rgb[at], rgb[at + 1], rgb[at + 2]);
  return out;
}

function requireFrame(frame: Frame): Frame {
  if (frame instanceof Frame) return frame;
  throw new FrameError(
    "no Frame came, so its size is unknown; make one with Frame.fromRgba or Frame.fromYuv420",
    "size",
  );
}
