import { describe, expect, test } from "vitest";
import {
  type Bundle,
  chooseVariant,
  createEngine,
  type Engine,
  EngineError,
  FerModel,
  Frame,
  loadBundle,
  ModelError,
  type TensorData,
} from "../src/index.js";
import { DEMO_BUNDLE, folderSource } from "./support.js";

/** Answers what it is told and remembers what it got. */
class FakeEngine implements Engine {
  readonly kind = "litert";
  readonly name = "fake";
  readonly format = "tflite";
  readonly seen: TensorData[] = [];
  running = 0;

  constructor(
    private readonly answer: TensorData,
    private readonly refused: readonly string[] = [],
  ) {}

  refuses(contract: { sha256: string }): string | null {
    return this.refused.includes(contract.sha256) ? "not that one" : null;
  }

  async open() {
    return {
      run: async (tensor: TensorData) => {
        expect(++this.running).toBe(1);
        this.seen.push(tensor.slice());
        await new Promise((resolve) => setTimeout(resolve, 5));
        this.running--;
        return this.answer;
      },
      close: () => undefined,
    };
  }
}

const frame = Frame.fromRgba(new Uint8Array(4 * 80 * 80).fill(90), { width: 80, height: 80 });
const bundle = (): Promise<Bundle> => loadBundle(folderSource(DEMO_BUNDLE));
const EVEN = Float32Array.of(0.5, 0.25, 0.25, 0, 0, 0, 0, 0);

test("calls at the same time are answered one after the other", async () => {
  const engine = new FakeEngine(EVEN);
  const model = await FerModel.open(await bundle(), engine);
  const light = Frame.fromRgba(new Uint8Array(4 * 80 * 80).fill(200), { width: 80, height: 80 });
  const found = await Promise.all([model.predict(frame), model.predict(light), model.predict(frame, [10, 10, 60, 60])]);
  expect(found.map((prediction) => prediction.label)).toEqual(["neutral", "neutral", "neutral"]);
  expect(engine.seen[0][0]).not.toBe(engine.seen[1][0]);
  expect(engine.seen[0]).toEqual(engine.seen[2]);
});

test("an error of one call does not end the next", async () => {
  const model = await FerModel.open(await bundle(), new FakeEngine(EVEN));
  await expect(model.predict(frame, [0.1, 0.1, 0.9, 0.9])).rejects.toThrow("in units of the picture's size");
  await expect(model.predict(frame, [200, 200, 260, 260])).rejects.toThrow("is empty inside");
  expect((await model.predict(frame)).top(2)[1].label).toBe("happiness");
});

test("an answer that is not finite is no answer", async () => {
  const model = await FerModel.open(await bundle(), new FakeEngine(Float32Array.of(0.5, Number.NaN, 0, 0, 0, 0, 0, 0)));
  await expect(model.predict(frame)).rejects.toThrow(ModelError);
});

describe("the variant that is chosen", () => {
  test("is the most precise that the engine takes", async () => {
    const opened = await bundle();
    expect(await chooseVariant(opened, new FakeEngine(EVEN))).toBe("tflite-fp32");
    const { sha256 } = await opened.contract(opened.artifact("tflite-fp32"));
    const both = (await opened.contract(opened.artifact("tflite-int8"))).sha256;
    if (sha256 !== both) expect(await chooseVariant(opened, new FakeEngine(EVEN, [sha256]))).toBe("tflite-int8");
  });

  test("is none where the engine takes none, and why is said", async () => {
    const opened = await bundle();
    const all = await Promise.all(opened.manifest.artifacts.map(async (each) => (await opened.contract(each)).sha256));
    await expect(chooseVariant(opened, new FakeEngine(EVEN, all))).rejects.toThrow("tflite-fp32: not that one");
  });

  test("of another format is refused", async () => {
    const engine = await createEngine("onnxruntime");
    await expect(FerModel.open(await bundle(), engine, "tflite-fp32")).rejects.toThrow("is no onnx file");
    await expect(FerModel.open(await bundle(), engine)).rejects.toThrow("no variant that onnxruntime-web");
  });
});

test("an unknown engine is a sentence", async () => {
  await expect(createEngine("tfjs" as "litert")).rejects.toThrow("engine is tfjs; allowed: litert, onnxruntime");
  await expect(createEngine("tfjs" as "litert")).rejects.toThrow(EngineError);
});
