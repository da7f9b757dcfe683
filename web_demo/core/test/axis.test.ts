import { expect, test } from "vitest";
import { Axis } from "../src/camera/axis.js";

/** The specification's formula with integers of any length, written out. */
function slow(source: number, target: number, chunked: boolean): [number, number, number][] {
  const F = Math.fround;
  const inverse = F(1 / F(F(target) / F(source)));
  const int64 = (value: number) => BigInt(Math.trunc(value));
  const D = int64(inverse * 2 ** 32);
  const clamp = (value: bigint) => Number(value < 0n ? 0n : value > BigInt(source - 1) ? BigInt(source - 1) : value);
  return Array.from({ length: target }, (_, position) => {
    const start = chunked ? position - (position % 127) : position;
    const P = int64(F(F(F(start) + 0.5) * inverse) * 2 ** 32) - (1n << 31n);
    const g = (P + BigInt(position - start) * D) >> 16n;
    return [clamp(g >> 16n), clamp((g >> 16n) + 1n), Number((g >> 12n) & 15n)];
  });
}

function filled(source: number, target: number, chunked: boolean): [number, number, number][] {
  const axis = new Axis(target, chunked);
  axis.fill(source);
  return Array.from({ length: target }, (_, at) => [axis.low[at], axis.high[at], axis.weight[at]]);
}

test("the specification's example", () => {
  expect(filled(37, 48, true).slice(0, 6)).toEqual([
    [0, 0, 14],
    [0, 1, 10],
    [1, 2, 6],
    [2, 3, 3],
    [2, 3, 15],
    [3, 4, 11],
  ]);
});

test("float64 holds every 64-bit integer of the formula", () => {
  const lengths = [1, 2, 3, 7, 47, 48, 64, 127, 128, 129, 255, 333, 480, 640, 1080, 4096, 8191, 65535, 65536];
  const targets = [1, 2, 5, 48, 64, 126, 127, 128, 224, 254, 255, 300, 1001, 8192];
  for (const source of lengths) {
    for (const target of targets) {
      for (const chunked of [true, false])
        expect(filled(source, target, chunked)).toEqual(slow(source, target, chunked));
    }
  }
});
