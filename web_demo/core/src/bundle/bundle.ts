import { BundleError, FerEdgeError } from "../errors.js";
import { CONTRACT_SUFFIX, LARGEST_MANIFEST, MANIFEST_NAME } from "../words.js";
import { type Contract, parseContract } from "./contract.js";
import { embeddedContract } from "./embedded.js";
import { sha256 } from "./hash.js";
import { type Artifact, type FileEntry, type Manifest, parseManifest } from "./manifest.js";
import { isSafePath } from "./manifest_reader.js";
import { type BundleSource, fetchSource, missing } from "./source.js";

/** A model file that was compared with its bundle, and its contract. */
export interface LoadedArtifact {
  /** Its entry in the manifest. */
  readonly artifact: Artifact;
  /** What it needs and answers. */
  readonly contract: Contract;
  /** Its bytes. */
  readonly model: Uint8Array;
}

const LARGEST_FILE = 2 ** 30;

/** A bundle as `fer-export` wrote it. Nothing of it is handed out before its size and hash were compared. */
export class Bundle {
  private constructor(
    private readonly source: BundleSource,
    /** Strictly read. */
    readonly manifest: Manifest,
    /** Of the manifest's bytes: the bundle's own hash. */
    readonly sha256: string,
  ) {}

  /** Reads the manifest; see {@link loadBundle}. */
  static async open(source: BundleSource): Promise<Bundle> {
    const data = await read(source, MANIFEST_NAME, LARGEST_MANIFEST);
    if (data.length > LARGEST_MANIFEST) {
      throw new BundleError(
        `${MANIFEST_NAME} has more than ${LARGEST_MANIFEST} bytes, so it is none of ours; export again`,
        "wrong-size",
        MANIFEST_NAME,
      );
    }
    return new Bundle(source, parseManifest(data), await sha256(data));
  }

  /** Names of the variants in the manifest's order. */
  get variants(): string[] {
    return this.manifest.artifacts.map((artifact) => artifact.variant);
  }

  /** Paths of the golden cases, sorted. */
  get goldenPaths(): string[] {
    return [...this.manifest.files.keys()].filter((path) => /^golden\/.*\.json$/.test(path)).sort();
  }

  /**
   * The artifact of a variant.
   *
   * @throws BundleError the bundle has none.
   */
  artifact(variant: string): Artifact {
    const found = this.manifest.artifacts.find((artifact) => artifact.variant === variant);
    if (found !== undefined) return found;
    const skipped = this.manifest.skipped.find((entry) => entry.variant === variant);
    const why = skipped === undefined ? "" : ` (skipped at export: ${skipped.reason})`;
    const names = this.variants.join(", ") || "none";
    throw new BundleError(
      `variant ${variant} is not in this bundle${why}; it has ${names}`,
      "unknown-variant",
      variant,
    );
  }

  /**
   * A model and its contract, checked: sizes and hashes of both files; the contract beside the model, the one in the
   * manifest and the one inside the model are the same bytes.
   *
   * @param variant a TFLite or ONNX one.
   * @throws BundleError a file is missing or changed, the contracts differ, no such variant.
   * @throws DocumentError the contract is not legal.
   */
  async load(variant: string): Promise<LoadedArtifact> {
    const artifact = this.artifact(variant);
    const [contract, model] = await Promise.all([this.contract(artifact), this.read(artifact.path)]);
    if (model.length !== artifact.bytes) {
      throw new BundleError(
        `${artifact.path} has ${model.length} bytes, but its entry in ${MANIFEST_NAME} says ${artifact.bytes}; export again`,
        "wrong-size",
        artifact.path,
      );
    }
    const inside = embeddedContract(artifact, model);
    if (inside !== contract.text) {
      const found = inside === null ? "no contract" : "another contract";
      throw differs(`${artifact.path} holds ${found} than ${artifact.path}${CONTRACT_SUFFIX}`, artifact.path);
    }
    return { artifact, contract, model };
  }

  /**
   * The contract of an artifact, without reading the model.
   *
   * @throws BundleError its file is missing, changed or differs from the manifest's text.
   * @throws DocumentError it is not legal.
   */
  async contract(artifact: Artifact): Promise<Contract> {
    const path = artifact.path + CONTRACT_SUFFIX;
    const contract = await parseContract(artifact.contract);
    const beside = await this.read(path);
    if (!equal(beside, new TextEncoder().encode(contract.text))) {
      throw differs(`${path} differs from the contract of ${artifact.variant} in ${MANIFEST_NAME}`, path);
    }
    if (contract.input.interface !== artifact.interface) {
      throw differs(
        `${artifact.variant} has the interface ${artifact.interface}, its contract says ${contract.input.interface}`,
        path,
      );
    }
    return contract;
  }

  /**
   * A file, compared with its size and hash.
   *
   * @param path as in the manifest.
   * @throws BundleError not listed, missing or changed.
   */
  async read(path: string): Promise<Uint8Array> {
    const entry = this.entry(path);
    const data = await read(this.source, path, entry.bytes);
    await compare(path, data, entry);
    return data;
  }

  /**
   * Compares every listed file.
   *
   * @returns one sentence for each that is missing or changed; empty if all is well.
   */
  async faults(): Promise<string[]> {
    const found: string[] = [];
    for (const path of [...this.manifest.files.keys()].sort()) {
      try {
        await this.read(path);
      } catch (error) {
        if (!(error instanceof FerEdgeError)) throw error;
        found.push(error.message);
      }
    }
    return found;
  }

  private entry(path: string): FileEntry {
    if (!isSafePath(path)) {
      throw new BundleError(`${path} could leave the bundle; allowed: a path of ${MANIFEST_NAME}`, "unsafe-path", path);
    }
    const entry = this.manifest.files.get(path);
    if (entry === undefined) {
      throw new BundleError(`${path} is not listed in ${MANIFEST_NAME}; export again`, "missing-file", path);
    }
    if (entry.bytes > LARGEST_FILE) {
      throw new BundleError(`${path} has ${entry.bytes} bytes; allowed: at most ${LARGEST_FILE}`, "wrong-size", path);
    }
    return entry;
  }
}

/**
 * Opens a bundle: its manifest is read and checked; files are fetched, and compared with it, when they are asked for.
 *
 * ```ts
 * const bundle = await loadBundle("bundle/");
 * const { contract, model } = await bundle.load("tflite-fp32");
 * ```
 *
 * @param from the address of the bundle's folder, or a function that reads its files (Node, tests).
 * @throws BundleError no manifest.
 * @throws DocumentError the manifest is not of the schema.
 */
export function loadBundle(from: string | URL | BundleSource): Promise<Bundle> {
  return Bundle.open(typeof from === "function" ? from : fetchSource(from));
}

async function read(source: BundleSource, path: string, limit: number): Promise<Uint8Array> {
  try {
    return await source(path, limit);
  } catch (error) {
    if (error instanceof FerEdgeError) throw error;
    throw missing(path, error instanceof Error ? error.message : String(error));
  }
}

async function compare(path: string, data: Uint8Array, entry: FileEntry): Promise<void> {
  if (data.length !== entry.bytes) {
    const found = data.length > entry.bytes ? `more than ${entry.bytes}` : `${data.length}`;
    throw new BundleError(
      `${path} has ${found} bytes, but ${MANIFEST_NAME} says ${entry.bytes}; it was changed: export or copy it again`,
      "wrong-size",
      path,
    );
  }
  const hash = await sha256(data);
  if (hash !== entry.sha256) {
    throw new BundleError(
      `${path} was changed: its SHA-256 is ${hash}, but ${MANIFEST_NAME} says ${entry.sha256}; export or copy it again`,
      "wrong-hash",
      path,
    );
  }
}

function differs(sentence: string, path: string): BundleError {
  return new BundleError(`${sentence}; use the files of one export`, "contract-differs", path);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
