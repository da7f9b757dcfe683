import { EngineError } from "../errors.js";
import { ENGINES, type Engine, type EngineKind } from "./engine.js";

/** Where an engine's files lie. */
export interface EngineFiles {
  /** Address of the folder with the engine's WebAssembly files, with a slash at the end. */
  wasm?: string | URL;
  /** Threads that it may use, 1 if not given; more need a page with COOP and COEP headers (`crossOriginIsolated`). */
  threads?: number;
}

/**
 * Loads an engine. Its npm package is an optional peer: `@litertjs/core` or `onnxruntime-web`.
 *
 * @param kind which one.
 * @param files where its WebAssembly files lie.
 * @throws EngineError the package or its files cannot be loaded.
 */
export async function createEngine(kind: EngineKind, files: EngineFiles = {}): Promise<Engine> {
  const load = LOADERS[kind];
  if (load === undefined) throw new EngineError(`engine is ${String(kind)}; allowed: ${ENGINES.join(", ")}`);
  return load(files);
}

const LOADERS: Record<EngineKind, (files: EngineFiles) => Promise<Engine>> = {
  litert: async (files) => (await import("./litert.js")).createLiteRt(files),
  onnxruntime: async (files) => (await import("./onnxruntime.js")).createOnnxRuntime(files),
};
