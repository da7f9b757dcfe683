import { FrameError, type FramePart } from "../errors.js";

/** Bytes of a picture: what `getImageData().data`, `VideoFrame.copyTo` and files give. */
export type Bytes = Uint8Array | Uint8ClampedArray;

/** Largest width or height of a frame, in pixels. */
export const LARGEST_FRAME_SIDE = 65536;

/** Bytes of a plane, and so of a row: offsets are kept as 32-bit integers. */
const LARGEST_PLANE = 2 ** 31 - 1;

/** Bytes of one picture in RGBA_8888. */
export interface RgbaOptions {
  /** In pixels, before rotation. */
  width: number;
  /** In pixels, before rotation. */
  height: number;
  /** Bytes from row to row; `4 * width` if not given. */
  rowStride?: number;
  /** Degrees clockwise that make the picture upright: 0 (default), 90, 180 or 270. */
  rotation?: number;
}

/** Strides of one picture in YUV_420_888 (I420, NV12, NV21), BT.601 full range. */
export interface Yuv420Options {
  /** In pixels, before rotation. */
  width: number;
  /** In pixels, before rotation. */
  height: number;
  /** Bytes from row to row of Y. */
  yRowStride: number;
  /** Bytes from row to row of U and V. */
  uvRowStride: number;
  /** 1: planar (I420); 2: interleaved (NV12, NV21: U and V are the same memory, one byte apart). */
  uvPixelStride: number;
  /** Degrees clockwise that make the picture upright: 0 (default), 90, 180 or 270. */
  rotation?: number;
}

/** Rows of samples in memory that is not ours. */
export interface Plane {
  readonly data: Bytes;
  readonly rowStride: number;
  readonly pixelStride: number;
}

/**
 * One camera picture as the camera gave it: step 1 of the camera specification.
 *
 * A frame does not copy: its bytes must stay as they are until the picture has been prepared. Only bytes that are
 * addressed are read, so the last row of a plane may be short.
 */
export class Frame {
  private constructor(
    /** How the picture is stored. */
    readonly kind: "rgba" | "yuv420",
    /** In pixels, before rotation. */
    readonly width: number,
    /** In pixels, before rotation. */
    readonly height: number,
    /** Degrees clockwise that make the picture upright. */
    readonly rotation: 0 | 90 | 180 | 270,
    /** RGBA; or Y, U and V. */
    readonly planes: readonly Plane[],
  ) {}

  /** Width of the upright picture, in pixels. */
  get uprightWidth(): number {
    return this.rotation % 180 === 0 ? this.width : this.height;
  }

  /** Height of the upright picture, in pixels. */
  get uprightHeight(): number {
    return this.rotation % 180 === 0 ? this.height : this.width;
  }

  /**
   * A frame of RGBA_8888 bytes; alpha is not looked at.
   *
   * @param data four bytes a pixel, R, G, B, A; the last row may be short (`4 * width`).
   * @throws FrameError size, rotation or stride is not legal, or the buffer is too short.
   */
  static fromRgba(data: Bytes, options: RgbaOptions): Frame {
    const { width, height, rowStride = 4 * width, rotation = 0 } = options;
    checkSize(width, height);
    checkRowStride("rgba", rowStride, 4 * width);
    const degrees = checkRotation(rotation);
    const plane = planeOf("rgba", data, height, 4 * width, rowStride, 1);
    return new Frame("rgba", width, height, degrees, [plane]);
  }

  /**
   * A frame of YUV_420_888 bytes, BT.601 full range. Limited-range planes (`VideoFrame.colorSpace.fullRange` is false)
   * are not such bytes: take those as RGBA.
   *
   * @param y luma, one byte a pixel.
   * @param u first chroma plane from its first sample on, ceil(width/2) x ceil(height/2) samples.
   * @param v second chroma plane, as large as `u`.
   * @throws FrameError size, rotation or stride is not legal, or a plane is too short.
   */
  static fromYuv420(y: Bytes, u: Bytes, v: Bytes, options: Yuv420Options): Frame {
    const { width, height, yRowStride, uvRowStride, uvPixelStride, rotation = 0 } = options;
    checkSize(width, height);
    if (uvPixelStride !== 1 && uvPixelStride !== 2) {
      throw new FrameError(`pixel stride of u and v is ${uvPixelStride}; allowed: 1, 2`, "stride");
    }
    const columns = (width + 1) >> 1;
    const rows = (height + 1) >> 1;
    checkRowStride("y", yRowStride, width);
    checkRowStride("u and v", uvRowStride, (columns - 1) * uvPixelStride + 1);
    const degrees = checkRotation(rotation);
    return new Frame("yuv420", width, height, degrees, [
      planeOf("y", y, height, width, yRowStride, 1),
      planeOf("u", u, rows, columns, uvRowStride, uvPixelStride),
      planeOf("v", v, rows, columns, uvRowStride, uvPixelStride),
    ]);
  }
}

function planeOf(
  name: FramePart,
  data: Bytes,
  rows: number,
  samples: number,
  rowStride: number,
  pixelStride: number,
): Plane {
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new FrameError(`plane ${name} is no Uint8Array or Uint8ClampedArray; allowed: bytes`, name);
  }
  const need = (rows - 1) * rowStride + (samples - 1) * pixelStride + 1;
  if (need > LARGEST_PLANE) {
    throw new FrameError(`plane ${name} needs ${need} bytes for its size; allowed: at most ${LARGEST_PLANE}`, "size");
  }
  if (data.length < need) {
    throw new FrameError(`plane ${name} has ${data.length} bytes; its last addressed sample needs ${need}`, name);
  }
  return { data, rowStride, pixelStride };
}

function checkSize(width: number, height: number): void {
  const isFit = (side: number) => Number.isInteger(side) && side >= 1 && side <= LARGEST_FRAME_SIDE;
  if (!isFit(width) || !isFit(height)) {
    throw new FrameError(`size ${width}x${height}: width and height must be 1 to ${LARGEST_FRAME_SIDE}`, "size");
  }
}

function checkRowStride(plane: string, stride: number, least: number): void {
  if (!Number.isInteger(stride) || stride < least || stride > LARGEST_PLANE) {
    throw new FrameError(
      `row stride of ${plane} is ${stride}; allowed: ${least} (the bytes of a row) to ${LARGEST_PLANE}`,
      "stride",
    );
  }
}

function checkRotation(rotation: number): 0 | 90 | 180 | 270 {
  if (rotation !== 0 && rotation !== 90 && rotation !== 180 && rotation !== 270) {
    throw new FrameError(`rotation is ${rotation}; allowed: 0, 90, 180, 270`, "rotation");
  }
  return rotation;
}
