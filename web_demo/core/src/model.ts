import { Prediction } from "./answer/prediction.js";
import { softmax } from "./answer/softmax.js";
import type { Bundle } from "./bundle/bundle.js";
import { type Contract, parseContract } from "./bundle/contract.js";
import type { Artifact } from "./bundle/manifest.js";
import { type Box, refuseOddBox } from "./camera/crop.js";
import type { Frame } from "./camera/frame.js";
import { CameraPath } from "./camera/path.js";
import type { TensorData } from "./camera/tables.js";
import type { Engine, Session } from "./engines/engine.js";
import { EngineError, ModelError } from "./errors.js";
import { INTERFACES, PRECISIONS } from "./words.js";

/**
 * A loaded artifact: picture in, prediction out.
 *
 * ```ts
 * const bundle = await loadBundle("bundle/");
 * const engine = await createEngine("litert", { wasm: "litert/" });
 * const model = await FerModel.open(bundle, engine);
 * const prediction = await model.predict(Frame.fromRgba(data, { width: 640, height: 480 }), [177, 66, 272, 161]);
 * prediction.label; prediction.top(2);
 * ```
 */
export class FerModel {
  private readonly path: CameraPath;
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    /** What the artifact needs and answers. */
    readonly contract: Contract,
    /** Its entry in the manifest. */
    readonly artifact: Artifact,
    /** What runs it. */
    readonly engine: Engine,
    private readonly session: Session,
  ) {
    this.path = CameraPath.of(contract);
  }

  /**
   * Opens an artifact of a bundle; sizes, hashes and contracts are checked before its engine sees a byte.
   *
   * @param variant its name; without one {@link chooseVariant} says which.
   * @throws BundleError a file is missing or changed, the contracts differ, no such variant.
   * @throws EngineError the engine refused.
   * @throws ModelError the model is not what its contract says.
   */
  static async open(bundle: Bundle, engine: Engine, variant?: string): Promise<FerModel> {
    const artifact = bundle.artifact(variant ?? (await chooseVariant(bundle, engine)));
    if (artifact.format !== engine.format) {
      throw new EngineError(`${artifact.variant} is no ${engine.format} file, so ${engine.name} does not run it`);
    }
    const loaded = await bundle.load(artifact.variant);
    return new FerModel(loaded.contract, artifact, engine, await engine.open(loaded));
  }

  /**
   * Emotions of the face in a box. Calls are answered one after the other.
   *
   * @param frame the camera's picture; its bytes must stay as they are until the answer is there.
   * @param box of the face before the margin, in pixels of the upright picture; null: the whole picture, without margin.
   * @throws FrameError the box is empty inside the picture, no box, or can be no face.
   * @throws EngineError the engine refused.
   */
  async predict(frame: Frame, box: Box | null = null): Promise<Prediction> {
    if (box !== null) refuseOddBox(box);
    const answer = this.turn.then(() => this.run(this.prepare(frame, box)));
    this.turn = answer.catch(() => undefined);
    return new Prediction(this.contract.labels, await answer);
  }

  /**
   * Exactly what the model gets for a picture.
   *
   * @returns the same array each time, overwritten by the next call and by {@link predict}.
   * @throws FrameError as in {@link predict}.
   */
  prepare(frame: Frame, box: Box | null = null): TensorData {
    return this.path.prepare(frame, box);
  }

  /**
   * Probabilities for one prepared picture. Not to be called again before the answer is there.
   *
   * @returns (labels): dequantized where the output is quantized, softmax where it is logits.
   * @throws EngineError the engine refused.
   * @throws ModelError an answer that is not finite.
   */
  async run(tensor: TensorData): Promise<Float32Array> {
    const values = this.dequantized(await this.session.run(tensor));
    const odd = values.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) {
      throw new ModelError(
        `${this.artifact.path} answers ${values[odd]} for ${this.contract.labels[odd]}; allowed: finite numbers; take ` +
          "another variant",
      );
    }
    return this.contract.output.kind === "logits" ? softmax(values) : values;
  }

  /** Gives the engine's memory back. */
  close(): void {
    this.session.close();
  }

  private dequantized(raw: TensorData): Float32Array {
    const parameters = this.contract.outputQuantization;
    if (raw instanceof Float32Array) return raw;
    if (parameters === null) return Float32Array.from(raw);
    return Float32Array.from(raw, (stored) => (stored - parameters.zeroPoint) * parameters.scale);
  }
}

/** WebAssembly has no float16: its weights are widened again for every picture, which takes 20 times as long as fp32. */
const SLOWEST = "fp16";

/**
 * The variant that an engine is to run: of those that it takes and whose parity did not fail, the tensor interface before
 * the image interface, then the most precise, fp16 last; float ends before integer ends.
 *
 * @throws EngineError there is none; the message says why each was passed over.
 */
export async function chooseVariant(bundle: Bundle, engine: Engine): Promise<string> {
  const passedOver: string[] = [];
  const places = (artifact: Artifact) =>
    100 * INTERFACES.indexOf(artifact.interface) +
    10 * (artifact.precision === SLOWEST ? PRECISIONS.length : PRECISIONS.indexOf(artifact.precision)) +
    Number(artifact.variant.endsWith("-qio"));
  const candidates = bundle.manifest.artifacts.filter((artifact) => artifact.format === engine.format);
  for (const artifact of candidates.sort((one, other) => places(one) - places(other))) {
    const refusal =
      artifact.parity.verdict === "fail"
        ? "it failed its parity check"
        : engine.refuses(await parseContract(artifact.contract));
    if (refusal === null) return artifact.variant;
    passedOver.push(`${artifact.variant}: ${refusal}`);
  }
  const why = passedOver.join("; ") || `it has ${bundle.variants.join(", ") || "none"}`;
  throw new EngineError(
    `the bundle has no variant that ${engine.name} runs (${why}); export one: fer-export --format ${engine.format}`,
  );
}
