import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  BundleError,
  type BundleSource,
  DocumentError,
  loadBundle,
  parseContract,
  parseManifest,
} from "../src/index.js";
import { contractText, DEMO_BUNDLE, folderSource } from "./support.js";

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const bytes = (text: string) => new TextEncoder().encode(text);

/** Fields of protobuf: metadata_props (14) with key (1) and value (2), length-delimited; nothing else of ONNX is read. */
function onnx(contract: string): Uint8Array {
  const field = (number: number, data: Uint8Array) =>
    Buffer.concat([Buffer.from([number * 8 + 2, (data.length & 127) | 128, data.length >> 7]), data]);
  return Buffer.concat([
    Buffer.from([8, 9]),
    field(14, Buffer.concat([field(1, bytes("fer_edge_contract")), field(2, bytes(contract))])),
  ]);
}

const contract = contractText();
let files: Map<string, Uint8Array>;
const source: BundleSource = async (path) => files.get(path) ?? Promise.reject(new Error("no such file"));

function seal(edit: (text: string) => string = (text) => text): void {
  files.delete("manifest.json");
  const listed = Object.fromEntries(
    [...files].map(([path, data]) => [path, { sha256: sha256(data), bytes: data.length }]),
  );
  const nothing = { engine: null, inputs: null, max_abs: null, mean_abs: null, top1_agreement: null, limit: null };
  const artifact = {
    variant: "onnx-fp32",
    format: "onnx",
    precision: "fp32",
    interface: "tensor",
    path: "tiny-fp32.onnx",
    bytes: files.get("tiny-fp32.onnx")?.length,
    contract: new TextDecoder().decode(files.get("tiny-fp32.onnx.contract.json")),
    parity: { verdict: "not-run", reason: "no engine", ...nothing },
    weight_audit: null,
    accuracy: null,
    calibration: null,
  };
  const manifest = {
    schema: "fer-edge-manifest/1",
    model: "tiny",
    source: { arch: "tiny", checkpoint_sha256: "0".repeat(64) },
    files: listed,
    artifacts: [artifact],
    skipped: [{ variant: "coreml-fp32", reason: "no macOS" }],
    tools: { torch: "2" },
    extra: { anything: [1, {}] },
  };
  files.set("manifest.json", bytes(edit(JSON.stringify(manifest))));
}

beforeEach(() => {
  files = new Map([
    ["tiny-fp32.onnx", onnx(contract)],
    ["tiny-fp32.onnx.contract.json", bytes(contract)],
    ["labels.txt", bytes("neutral\nhappiness\n")],
    ["golden/a.json", bytes("{}")],
  ]);
  seal();
});

async function fault(action: () => Promise<unknown>): Promise<BundleError> {
  const error = await action().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BundleError);
  return error as BundleError;
}

const load = async () => (await loadBundle(source)).load("onnx-fp32");

test("a sound bundle is opened", async () => {
  const bundle = await loadBundle(source);
  expect(bundle.variants).toEqual(["onnx-fp32"]);
  expect(bundle.goldenPaths).toEqual(["golden/a.json"]);
  expect(await bundle.faults()).toEqual([]);
  expect(bundle.sha256).toBe(sha256(files.get("manifest.json") as Uint8Array));
  const loaded = await bundle.load("onnx-fp32");
  expect(loaded.contract.text).toBe(contract);
  expect(loaded.model).toEqual(files.get("tiny-fp32.onnx"));
});

test("the ready bundle's TFLite files hold their contracts", async () => {
  const bundle = await loadBundle(folderSource(DEMO_BUNDLE));
  for (const variant of bundle.variants) expect((await bundle.load(variant)).contract.input.layout).toBe("NHWC");
  expect(await bundle.faults()).toEqual([]);
});

describe("refused", () => {
  test("one changed byte", async () => {
    (files.get("tiny-fp32.onnx") as Uint8Array)[40]++;
    const found = await fault(load);
    expect([found.code, found.path]).toEqual(["wrong-hash", "tiny-fp32.onnx"]);
    expect(await (await loadBundle(source)).faults()).toHaveLength(1);
  });

  test("another size, here and in the artifact's entry", async () => {
    files.set("tiny-fp32.onnx", Buffer.concat([onnx(contract), bytes("x")]));
    expect((await fault(load)).code).toBe("wrong-size");
    files.set("tiny-fp32.onnx", onnx(contract));
    seal((text) => text.replace(/"bytes":\d+,"contract"/, '"bytes":1,"contract"'));
    expect((await fault(load)).code).toBe("wrong-size");
  });

  test("a missing file, a missing manifest", async () => {
    files.delete("tiny-fp32.onnx");
    expect((await fault(load)).message).toBe("tiny-fp32.onnx cannot be opened (no such file); copy the whole bundle");
    files.delete("manifest.json");
    expect((await fault(load)).path).toBe("manifest.json");
  });

  test("labels swapped everywhere but in the model", async () => {
    files.set("tiny-fp32.onnx.contract.json", bytes(contractText({ labels: ["happiness", "neutral"] })));
    seal();
    expect((await fault(load)).message).toContain("another contract");
  });

  test("a contract beside the model that is another", async () => {
    seal();
    const text = new TextDecoder().decode(files.get("manifest.json"));
    files.set("tiny-fp32.onnx.contract.json", bytes(contractText({ model: "other" })));
    const entry = files.get("tiny-fp32.onnx.contract.json") as Uint8Array;
    const listed = `"tiny-fp32.onnx.contract.json":{"sha256":"${sha256(entry)}","bytes":${entry.length}}`;
    files.set("manifest.json", bytes(text.replace(/"tiny-fp32.onnx.contract.json":\{[^}]*\}/, listed)));
    expect((await fault(load)).message).toContain("differs from the contract of onnx-fp32");
  });

  test("a model without a contract, and one that is cut", async () => {
    files.set("tiny-fp32.onnx", Uint8Array.of(8, 9));
    seal();
    expect((await fault(load)).message).toContain("no contract");
    files.set("tiny-fp32.onnx", onnx(contract).slice(0, 60));
    seal();
    expect((await fault(load)).message).toContain("no onnx file");
  });

  test("a variant that is not there, with the reason", async () => {
    const found = await fault(async () => (await loadBundle(source)).load("coreml-fp32"));
    expect(found.message).toBe(
      "variant coreml-fp32 is not in this bundle (skipped at export: no macOS); it has onnx-fp32",
    );
  });

  test("a path that leaves the bundle", async () => {
    const bundle = await loadBundle(source);
    for (const path of ["../x", "/x", "a/./b", "C:x"])
      expect((await fault(() => bundle.read(path))).code).toBe("unsafe-path");
    expect((await fault(() => bundle.read("other"))).code).toBe("missing-file");
  });
});

test("documents that are refused name the key", async () => {
  const refusal = await parseContract(contractText({ camera: { spec: 1, crop_margin: -1, mirror: false } })).catch(
    (error) => error,
  );
  expect(refusal).toBeInstanceOf(DocumentError);
  expect([refusal.code, refusal.key]).toEqual(["illegal-value", "camera.crop_margin"]);
  expect(refusal.message).toBe("contract: camera.crop_margin is -1; allowed: a finite number, 0 or more");
  expect(() => parseManifest('{"a":1,"a":2}')).toThrow('the key "a" occurs twice');
});

test("a cut or changed TFLite file never leads out of its bytes", async () => {
  const demo = folderSource(DEMO_BUNDLE);
  const { embeddedContract } = await import("../src/bundle/embedded.js");
  const { artifact, model } = await (await loadBundle(demo)).load("tflite-fp32");
  for (let seed = 0; seed < 400; seed++) {
    const broken = model.slice(0, seed % 2 ? model.length : (model.length * seed) / 400);
    for (let change = 0; change < 30; change++)
      broken[(seed * 7919 + change * 104729) % Math.min(broken.length, 4000)] = (seed + change * 37) & 255;
    try {
      embeddedContract(artifact, broken);
    } catch (error) {
      expect(error).toBeInstanceOf(BundleError);
    }
  }
});

describe("by fetch", () => {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").replace("/some/where/", ""));
    if (path === "endless")
      return void response.write("x".repeat(1 << 16), () =>
        setInterval(() => response.write("x".repeat(1 << 16)), 1).unref(),
      );
    try {
      response.end(readFileSync(join(DEMO_BUNDLE, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  let base = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each(["", "/", "/?x=1#y"])("a folder's address that ends with %j", async (ending) => {
    const bundle = await loadBundle(base + ending);
    expect(await bundle.faults()).toEqual([]);
  });

  test("an answer that is no file", async () => {
    expect((await fault(() => loadBundle(`${base}/nothing`))).message).toContain("the server answers 404");
    expect((await fault(() => loadBundle("http://127.0.0.1:9/"))).code).toBe("missing-file");
  });

  test("a body without end is not waited for", async () => {
    const { fetchSource } = await import("../src/index.js");
    const found = await fetchSource(base)("endless", 100_000);
    expect(found.length).toBeGreaterThan(100_000);
    expect(found.length).toBeLessThan(1_000_000);
  });
});
