import { describe, expect, test } from "vitest";
import {
  CameraPath,
  Frame,
  FrameError,
  grayOf,
  parseContract,
  prepare,
  refuseOddBox,
  scaled,
  upright,
} from "../src/index.js";
import { contractText } from "./support.js";

/** Two by two pixels: red, green, blue, white. */
const PIXELS = Uint8Array.of(255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9, 255, 255, 255, 9);
const frame = Frame.fromRgba(PIXELS, { width: 2, height: 2 });

describe("color", () => {
  test.each([
    [
      [16, 128, 128],
      [16, 16, 16],
    ],
    [
      [81, 90, 240],
      [238, 14, 14],
    ],
    [
      [145, 54, 34],
      [13, 238, 14],
    ],
    [
      [41, 240, 110],
      [16, 15, 239],
    ],
    [
      [0, 0, 0],
      [0, 136, 0],
    ],
    [
      [255, 255, 255],
      [255, 120, 255],
    ],
  ])("YUV %j is RGB %j", ([y, u, v], rgb) => {
    const strides = { width: 1, height: 1, yRowStride: 1, uvRowStride: 1, uvPixelStride: 1 };
    const one = Frame.fromYuv420(Uint8Array.of(y), Uint8Array.of(u), Uint8Array.of(v), strides);
    expect([...upright(one)]).toEqual(rgb);
  });
});

test("rotation is clockwise and the mirror follows it", () => {
  const letters: Record<string, string> = { "255,0,0": "r", "0,255,0": "g", "0,0,255": "b", "255,255,255": "w" };
  const names = (rgb: Uint8Array) => [0, 3, 6, 9].map((at) => letters[rgb.slice(at, at + 3).join()]).join("");
  const turned = (rotation: number) => Frame.fromRgba(PIXELS, { width: 2, height: 2, rotation });
  expect([0, 90, 180, 270].map((rotation) => names(upright(turned(rotation))))).toEqual([
    "rgbw",
    "brwg",
    "wbgr",
    "gwrb",
  ]);
  expect(names(upright(turned(90), true))).toBe("rbgw");
});

test("a path gives the same array again, prepare a new one", async () => {
  const contract = await parseContract(await contractText());
  const path = CameraPath.of(contract);
  const first = path.prepare(frame);
  expect(path.prepare(frame)).toBe(first);
  expect(prepare(frame, contract)).toEqual(first);
  expect(prepare(frame, contract)).not.toBe(first);
});

test("the picture is not kept after an error", async () => {
  const path = CameraPath.of(await parseContract(await contractText()));
  const before = path.prepare(frame).slice();
  expect(() => path.prepare(frame, [5, 5, 9, 9])).toThrow("is empty inside the upright image of 2x2");
  expect(path.prepare(frame)).toEqual(before);
});

test("bytes of a clamped array and of a part of a buffer are taken", () => {
  const wide = new Uint8Array(20);
  wide.set(PIXELS, 3);
  const part = Frame.fromRgba(wide.subarray(3, 19), { width: 2, height: 2 });
  const clamped = Frame.fromRgba(new Uint8ClampedArray(PIXELS), { width: 2, height: 2 });
  expect(upright(part)).toEqual(upright(frame));
  expect(upright(clamped)).toEqual(upright(frame));
});

test("gray is Pillow's", () => {
  expect([...grayOf(upright(frame))]).toEqual([76, 150, 29, 255]);
});

test.each<[string, () => unknown, string]>([
  ["size", () => Frame.fromRgba(PIXELS, { width: 0, height: 2 }), "size"],
  ["fraction", () => Frame.fromRgba(PIXELS, { width: 1.5, height: 2 }), "size"],
  ["short", () => Frame.fromRgba(PIXELS.subarray(1), { width: 2, height: 2 }), "rgba"],
  ["no bytes", () => Frame.fromRgba([1, 2] as unknown as Uint8Array, { width: 2, height: 2 }), "rgba"],
  ["stride", () => Frame.fromRgba(PIXELS, { width: 2, height: 2, rowStride: 7 }), "stride"],
  ["plane", () => Frame.fromRgba(PIXELS, { width: 2, height: 65536, rowStride: 40_000 }), "size"],
  ["rotation", () => Frame.fromRgba(PIXELS, { width: 2, height: 2, rotation: 45 }), "rotation"],
  ["target", () => scaled(frame, 0, 4), "size"],
  ["no frame", () => scaled({} as Frame, 4, 4), "size"],
  ["margin", () => scaled(frame, 4, 4, { box: [0, 0, 2, 2], cropMargin: Number.NaN }), "box"],
  ["not finite", () => scaled(frame, 4, 4, { box: [0, 0, Number.POSITIVE_INFINITY, 2] }), "box"],
  ["backwards", () => scaled(frame, 4, 4, { box: [2, 0, 0, 2] }), "box"],
  [
    "three numbers",
    () => scaled(frame, 4, 4, { box: [0, 0, 2] as unknown as [number, number, number, number] }),
    "box",
  ],
  ["units", () => refuseOddBox([0.1, 0.1, 0.9, 0.9]), "box"],
  ["width and height", () => refuseOddBox([100, 100, 102, 130]), "box"],
])("%s is refused with the part at fault", (_, make, part) => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(FrameError);
    expect((error as FrameError).part).toBe(part);
    expect((error as FrameError).message).toMatch(/^[ -~]+$/);
    return;
  }
  expect.unreachable();
});
