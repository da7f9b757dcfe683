/** From a file to upright pixels, as fer-predict reads them: no color profile applied, transparent parts on white. */

import { Frame } from "@fer-edge/core";

import { SCREEN_SIDE } from "../protocol.ts";
import { PictureError } from "./errors.ts";
import { hasGrayCorner, withMore } from "./jpeg-rows.ts";
import { cutOff, kindOf, type PictureKind } from "./picture-kind.ts";

/** 50 million, as fer-predict: what phones call 50 megapixels, 0.2 GB as RGBA. */
const LARGEST_PIXELS = 3 << 24;
const LARGEST_BYTES = 1 << 29;
/** Pixels that are read from the canvas at once: some phones have no canvas for a whole photograph. */
const STRIP = 1 << 20;

export interface Decoded {
  readonly frame: Frame;
  /** For the screen. */
  readonly bitmap: ImageBitmap;
}

/** @throws PictureError no picture, a broken one, or one that is too large. */
export async function decodePicture(file: Blob): Promise<Decoded> {
  if (file.size > LARGEST_BYTES) throw new PictureError("The file has more than 512 MB, which is no photograph.");
  const data = new Uint8Array(await readFile(file));
  const kind = kindOf(data);
  if (kind.size) checkSize(...kind.size);
  const decoded = await decode(file, kind);
  try {
    checkSize(decoded.width, decoded.height);
    const rgba = readPixels(decoded);
    const { width, height } = decoded;
    if (kind.endOfScans && hasGrayCorner(rgba, width, height)) await refuseMissingRows(rgba, withMore(data, kind.endOfScans), kind);
    return { frame: Frame.fromRgba(rgba, { width, height }), bitmap: await forScreen(decoded) };
  } finally {
    decoded.close();
  }
}

/** @param longer the same file with more data behind its end. */
async function refuseMissingRows(rgba: Uint8ClampedArray, longer: Blob, kind: PictureKind): Promise<void> {
  const decoded = await decode(longer, kind);
  try {
    const other = new Uint32Array(readPixels(decoded).buffer);
    const same = new Uint32Array(rgba.buffer).every((pixel, index) => pixel === other[index]);
    if (!same) throw cutOff(kind.name);
  } finally {
    decoded.close();
  }
}

async function readFile(file: Blob): Promise<ArrayBuffer> {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new PictureError("The file cannot be read. It may have been moved, or this page may not open it.");
  }
}

function checkSize(width: number, height: number): void {
  if (width * height <= LARGEST_PIXELS && width > 0 && height > 0) return;
  throw new PictureError(
    `The picture has ${width} x ${height} pixels; the page takes 1 to ${Math.floor(LARGEST_PIXELS / 1e6)} million. Make it smaller.`,
  );
}

async function decode(file: Blob, kind: PictureKind): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
      premultiplyAlpha: "default",
    });
  } catch {
    if (kind.name === "HEIC") {
      throw new PictureError(
        "This browser cannot decode HEIC pictures. Save it as a JPEG; on an iPhone: Settings, Camera, Formats, Most Compatible.",
      );
    }
    throw new PictureError(`The ${kind.name} is damaged: the browser cannot decode it.`);
  }
}

/** RGBA, four bytes a pixel, on white. */
function readPixels(bitmap: ImageBitmap): Uint8ClampedArray {
  const { width, height } = bitmap;
  const rgba = new Uint8ClampedArray(width * height * 4);
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP / width)));
  const context = canvasOf(width, rows);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    context.fillStyle = "white";
    context.fillRect(0, 0, width, count);
    context.drawImage(bitmap, 0, -top);
    rgba.set(context.getImageData(0, 0, width, count).data, top * width * 4);
  }
  return rgba;
}

/** A canvas whose pixels are read back, so kept out of the graphics card's memory. */
export function canvasOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new PictureError(`This browser has no canvas of ${width} x ${height} pixels.`);
  return context;
}

async function forScreen(bitmap: ImageBitmap): Promise<ImageBitmap> {
  const share = Math.min(1, SCREEN_SIDE / Math.max(bitmap.width, bitmap.height));
  return createImageBitmap(bitmap, {
    resizeWidth: Math.max(1, Math.round(bitmap.width * share)),
    resizeHeight: Math.max(1, Math.round(bitmap.height * share)),
    resizeQuality: "high",
  });
}
