import type { InferenceSession } from "onnxruntime-web/wasm";
import type { LoadedArtifact } from "../bundle/bundle.js";
import { type Contract, shapeOf } from "../bundle/contract.js";
import type { TensorData } from "../camera/tables.js";
import { EngineError } from "../errors.js";
import { checkEnds, type End } from "./ends.js";
import type { Engine, Session } from "./engine.js";
import type { EngineFiles } from "./index.js";

type Library = typeof import("onnxruntime-web/wasm");

/** ONNX Runtime Web: ONNX files in WebAssembly. */
export async function createOnnxRuntime(files: EngineFiles): Promise<Engine> {
  let library: Library;
  try {
    library = await import("onnxruntime-web/wasm");
  } catch (error) {
    throw new EngineError(`onnxruntime-web cannot be loaded (${reasonOf(error)}); npm install onnxruntime-web`);
  }
  if (files.wasm !== undefined) library.env.wasm.wasmPaths = String(files.wasm);
  library.env.wasm.numThreads = files.threads ?? 1;
  return {
    kind: "onnxruntime",
    name: `onnxruntime-web ${library.env.versions.web ?? ""}`.trim(),
    format: "onnx",
    refuses: () => null,
    open: (loaded) => open(library, loaded),
  };
}

async function open(library: Library, loaded: LoadedArtifact): Promise<Session> {
  const { contract, model, artifact } = loaded;
  let session: InferenceSession;
  try {
    session = await library.InferenceSession.create(model, { executionProviders: ["wasm"] });
  } catch (error) {
    throw new EngineError(`ONNX Runtime refuses ${artifact.path}: ${reasonOf(error)}`);
  }
  checkEnds(loaded, ends(session.inputMetadata), ends(session.outputMetadata));
  return new OnnxSession(library, session, contract, artifact.path);
}

function ends(metadata: readonly InferenceSession.ValueMetadata[]): End[] {
  return metadata.map((value) => {
    if (!value.isTensor) return { name: value.name, dtype: "no tensor", shape: null };
    const isFixed = value.shape.every((side) => typeof side === "number");
    return { name: value.name, dtype: value.type, shape: isFixed ? (value.shape as number[]) : null };
  });
}

class OnnxSession implements Session {
  private readonly shape: number[];

  constructor(
    private readonly library: Library,
    private readonly session: InferenceSession,
    private readonly contract: Contract,
    private readonly path: string,
  ) {
    this.shape = shapeOf(contract.input);
  }

  async run(tensor: TensorData): Promise<TensorData> {
    const { input, output } = this.contract;
    try {
      const given = new this.library.Tensor(input.dtype, tensor as Float32Array, this.shape);
      const answers = await this.session.run({ [input.name]: given });
      return (answers[output.name].data as TensorData).slice();
    } catch (error) {
      throw new EngineError(`ONNX Runtime stopped in ${this.path}: ${reasonOf(error)}`);
    }
  }

  close(): void {
    void this.session.release();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
