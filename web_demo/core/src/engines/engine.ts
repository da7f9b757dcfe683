import type { LoadedArtifact } from "../bundle/bundle.js";
import type { Contract } from "../bundle/contract.js";
import type { Artifact } from "../bundle/manifest.js";
import type { TensorData } from "../camera/tables.js";

/** The engines that there are, in the order in which they are tried. */
export const ENGINES = ["litert", "onnxruntime"] as const;

/** An engine's name. */
export type EngineKind = (typeof ENGINES)[number];

/** An artifact in its engine. */
export interface Session {
  /**
   * The artifact's own answer.
   *
   * @param tensor in the contract's layout and type; not kept.
   * @returns (labels) in the artifact's type, a new array.
   * @throws EngineError the engine refused.
   */
  run(tensor: TensorData): Promise<TensorData>;
  /** Gives its memory back. */
  close(): void;
}

/** What runs artifacts of one format. */
export interface Engine {
  readonly kind: EngineKind;
  /** Library and version, such as `@litertjs/core 2.5.3`. */
  readonly name: string;
  /** The format that it runs. */
  readonly format: Artifact["format"];
  /** Why it does not run artifacts with this contract; null: it does. */
  refuses(contract: Contract): string | null;
  /**
   * Opens a checked artifact.
   *
   * @throws EngineError the engine refused.
   */
  open(loaded: LoadedArtifact): Promise<Session>;
}
