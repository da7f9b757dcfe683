import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BundleSource } from "../src/index.js";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Vectors that all languages read. */
export const GOLDEN = `${ROOT}tests/golden`;

/** A small ready bundle: TFLite at fp32 and int8. */
export const DEMO_BUNDLE = `${ROOT}android_demo/bundle`;

/** The files of a folder. */
export function folderSource(folder: string): BundleSource {
  return async (path) => new Uint8Array(readFileSync(join(folder, path)));
}

/** A sealed contract: gray, 64 x 64, with members of the document replaced. */
export function contractText(changes: Record<string, unknown> = {}): string {
  const document = {
    schema: "fer-edge-contract/1",
    model: "tiny",
    labels: ["neutral", "happiness"],
    input: { name: "image", interface: "tensor", width: 8, height: 6, channels: 1, layout: "NHWC", dtype: "float32" },
    camera: { spec: 1, crop_margin: 0.1, mirror: false },
    normalization: { mean: [0.5], std: [0.5] },
    quantization: { input: null, output: null },
    output: { name: "probabilities", kind: "probabilities" },
    ...changes,
  };
  const body = JSON.stringify(document);
  return `${body.slice(0, -1)},"sha256":"${createHash("sha256").update(body).digest("hex")}"}`;
}
