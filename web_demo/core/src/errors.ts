/**
 * Everything that this library throws on purpose, in one tree:
 *
 * ```
 * FerEdgeError
 * +-- DocumentError   a contract, manifest or golden case breaks its schema
 * +-- BundleError     a bundle's files do not fit its manifest
 * +-- EngineError     an engine cannot be loaded, or refuses a model
 * +-- ModelError      an opened model does not fit its contract
 * +-- FrameError      camera bytes, strides, rotation or box do not fit together
 * ```
 *
 * Each message says what came, what is allowed and what to do; it can be shown to a person as it is.
 */
export class FerEdgeError extends Error {
  override name = "FerEdgeError";
}

/** Why a document was refused, as a word for programs. */
export type DocumentFault =
  | "not-json"
  | "duplicate-key"
  | "unknown-key"
  | "missing-key"
  | "wrong-order"
  | "wrong-schema"
  | "wrong-hash"
  | "illegal-value";

/** A contract, a manifest or a golden case is not what its schema allows. */
export class DocumentError extends FerEdgeError {
  override name = "DocumentError";

  /**
   * @param message for people.
   * @param code for programs.
   * @param key where in the document, such as `input.width`; empty for the document itself.
   */
  constructor(
    message: string,
    readonly code: DocumentFault,
    readonly key: string = "",
  ) {
    super(message);
  }
}

/** Why a bundle was refused, as a word for programs. */
export type BundleFault =
  | "missing-file"
  | "unsafe-path"
  | "wrong-size"
  | "wrong-hash"
  | "contract-differs"
  | "unknown-variant";

/** The files of a bundle do not fit its manifest. */
export class BundleError extends FerEdgeError {
  override name = "BundleError";

  /**
   * @param message for people.
   * @param code for programs.
   * @param path of the file inside the bundle, or the variant that was asked for.
   */
  constructor(
    message: string,
    readonly code: BundleFault,
    readonly path: string,
  ) {
    super(message);
  }
}

/** An engine cannot be loaded, or refuses a model. */
export class EngineError extends FerEdgeError {
  override name = "EngineError";
}

/** An opened model has other inputs or outputs than its contract says, or answers with a number that is not finite. */
export class ModelError extends FerEdgeError {
  override name = "ModelError";
}

/** What of a camera frame was wrong. */
export type FramePart = "y" | "u" | "v" | "rgba" | "box" | "rotation" | "size" | "stride";

/** Camera bytes, strides, rotation or box do not fit together. */
export class FrameError extends FerEdgeError {
  override name = "FrameError";

  /**
   * @param message for people.
   * @param part what was wrong.
   */
  constructor(
    message: string,
    readonly part: FramePart,
  ) {
    super(message);
  }
}

/** A value as a message may carry it: printable, on one line and short. */
export function shown(value: unknown): string {
  let text: string;
  if (value instanceof Map) text = `an object of ${value.size}`;
  else if (Array.isArray(value)) text = `a list of ${value.length}`;
  else if (typeof value === "string") text = JSON.stringify(value).replace(/[^ -~]/g, escaped);
  else if (typeof value === "object" && value !== null && !("text" in value)) text = "an object";
  else text = String(value).replace(/[^ -~]/g, escaped);
  return text.length <= 60 ? text : `${text.slice(0, 60)}...`;
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
