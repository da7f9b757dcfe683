import { type Json, readJson } from "../json/reader.js";
import { isPrintable, StrictJson } from "../json/strict.js";
import {
  CODES,
  EXTENSIONS,
  FORMATS,
  INTERFACES,
  LARGEST_MANIFEST,
  MANIFEST_NAME,
  MANIFEST_SCHEMAS,
  PRECISIONS,
  QUANTIZED_IO,
  VERDICTS,
} from "../words.js";
import type {
  Accuracy,
  Artifact,
  Calibration,
  Code,
  Faithful,
  FileEntry,
  LayerAnswers,
  Manifest,
  Parity,
  Skipped,
  Source,
  Tally,
  WeightAudit,
} from "./manifest.js";

const LARGEST_FILE = 2 ** 40;
const SHORT = 100;
const LONG = 4000;
const CONTRACT_LENGTH = 1 << 20;
const MOST_ARTIFACTS = 1000;
const strict: StrictJson = new StrictJson(MANIFEST_NAME);

/** The strict reader of `fer-edge-manifest`, every version; same rules as the Python one. */
export function readManifest(data: Uint8Array): Manifest {
  const document = readJson(MANIFEST_NAME, data, LARGEST_MANIFEST);
  const version = strict.schema(document, ...MANIFEST_SCHEMAS) + 1;
  const names = ["schema", "model", "source", "files", "artifacts", "skipped", "tools", "extra"];
  const members = strict.members(document, "", names);
  strict.entries(members.get("extra"), "extra");
  const files = filesOf(members.get("files"));
  const artifacts = strict
    .array(members.get("artifacts"), "artifacts", 0, MOST_ARTIFACTS)
    .map((entry, number) => artifactOf(entry, `artifacts[${number}]`, files, version));
  refuseRepeated(artifacts, "variant");
  // One file must not pass as two precisions.
  refuseRepeated(artifacts, "path");
  return {
    model: strict.string(members.get("model"), "model", SHORT),
    source: sourceOf(members.get("source")),
    files,
    artifacts,
    skipped: strict
      .array(members.get("skipped"), "skipped", 0, MOST_ARTIFACTS)
      .map((entry, number) => skippedOf(entry, `skipped[${number}]`)),
    tools: mapping(members.get("tools"), "tools", (value, key) => strict.string(value, key)),
  };
}

function refuseRepeated(artifacts: readonly Artifact[], what: "variant" | "path"): void {
  const seen = new Set<string>();
  for (const artifact of artifacts) {
    if (seen.has(artifact[what])) strict.fail("artifacts", artifact[what], `each ${what} once`);
    seen.add(artifact[what]);
  }
}

function sourceOf(value: Json | undefined): Source {
  const members = strict.members(value ?? null, "source", ["arch", "checkpoint_sha256"]);
  return {
    arch: strict.string(members.get("arch"), "source.arch"),
    checkpointSha256: strict.sha256(members.get("checkpoint_sha256"), "source.checkpoint_sha256"),
  };
}

function filesOf(value: Json | undefined): Map<string, FileEntry> {
  const found = new Map<string, FileEntry>();
  for (const [name, entry] of strict.entries(value, "files")) {
    const path = pathOf(name, "a path in files");
    if (path === MANIFEST_NAME) strict.fail("a path in files", path, "every file but the manifest itself");
    const key = `files[${path}]`;
    const members = strict.members(entry, key, ["sha256", "bytes"]);
    const bytes = strict.integer(members.get("bytes"), `${key}.bytes`, 0, LARGEST_FILE);
    found.set(path, { sha256: strict.sha256(members.get("sha256"), `${key}.sha256`), bytes });
  }
  return found;
}

function pathOf(value: Json | undefined, key: string): string {
  const path = strict.string(value, key);
  if (!isSafePath(path)) strict.fail(key, path, "a relative POSIX path that stays inside the bundle");
  return path;
}

/** Whether a path stays inside the bundle, in one spelling. */
export function isSafePath(path: string): boolean {
  const isPlain = path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return isPlain && !/[\\:*?"<>|]/.test(path) && isPrintable(path);
}

function skippedOf(value: Json, key: string): Skipped {
  const members = strict.members(value, key, ["variant", "reason"]);
  return {
    variant: strict.string(members.get("variant"), `${key}.variant`, SHORT),
    reason: strict.string(members.get("reason"), `${key}.reason`),
  };
}

const ARTIFACT = [
  "variant",
  "format",
  "precision",
  "interface",
  "path",
  "bytes",
  "contract",
  "parity",
  "weight_audit",
  "accuracy",
  "calibration",
];

function artifactOf(value: Json, key: string, files: Map<string, FileEntry>, version: number): Artifact {
  const members = strict.members(value, key, version > 1 ? [...ARTIFACT, "faithful"] : ARTIFACT);
  const parity = members.get("parity");
  const found: Artifact = {
    variant: strict.string(members.get("variant"), `${key}.variant`, SHORT),
    format: strict.choice(members.get("format"), `${key}.format`, FORMATS),
    precision: strict.choice(members.get("precision"), `${key}.precision`, PRECISIONS),
    interface: strict.choice(members.get("interface"), `${key}.interface`, INTERFACES),
    path: pathOf(members.get("path"), `${key}.path`),
    bytes: strict.integer(members.get("bytes"), `${key}.bytes`, 0, LARGEST_FILE),
    contract: strict.string(members.get("contract"), `${key}.contract`, CONTRACT_LENGTH),
    parity: parityOf(parity ?? null, `${key}.parity`, version),
    faithful: strict.nullable(members.get("faithful") ?? null, `${key}.faithful`, faithfulOf),
    weightAudit: strict.nullable(members.get("weight_audit"), `${key}.weight_audit`, weightAuditOf),
    accuracy: strict.nullable(members.get("accuracy"), `${key}.accuracy`, accuracyOf),
    calibration: strict.nullable(members.get("calibration"), `${key}.calibration`, calibrationOf),
  };
  checkArtifact(found, key, files);
  return found;
}

/** The variant's name says format, precision and interface, and the path ends as the format's files do. */
function checkArtifact(artifact: Artifact, key: string, files: Map<string, FileEntry>): void {
  const { format, precision, variant, path } = artifact;
  const name = `${format}-${precision}${artifact.interface === "image" ? "-image" : ""}`;
  const isQuantizedName = variant === `${name}-qio` && QUANTIZED_IO.includes(`${format}-${precision}`);
  if (variant !== name && !isQuantizedName) strict.fail(`${key}.variant`, variant, name);
  const extension = EXTENSIONS[format];
  if (!/[^/]$/.test(path.slice(0, -extension.length)) || !path.endsWith(extension))
    strict.fail(`${key}.path`, path, `a path that ends with ${extension}`);
  if (!files.has(path) && ![...files.keys()].some((file) => file.startsWith(`${path}/`))) {
    strict.fail(`${key}.path`, path, "a path that is listed under files");
  }
}

const PARITY = ["verdict", "reason", "engine", "inputs", "max_abs", "mean_abs", "top1_agreement", "limit"];
const PARITY_SINCE_2 = ["code", "inputs_source", "p99_abs", "agreement_interval"];

function parityOf(value: Json, key: string, version: number): Parity {
  const members = strict.members(value, key, version > 1 ? [...PARITY, ...PARITY_SINCE_2] : PARITY);
  const take = <T>(name: string, read: (value: Json, key: string) => T) =>
    strict.nullable(members.get(name) ?? null, `${key}.${name}`, read);
  const found: Parity = {
    verdict: strict.choice(members.get("verdict"), `${key}.verdict`, VERDICTS),
    reason: take("reason", sentence),
    engine: take("engine", sentence),
    inputs: take("inputs", count),
    maxAbs: take("max_abs", number),
    meanAbs: take("mean_abs", number),
    top1Agreement: take("top1_agreement", share),
    limit: take("limit", limitOf),
    code: take("code", code),
    inputsSource: take("inputs_source", sentence),
    p99Abs: take("p99_abs", number),
    agreementInterval: take("agreement_interval", (entry, place) => interval(entry, place, share)),
  };
  if (found.verdict === "not-run" && found.reason === null) {
    strict.fail(`${key}.reason`, null, "a reason where the verdict is not-run");
  }
  if (found.verdict === "pass" && [found.engine, found.inputs, found.maxAbs, found.limit].includes(null)) {
    strict.fail(`${key}.verdict`, "pass", "pass only with engine, inputs, max_abs and limit");
  }
  return found;
}

function limitOf(value: Json, key: string): { maxAbs: number; top1Agreement: number } {
  const members = strict.members(value, key, ["max_abs", "top1_agreement"]);
  return {
    maxAbs: number(members.get("max_abs"), `${key}.max_abs`),
    top1Agreement: share(members.get("top1_agreement"), `${key}.top1_agreement`),
  };
}

function faithfulOf(value: Json, key: string): Faithful {
  const members = strict.members(value, key, ["verdict", "code", "reason", "weights", "ranges", "layers"]);
  const take = <T>(name: string, read: (value: Json, key: string) => T) =>
    strict.nullable(members.get(name), `${key}.${name}`, read);
  const found: Faithful = {
    verdict: strict.choice(members.get("verdict"), `${key}.verdict`, VERDICTS),
    code: take("code", code),
    reason: take("reason", sentence),
    weights: take("weights", tallyOf),
    ranges: take("ranges", tallyOf),
    layers: take("layers", layersOf),
  };
  if (found.verdict !== "pass" && found.reason === null) {
    strict.fail(`${key}.reason`, null, "a reason where the verdict is no pass");
  }
  return found;
}

function tallyOf(value: Json, key: string): Tally {
  const members = strict.members(value, key, ["verdict", "compared", "wrong", "worst"]);
  return {
    verdict: strict.choice(members.get("verdict"), `${key}.verdict`, VERDICTS),
    compared: count(members.get("compared"), `${key}.compared`),
    wrong: count(members.get("wrong"), `${key}.wrong`),
    worst: strict.nullable(members.get("worst"), `${key}.worst`, number),
  };
}

function layersOf(value: Json, key: string): LayerAnswers {
  const members = strict.members(value, key, ["aligned", "unaligned", "weakest"]);
  return {
    aligned: count(members.get("aligned"), `${key}.aligned`),
    unaligned: count(members.get("unaligned"), `${key}.unaligned`),
    weakest: strict.nullable(members.get("weakest"), `${key}.weakest`, (entry, place) => {
      const weakest = strict.members(entry, place, ["module", "snr_db"]);
      return {
        module: sentence(weakest.get("module"), `${place}.module`),
        snrDb: number(weakest.get("snr_db"), `${place}.snr_db`),
      };
    }),
  };
}

function weightAuditOf(value: Json, key: string): WeightAudit {
  const members = strict.members(value, key, ["verdict", "tensors", "max_abs"]);
  return {
    verdict: strict.choice(members.get("verdict"), `${key}.verdict`, VERDICTS),
    tensors: count(members.get("tensors"), `${key}.tensors`),
    maxAbs: strict.nullable(members.get("max_abs"), `${key}.max_abs`, number),
  };
}

function accuracyOf(value: Json, key: string): Accuracy {
  const members = strict.members(value, key, [
    "source",
    "samples",
    "reference",
    "artifact",
    "drop_interval",
    "verdict",
  ]);
  return {
    source: sentence(members.get("source"), `${key}.source`),
    samples: count(members.get("samples"), `${key}.samples`),
    reference: share(members.get("reference"), `${key}.reference`),
    artifact: share(members.get("artifact"), `${key}.artifact`),
    dropInterval: strict.nullable(members.get("drop_interval"), `${key}.drop_interval`, (entry, place) =>
      interval(entry, place, number),
    ),
    verdict: strict.choice(members.get("verdict"), `${key}.verdict`, VERDICTS),
  };
}

function calibrationOf(value: Json, key: string): Calibration {
  const members = strict.members(value, key, ["source", "sha256", "images", "classes"]);
  return {
    source: sentence(members.get("source"), `${key}.source`),
    sha256: strict.sha256(members.get("sha256"), `${key}.sha256`),
    images: count(members.get("images"), `${key}.images`),
    classes: mapping(members.get("classes"), `${key}.classes`, count),
  };
}

function mapping<T>(value: Json | undefined, key: string, read: (value: Json, key: string) => T): Map<string, T> {
  const found = new Map<string, T>();
  for (const [name, entry] of strict.entries(value, key)) {
    found.set(strict.string(name, `a name in ${key}`), read(entry, `${key}.${name}`));
  }
  return found;
}

function interval(
  value: Json,
  key: string,
  read: (value: Json | undefined, key: string) => number,
): readonly [number, number] {
  const [low, high] = strict.array(value, key, 2, 2);
  return [read(low, key), read(high, key)];
}

function code(value: Json, key: string): Code {
  return strict.choice(value, key, CODES);
}

function sentence(value: Json | undefined, key: string): string {
  return strict.string(value, key, LONG);
}

function number(value: Json | undefined, key: string): number {
  return strict.number(value, key);
}

function share(value: Json | undefined, key: string): number {
  return strict.number(value, key, "a number from 0 to 1", (found) => found >= 0 && found <= 1);
}

function count(value: Json | undefined, key: string): number {
  return strict.integer(value, key, 0, LARGEST_FILE);
}
