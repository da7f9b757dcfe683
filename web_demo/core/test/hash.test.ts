import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import { computeSha256, sha256 } from "../src/bundle/hash.js";

const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

test("the example of FIPS 180-4", () => {
  const abc = new TextEncoder().encode("abc");
  expect(hex(computeSha256(abc))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("every length up to three blocks, and one of many", () => {
  for (const length of [...Array(193).keys(), 100_003]) {
    const data = Uint8Array.from({ length }, (_, index) => (index * 167 + length) & 255);
    expect(hex(computeSha256(data))).toBe(createHash("sha256").update(data).digest("hex"));
  }
});

test("pages without WebCrypto get the same answer", async () => {
  const data = Uint8Array.of(1, 2, 3);
  const usual = await sha256(data);
  vi.stubGlobal("crypto", {});
  expect(await sha256(data)).toBe(usual);
  vi.unstubAllGlobals();
});
