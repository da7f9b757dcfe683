/** The bundle, and the one of its models that runs. */

import {
  type Artifact,
  type Bundle,
  chooseVariant,
  createEngine,
  type Engine,
  type EngineKind,
  ENGINES,
  EngineError,
  FerModel,
  loadBundle,
  parseContract,
} from "@fer-edge/core";

import type { ModelFacts, VariantChoice } from "../protocol.ts";

const FOLDERS: Record<EngineKind, string> = {
  litert: `litert-${__VERSIONS__.litert}/`,
  onnxruntime: `onnxruntime-${__VERSIONS__.onnxruntime}/`,
};
const NAMES: Record<EngineKind, string> = {
  litert: `LiteRT.js ${__VERSIONS__.litert}`,
  onnxruntime: `ONNX Runtime Web ${__VERSIONS__.onnxruntime}`,
};

export class LoadedModel {
  private readonly engines = new Map<EngineKind, Promise<Engine>>();
  private opened: FerModel | null = null;
  private choices: VariantChoice[] = [];

  private readonly bundle: Bundle;
  private readonly thirdParty: string;

  private constructor(bundle: Bundle, thirdParty: string) {
    this.bundle = bundle;
    this.thirdParty = thirdParty;
  }

  /**
   * Reads the bundle's manifest and opens a variant.
   *
   * @param variant its name; null: the first engine's usual one.
   * @throws FerEdgeError the bundle, its files or the engine are at fault.
   */
  static async open(address: string, thirdParty: string, variant: string | null): Promise<LoadedModel> {
    const loaded = new LoadedModel(await loadBundle(address), thirdParty);
    loaded.choices = await loaded.listChoices();
    await loaded.choose(variant ?? (await loaded.usual()));
    return loaded;
  }

  get model(): FerModel {
    if (!this.opened) throw new EngineError("no model is open; choose one");
    return this.opened;
  }

  /** Opens another variant; the one before stays if that fails. */
  async choose(variant: string): Promise<void> {
    const engine = await this.engine(kindFor(this.bundle.artifact(variant)));
    const next = await FerModel.open(this.bundle, engine, variant);
    this.opened?.close();
    this.opened = next;
  }

  facts(): ModelFacts {
    const { contract, artifact, engine } = this.model;
    const { manifest } = this.bundle;
    const { input } = contract;
    return {
      model: manifest.model,
      labels: contract.labels,
      variant: artifact.variant,
      engine: NAMES[engine.kind],
      file: artifact.path,
      bytes: artifact.bytes,
      sha256: manifest.files.get(artifact.path)?.sha256 ?? "",
      architecture: manifest.source.arch,
      checkpointSha256: manifest.source.checkpointSha256,
      bundleSha256: this.bundle.sha256,
      contractSha256: contract.sha256,
      input: [input.width, input.height, input.channels],
      parity: describeParity(artifact),
      verdict: artifact.parity.verdict,
      choices: this.choices,
    };
  }

  private async usual(): Promise<string> {
    const reasons: string[] = [];
    for (const kind of ENGINES) {
      try {
        return await chooseVariant(this.bundle, await this.engine(kind));
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        reasons.push(error.message);
      }
    }
    throw new EngineError(reasons.join("; "));
  }

  private engine(kind: EngineKind): Promise<Engine> {
    let engine = this.engines.get(kind);
    if (!engine) {
      engine = createEngine(kind, { wasm: this.thirdParty + FOLDERS[kind] });
      engine.catch(() => this.engines.delete(kind));
      this.engines.set(kind, engine);
    }
    return engine;
  }

  private async listChoices(): Promise<VariantChoice[]> {
    const found: VariantChoice[] = [];
    for (const artifact of this.bundle.manifest.artifacts) {
      if (artifact.format !== "tflite" && artifact.format !== "onnx") continue;
      const { input } = await parseContract(artifact.contract);
      if (artifact.format === "tflite" && input.dtype === "int8") continue; // LiteRT.js has no int8 input
      const { variant, precision, bytes } = artifact;
      found.push({ variant, precision, bytes, engine: NAMES[kindFor(artifact)] });
    }
    return found;
  }
}

function kindFor(artifact: Artifact): EngineKind {
  if (artifact.format === "tflite") return "litert";
  if (artifact.format === "onnx") return "onnxruntime";
  throw new EngineError(`${artifact.variant} runs in no browser; allowed: TFLite and ONNX files`);
}

function describeParity({ parity }: Artifact): string {
  if (parity.verdict === "not-run") return `Not compared with the PyTorch original: ${parity.reason ?? "no reason is given"}.`;
  const word = parity.verdict === "pass" ? "passed" : "failed";
  const largest = parity.maxAbs === null ? "" : `; probabilities differ by at most ${shortNumber(parity.maxAbs)}`;
  const same = parity.top1Agreement === null ? "" : `, the same emotion comes first in ${percent(parity.top1Agreement)}`;
  return `The export compared it with the PyTorch original on ${parity.inputs ?? "its"} inputs: ${word}${largest}${same}.`;
}

function shortNumber(value: number): string {
  return value === 0 ? "0" : value >= 0.001 ? value.toFixed(4) : value.toExponential(1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share === 1 ? 0 : 1)} %`;
}
