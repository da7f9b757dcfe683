import type { Crop } from "./crop.js";
import type { Bytes, Frame } from "./frame.js";

/** `((Y*257*16320) >> 16) + 32` for each Y: step 2 of the camera specification. */
const LUMA = Int32Array.from({ length: 256 }, (_, y) => ((y * 257 * 16320) >> 16) + 32);

/**
 * Addresses and converts the pixels of one frame: steps 2 to 5 of the camera specification. No pixel is moved: rotation,
 * mirror and crop are arithmetic on offsets, and a pixel's offset is that of its column plus that of its row.
 */
export class PixelSource {
  private frame: Frame | null = null;
  private readonly x = new AxisMap();
  private readonly y = new AxisMap();

  /**
   * Points at a frame.
   *
   * @param crop the part of the upright picture that coordinates count from.
   * @param mirror left-right, after the rotation.
   */
  open(frame: Frame, crop: Crop, mirror: boolean): void {
    const { rotation } = frame;
    // Clockwise by 90: upright (x, y) is stored (y, height-1-x); 180: (width-1-x, height-1-y); 270: (width-1-y, x).
    const isSideways = rotation % 180 !== 0;
    const isXReversed = (rotation === 90 || rotation === 180) !== mirror;
    const isYReversed = rotation === 180 || rotation === 270;
    this.x.set(frame, isSideways, isXReversed, frame.uprightWidth, crop.left);
    this.y.set(frame, !isSideways, isYReversed, frame.uprightHeight, crop.top);
    this.frame = frame;
  }

  /** Lets go of the camera's bytes. */
  close(): void {
    this.frame = null;
  }

  /** Looks columns up, once for all rows. */
  locate(columns: Columns): void {
    const { positions, first, chroma } = columns;
    for (let index = 0; index < positions.length; index++) {
      first[index] = this.x.first(positions[index]);
      chroma[index] = this.x.chroma(positions[index]);
    }
  }

  /**
   * Converts pixels of one row.
   *
   * @param row in the crop.
   * @param columns that were located in this frame.
   * @param out receives R, G, B of each.
   */
  read(row: number, columns: Columns, out: Uint8ClampedArray): void {
    if (this.frame === null) return;
    const [one, u, v] = this.frame.planes;
    const start = this.y.first(row);
    if (this.frame.kind === "rgba") readRgba(one.data, start, columns, out);
    else readYuv(one.data, u.data, v.data, start, this.y.chroma(row), columns, out);
  }
}

/** Columns of a picture, and where their bytes lie in a row. */
export class Columns {
  /** Bytes to the first plane's sample. */
  readonly first: Int32Array;
  /** Bytes to the chroma planes' sample. */
  readonly chroma: Int32Array;

  /** @param positions in the crop; read when they are located. */
  constructor(readonly positions: Int32Array) {
    this.first = new Int32Array(positions.length);
    this.chroma = new Int32Array(positions.length);
  }
}

function readRgba(data: Bytes, start: number, columns: Columns, out: Uint8ClampedArray): void {
  const { first } = columns;
  for (let index = 0, at = 0; index < first.length; index++, at += 3) {
    const offset = start + first[index];
    out[at] = data[offset];
    out[at + 1] = data[offset + 1];
    out[at + 2] = data[offset + 2];
  }
}

function readYuv(
  y: Bytes,
  u: Bytes,
  v: Bytes,
  start: number,
  chromaStart: number,
  columns: Columns,
  out: Uint8ClampedArray,
): void {
  const { first, chroma } = columns;
  for (let index = 0, at = 0; index < first.length; index++, at += 3) {
    const luma = LUMA[y[start + first[index]]];
    const place = chromaStart + chroma[index];
    const du = u[place] - 128;
    const dv = v[place] - 128;
    // The array clamps to 0..255.
    out[at] = (luma + 90 * dv) >> 6;
    out[at + 1] = (luma - 22 * du - 46 * dv) >> 6;
    out[at + 2] = (luma + 113 * du) >> 6;
  }
}

/** One upright axis as a run through the stored frame. */
class AxisMap {
  /** Stored position of upright position 0 of the crop. */
  private origin = 0;
  /** 1, or -1 where the axis runs against its stored one. */
  private direction = 1;
  /** Bytes from position to position in the first plane. */
  private firstStep = 0;
  /** Bytes from chroma sample to chroma sample. */
  private chromaStep = 0;

  set(frame: Frame, alongRows: boolean, isReversed: boolean, length: number, start: number): void {
    const [first, chroma] = frame.planes;
    const pixel = frame.kind === "rgba" ? 4 : 1;
    this.direction = isReversed ? -1 : 1;
    this.origin = isReversed ? length - 1 - start : start;
    this.firstStep = alongRows ? first.rowStride : pixel;
    this.chromaStep = chroma === undefined ? 0 : alongRows ? chroma.rowStride : chroma.pixelStride;
  }

  first(position: number): number {
    return (this.origin + position * this.direction) * this.firstStep;
  }

  chroma(position: number): number {
    return ((this.origin + position * this.direction) >> 1) * this.chromaStep;
  }
}
