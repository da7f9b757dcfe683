/** From what the browser gives of a camera to a frame of the camera path. */

import { Frame } from "@fer-edge/core";

import type { PixelRoute } from "../protocol.ts";
import { canvasOf } from "./decode.ts";

export interface Grabbed {
  readonly frame: Frame;
  readonly route: PixelRoute;
}

/** Newer browsers tell how a phone held its camera. */
type Turned = VideoFrame & { readonly rotation?: number; readonly flip?: boolean };

/**
 * Reads camera frames, and keeps its memory from one to the next: a frame is good until the next one is asked for.
 *
 * The specification's YUV is BT.601 in full range. Planes that say so are taken byte by byte. All others (limited range,
 * BT.709, unknown) are converted by the browser, which knows what they mean, and taken as RGBA.
 */
export class CameraReader {
  private bytes = new Uint8Array(0);
  private context: OffscreenCanvasRenderingContext2D | null = null;

  async read(picture: VideoFrame | ImageBitmap): Promise<Grabbed> {
    if (isVideoFrame(picture) && hasFullRangePlanes(picture)) {
      return { frame: await this.planes(picture), route: "planes" };
    }
    return { frame: this.converted(picture), route: "converted" };
  }

  private async planes(picture: Turned): Promise<Frame> {
    const { visibleRect: rect, format } = picture;
    const size = picture.allocationSize();
    if (this.bytes.length < size) this.bytes = new Uint8Array(size);
    const [y, u, v] = (await picture.copyTo(this.bytes)) as [PlaneLayout, PlaneLayout, PlaneLayout | undefined];
    const second = v ? v.offset : u.offset + 1;
    return Frame.fromYuv420(this.bytes.subarray(y.offset), this.bytes.subarray(u.offset), this.bytes.subarray(second), {
      width: rect?.width ?? picture.codedWidth,
      height: rect?.height ?? picture.codedHeight,
      yRowStride: y.stride,
      uvRowStride: u.stride,
      uvPixelStride: format === "NV12" ? 2 : 1,
      rotation: picture.rotation ?? 0,
    });
  }

  private converted(picture: VideoFrame | ImageBitmap): Frame {
    const [width, height] = sizeOf(picture);
    let { context } = this;
    if (context?.canvas.width !== width || context.canvas.height !== height) context = canvasOf(width, height);
    this.context = context;
    context.drawImage(picture, 0, 0, width, height);
    return Frame.fromRgba(context.getImageData(0, 0, width, height).data, { width, height });
  }
}

function isVideoFrame(picture: VideoFrame | ImageBitmap): picture is Turned {
  return "codedWidth" in picture;
}

function sizeOf(picture: VideoFrame | ImageBitmap): [number, number] {
  return "codedWidth" in picture ? [picture.displayWidth, picture.displayHeight] : [picture.width, picture.height];
}

function hasFullRangePlanes(picture: Turned): boolean {
  const { fullRange, matrix } = picture.colorSpace;
  const planar = picture.format === "I420" || picture.format === "NV12";
  return planar && fullRange === true && (matrix === "smpte170m" || matrix === "bt470bg") && !picture.flip;
}
