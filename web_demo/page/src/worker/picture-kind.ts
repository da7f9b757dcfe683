/** What a file is, how large its picture is and whether it is all there: told from its bytes, before a decoder meets them. */

import { PictureError } from "./errors.ts";
import { endOfScans } from "./jpeg-rows.ts";

export interface PictureKind {
  /** As people call it. */
  readonly name: string;
  /** As stored, in pixels; null where the header is too deep for this reader. */
  readonly size: readonly [number, number] | null;
  /** Of a JPEG: where its end marker stands. */
  readonly endOfScans?: number;
}

type Reader = (bytes: DataView, length: number) => PictureKind | null;

/**
 * Looks at a file's bytes.
 *
 * @throws PictureError not of a kind that browsers decode, or cut off.
 */
export function kindOf(data: Uint8Array): PictureKind {
  if (data.length === 0) throw new PictureError("The file is empty.");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  try {
    for (const read of [jpeg, png, gif, bmp, webp, isoMedia]) {
      const kind = read(view, data.length);
      if (kind) return kind;
    }
  } catch (error) {
    if (error instanceof RangeError) throw cutOff("picture"); // a read behind the end
    throw error;
  }
  throw new PictureError(
    `The file is ${nameOther(data)}. The page reads pictures: JPEG, PNG, WebP, AVIF, GIF and BMP.`,
  );
}

export function cutOff(name: string): PictureError {
  return new PictureError(`The ${name} is cut off: its last rows are missing. Copy the file again.`);
}

/** Of an animation, whose first picture counts; decoders spend seconds on hundreds of thousands. */
const MOST_FRAMES = 10_000;

const START_OF_FRAME = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);

const jpeg: Reader = (view) => {
  if (view.getUint16(0) !== 0xffd8) return null;
  let size: [number, number] | null = null;
  for (let at = 2; ; ) {
    while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at++;
    if (view.getUint8(at) !== 0xff) throw new PictureError("The JPEG is damaged: a marker is missing.");
    const marker = view.getUint8(at + 1);
    if (START_OF_FRAME.has(marker)) size = [view.getUint16(at + 7), view.getUint16(at + 5)];
    if (marker === 0xda) {
      const end = endOfScans(bytesOf(view), at);
      if (end < 0) throw cutOff("JPEG");
      return { name: "JPEG", size, endOfScans: end };
    }
    if (marker === 0xd9) throw new PictureError("The JPEG holds no picture.");
    at += 2 + view.getUint16(at + 2);
  }
};

const png: Reader = (view, length) => {
  if (length < 8 || view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a) return null;
  const size: [number, number] = [view.getUint32(16), view.getUint32(20)];
  for (let at = 8; ; at += 12 + view.getUint32(at)) {
    if (tag(view, at + 4) === "IEND") return { name: "PNG", size };
    if (at + 12 + view.getUint32(at) > length) throw cutOff("PNG");
  }
};

const gif: Reader = (view, length) => {
  if (length < 10 || tag(view, 0) !== "GIF8") return null;
  return { name: "GIF", size: [view.getUint16(6, true), view.getUint16(8, true)] };
};

const bmp: Reader = (view, length) => {
  if (view.getUint16(0) !== 0x424d || length < 26) return null;
  if (view.getUint32(14, true) === 12) return { name: "BMP", size: [view.getUint16(18, true), view.getUint16(20, true)] };
  const [width, height] = [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
  const row = Math.ceil((width * view.getUint16(28, true)) / 32) * 4;
  const compressed = view.getUint32(30, true);
  if ((compressed === 0 || compressed === 3) && view.getUint32(10, true) + row * height > length) throw cutOff("BMP");
  return { name: "BMP", size: [width, height] };
};

const webp: Reader = (view, length) => {
  if (length < 30 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WEBP") return null;
  if (view.getUint32(4, true) + 8 > length) throw cutOff("WebP");
  let frames = 0;
  for (let at = 12; at + 8 <= length; at += 8 + view.getUint32(at + 4, true) + (view.getUint32(at + 4, true) & 1)) {
    if (tag(view, at) === "ANMF" && ++frames > MOST_FRAMES) throw new PictureError("The WebP is a film, not a picture.");
  }
  return { name: "WebP", size: webpSize(view) };
};

function webpSize(view: DataView): [number, number] | null {
  const kind = tag(view, 12);
  if (kind === "VP8X") return [1 + uint24(view, 24), 1 + uint24(view, 27)];
  if (kind === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (kind !== "VP8L") return null;
  const bits = view.getUint32(21, true);
  return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
}

/** AVIF and HEIC: boxes, whose `ispe` holds the size of each item; the largest one is the picture or its tiles' sum. */
const isoMedia: Reader = (view, length) => {
  if (length < 16 || tag(view, 4) !== "ftyp") return null;
  const brand = tag(view, 8);
  const name = brand.startsWith("avi") ? "AVIF" : /^(hei|hev|mif|msf)/.test(brand) ? "HEIC" : null;
  if (!name) throw new PictureError("The file is a video. The page reads pictures; open the camera for moving ones.");
  let at = 0;
  while (at < length) {
    const size = view.getUint32(at);
    if (size === 0) break;
    if (size === 1 || size < 8) return { name, size: itemSize(view, length) };
    at += size;
  }
  if (at > length) throw cutOff(name);
  return { name, size: itemSize(view, length) };
};

function itemSize(view: DataView, length: number): [number, number] | null {
  let largest: [number, number] | null = null;
  for (let at = 0; at + 16 <= Math.min(length, 1 << 16); at++) {
    if (view.getUint32(at) !== 0x69737065) continue;
    const size: [number, number] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!largest || size[0] * size[1] > largest[0] * largest[1]) largest = size;
  }
  return largest;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

/** What people choose by mistake, in words. */
function nameOther(data: Uint8Array): string {
  const start = String.fromCharCode(...data.subarray(0, 256));
  if (start.startsWith("%PDF")) return "a PDF document";
  if (start.startsWith("PK")) return "a zip archive or an office document";
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return "a TIFF or a camera's raw picture, which browsers do not decode";
  if (start.startsWith("\x1aE\xdf\xa3") || start.startsWith("RIFF")) return "a video or a sound";
  if (/^\s*(<\?xml|<svg|<!doctype|<html)/i.test(start)) return "a drawing or a web page";
  if (/^[\t\n\r -~\x80-\xff]*$/.test(start)) return "a text";
  return "of a kind that is no picture's";
}
