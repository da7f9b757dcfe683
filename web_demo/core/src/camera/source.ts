import type { Crop } from "./crop.js";
import type { Frame } from "./frame.js";

/** `((Y*257*16320) >> 16) + 32` for each Y: step 2 of the camera specification. */
const LUMA = Int32Array.from({ length: 256 }, (_, y) => ((y * 257 * 16320) >> 16) + 32);

/**
 * Addresses and converts the pixels of one frame: steps 2 to 5 of the camera specification. No pixel is moved: rotation,
 * mirror and crop are arithmetic on offsets, and a pixel's offset is that of its column plus that of its row.
 */
export class PixelSource {
  private rgba: Frame["planes"][number]["data"] | null = null;
  private y: Frame["planes"][number]["data"] = EMPTY;
  private u: Frame["planes"][number]["data"] = EMPTY;
  private v: Frame["planes"][number]["data"] = EMPTY;
  private readonly x = new AxisMap();
  private readonly rows = new AxisMap();

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
    this.rows.set(frame, !isSideways, isYReversed, frame.uprightHeight, crop.top);
    if (frame.kind === "rgba") this.rgba = frame.planes[0].data;
    else {
      this.rgba = null;
      this.y = frame.planes[0].data;
      this.u = frame.planes[1].data;
      this.v = frame.planes[2].data;
    }
  }

  /** Lets go of the camera's bytes. */
  close(): void {
    this.rgba = null;
    this.y = this.u = this.v = EMPTY;
  }

  /**
   * Converts pixels of one row.
   *
   * @param row in the crop.
   * @param columns in the crop.
   * @param out receives R, G, B of each, 0 to 255.
   */
  read(row: number, columns: Int32Array, out: Int32Array): void {
    if (this.rgba === null) this.readYuv(row, columns, out);
    else this.readRgba(this.rgba, row, columns, out);
  }

  private readRgba(data: Frame["planes"][number]["data"], row: number, columns: Int32Array, out: Int32Array): void {
    const start = this.rows.first(row) + this.x.firstOffset;
    const step = this.x.firstStep;
    for (let index = 0, at = 0; index < columns.length; index++, at += 3) {
      const offset = start + columns[index] * step;
      out[at] = data[offset];
      out[at + 1] = data[offset + 1];
      out[at + 2] = data[offset + 2];
    }
  }

  private readYuv(row: number, columns: Int32Array, out: Int32Array): void {
    const { x, y, u, v } = this;
    const start = this.rows.first(row) + x.firstOffset;
    const chromaStart = this.rows.chroma(row);
    const { firstStep, chromaStep, origin, direction } = x;
    for (let index = 0, at = 0; index < columns.length; index++, at += 3) {
      const column = columns[index];
      const luma = LUMA[y[start + column * firstStep]];
      const place = chromaStart + ((origin + column * direction) >> 1) * chromaStep;
      const du = u[place] - 128;
      const dv = v[place] - 128;
      out[at] = clamp255((luma + 90 * dv) >> 6);
      out[at + 1] = clamp255((luma - 22 * du - 46 * dv) >> 6);
      out[at + 2] = clamp255((luma + 113 * du) >> 6);
    }
  }
}

/** One upright axis as a run through the stored frame. */
class AxisMap {
  /** Stored position of upright position 0 of the crop. */
  origin = 0;
  /** 1, or -1 where the axis runs against its stored one. */
  direction = 1;
  /** Bytes to the first plane's sample of position 0. */
  firstOffset = 0;
  /** Bytes from position to position in the first plane. */
  firstStep = 0;
  /** Bytes from chroma sample to chroma sample. */
  chromaStep = 0;

  set(frame: Frame, alongRows: boolean, isReversed: boolean, length: number, start: number): void {
    const [first, chroma] = frame.planes;
    const step = frame.kind === "rgba" ? 4 : 1;
    const stride = alongRows ? first.rowStride : step;
    this.direction = isReversed ? -1 : 1;
    this.origin = isReversed ? length - 1 - start : start;
    this.firstOffset = this.origin * stride;
    this.firstStep = this.direction * stride;
    if (chroma !== undefined) this.chromaStep = alongRows ? chroma.rowStride : chroma.pixelStride;
  }

  first(position: number): number {
    return this.firstOffset + position * this.firstStep;
  }

  chroma(position: number): number {
    return ((this.origin + position * this.direction) >> 1) * this.chromaStep;
  }
}

const EMPTY = new Uint8Array(0);

function clamp255(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
