import type { CompiledModel, Tensor, TypedArray } from "@litertjs/core";
import type { LoadedArtifact } from "../bundle/bundle.js";
import { type Contract, shapeOf } from "../bundle/contract.js";
import type { TensorData } from "../camera/tables.js";
import { EngineError } from "../errors.js";
import { checkEnds } from "./ends.js";
import type { Engine, Session } from "./engine.js";
import type { EngineFiles } from "./index.js";

type Library = typeof import("@litertjs/core");

/** LiteRT.js: TFLite files on XNNPACK in WebAssembly. */
export async function createLiteRt(files: EngineFiles): Promise<Engine> {
  let library: Library;
  try {
    library = await import("@litertjs/core");
  } catch (error) {
    throw new EngineError(`@litertjs/core cannot be loaded (${reasonOf(error)}); npm install @litertjs/core`);
  }
  const threads = files.threads ?? 1;
  await loadOnce(library, files, threads);
  return {
    kind: "litert",
    name: "@litertjs/core",
    format: "tflite",
    refuses,
    open: (loaded) => open(library, loaded, threads),
  };
}

/** The library holds one WebAssembly module for the whole page or worker. */
async function loadOnce(library: Library, files: EngineFiles, threads: number): Promise<void> {
  try {
    const loading = library.getGlobalLiteRtPromise();
    if (loading === undefined) {
      locateFiles(String(files.wasm ?? "litert/"));
      await library.loadLiteRt(String(files.wasm ?? "litert/"), { threads: threads > 1 });
    } else await loading;
  } catch (error) {
    throw new EngineError(
      `LiteRT cannot be loaded from ${String(files.wasm ?? "litert/")} (${reasonOf(error)}); that folder must hold the ` +
        "files of node_modules/@litertjs/core/wasm",
    );
  }
}

/** In a worker its script would look for the binary beside the worker's own: `importScripts` does not tell it where it lies. */
function locateFiles(folder: string): void {
  if (typeof (globalThis as { importScripts?: unknown }).importScripts !== "function") return;
  const base = folder.endsWith("/") ? folder : `${folder}/`;
  (globalThis as { Module?: unknown }).Module = { locateFile: (name: string) => base + name };
}

function refuses(contract: Contract): string | null {
  if (contract.input.dtype !== "int8") return null;
  return "LiteRT.js has no int8 input; take a variant without -qio, whose input is float32";
}

async function open(library: Library, loaded: LoadedArtifact, threads: number): Promise<Session> {
  const { artifact, contract, model } = loaded;
  const refusal = refuses(contract);
  if (refusal !== null) throw new EngineError(`${artifact.variant}: ${refusal}`);
  let compiled: CompiledModel;
  try {
    compiled = await library.loadAndCompile(model, { accelerator: "wasm", cpuOptions: { numThreads: threads } });
    checkDetails(compiled, loaded);
  } catch (error) {
    if (error instanceof Error && error.name === "ModelError") throw error;
    throw new EngineError(`LiteRT refuses ${artifact.path}: ${reasonOf(error)}`);
  }
  return new LiteRtSession(library, compiled, contract, artifact.path);
}

function checkDetails(compiled: CompiledModel, loaded: LoadedArtifact): void {
  const ends = (details: ReturnType<CompiledModel["getInputDetails"]>) =>
    details.map(({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] }));
  checkEnds(loaded, ends(compiled.getInputDetails()), ends(compiled.getOutputDetails()));
}

class LiteRtSession implements Session {
  private readonly shape: number[];

  constructor(
    private readonly library: Library,
    private readonly compiled: CompiledModel,
    contract: Contract,
    private readonly path: string,
  ) {
    this.shape = shapeOf(contract.input);
  }

  async run(tensor: TensorData): Promise<TensorData> {
    const made: Tensor[] = [];
    try {
      const input = new this.library.Tensor(tensor as TypedArray, this.shape);
      made.push(input);
      const outputs = await this.compiled.run(input);
      made.push(...outputs);
      return (await outputs[0].data()).slice() as TensorData;
    } catch (error) {
      throw new EngineError(`LiteRT stopped in ${this.path}: ${reasonOf(error)}`);
    } finally {
      for (const each of made) each.delete();
    }
  }

  close(): void {
    this.compiled.delete();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
