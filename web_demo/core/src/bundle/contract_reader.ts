import { DocumentError } from "../errors.js";
import { decodeText, type Json, readJson } from "../json/reader.js";
import { isPrintable, StrictJson } from "../json/strict.js";
import {
  CONTRACT_SCHEMA,
  DTYPES,
  INTERFACES,
  LARGEST_SIDE,
  LAYOUTS,
  MOST_LABELS,
  OUTPUT_KINDS,
  RESERVED_LABELS,
} from "../words.js";
import type {
  CameraSettings,
  Contract,
  InputSpec,
  Normalization,
  OutputSpec,
  QuantizationParameters,
} from "./contract.js";
import { sha256 } from "./hash.js";

const LIMIT = 1 << 20;
const NAME_LENGTH = 200;
const MODEL_LENGTH = 100;
const MEMBERS = [
  "schema",
  "model",
  "labels",
  "input",
  "camera",
  "normalization",
  "quantization",
  "output",
  "sha256",
] as const;
const ENDING = /,"sha256":"([0-9a-f]{64})"\}$/;
const STRINGS = /"(?:[^"\\]|\\.)*"/gs;
const strict: StrictJson = new StrictJson("contract");
const ORDERED = { ordered: true };

/** The strict reader of `fer-edge-contract/1`; same rules as the Python one. */
export async function readContract(data: Uint8Array): Promise<Contract> {
  const document = readJson("contract", data, LIMIT);
  const text = decodeText("contract", data, LIMIT);
  strict.schema(document, CONTRACT_SCHEMA);
  const members = strict.members(document, "", MEMBERS, ORDERED);
  const stated = strict.sha256(members.get("sha256"), "sha256");
  const input = inputOf(members.get("input"));
  const [inputQuantization, outputQuantization] = quantizationOf(members.get("quantization"), input);
  const normalization = strict.nullable(members.get("normalization"), "normalization", (value, key) =>
    normalizationOf(value, key, input),
  );
  return deepFreeze({
    model: modelOf(members.get("model")),
    labels: labelsOf(members.get("labels")),
    input,
    camera: cameraOf(members.get("camera")),
    normalization,
    inputQuantization,
    outputQuantization,
    output: outputOf(members.get("output")),
    sha256: await checkedHash(text, stated),
    text,
  });
}

/** The hash is over the stored bytes before `,"sha256":"`, plus the closing brace. */
async function checkedHash(text: string, stated: string): Promise<string> {
  const ending = ENDING.exec(text);
  if (ending === null) {
    const words = 'it must end with ,"sha256":"<64 hexadecimal digits>"} and nothing after that';
    throw new DocumentError(`contract: ${words}`, "wrong-order", "sha256");
  }
  if (/\s/.test(text.replace(STRINGS, ""))) {
    const words = "it has blanks between its members; allowed: compact JSON on one line";
    throw new DocumentError(`contract: ${words}`, "wrong-order");
  }
  const found = await sha256(new TextEncoder().encode(`${text.slice(0, ending.index)}}`));
  if (found !== stated) {
    throw new DocumentError(
      `contract: sha256 is ${stated}; allowed: ${found}, the hash of these bytes; the contract was changed after it was ` +
        "written: take it from the bundle again",
      "wrong-hash",
      "sha256",
    );
  }
  return found;
}

function modelOf(value: Json | undefined): string {
  const model = strict.string(value, "model", MODEL_LENGTH);
  if (!isPrintable(model) || ". -".includes(model[0]) || /[/\\:*?"<>|]/.test(model)) {
    const words = 'a name that can begin a file name: printable, without / \\ : * ? " < > | and no dot first';
    strict.fail("model", value, words);
  }
  return model;
}

function labelsOf(value: Json | undefined): string[] {
  const found = new Set<string>();
  strict.array(value, "labels", 1, MOST_LABELS).forEach((entry, number) => {
    const key = `labels[${number}]`;
    const label = strict.printable(entry, key, NAME_LENGTH);
    if (label.trim() === "") strict.fail(key, label, "printable text on one line");
    if (RESERVED_LABELS.includes(label)) strict.fail(key, label, `any label but ${RESERVED_LABELS.join(", ")}`);
    if (found.has(label)) strict.fail("labels", label, "each label once");
    found.add(label);
  });
  return [...found];
}

function inputOf(value: Json | undefined): InputSpec {
  const names = ["name", "interface", "width", "height", "channels", "layout", "dtype"];
  const members = strict.members(value ?? null, "input", names, ORDERED);
  const channels = strict.integer(members.get("channels"), "input.channels", 1, 3);
  if (channels !== 1 && channels !== 3) strict.fail("input.channels", channels, "1, 3");
  const found: InputSpec = {
    name: strict.printable(members.get("name"), "input.name", NAME_LENGTH),
    interface: strict.choice(members.get("interface"), "input.interface", INTERFACES),
    width: strict.integer(members.get("width"), "input.width", 1, LARGEST_SIDE),
    height: strict.integer(members.get("height"), "input.height", 1, LARGEST_SIDE),
    channels,
    layout: strict.choice(members.get("layout"), "input.layout", LAYOUTS),
    dtype: strict.choice(members.get("dtype"), "input.dtype", DTYPES),
  };
  if (found.interface === "image") {
    if (channels !== 3) strict.fail("input.channels", channels, "3 where input.interface is image");
    if (found.dtype === "int8") strict.fail("input.dtype", "int8", "float32, uint8 where input.interface is image");
  }
  return found;
}

function cameraOf(value: Json | undefined): CameraSettings {
  const members = strict.members(value ?? null, "camera", ["spec", "crop_margin", "mirror"], ORDERED);
  strict.integer(members.get("spec"), "camera.spec", 1, 1);
  const margin = members.get("crop_margin");
  return {
    spec: 1,
    cropMargin: strict.number(margin, "camera.crop_margin", "a finite number, 0 or more", (found) => found >= 0),
    mirror: strict.boolean(members.get("mirror"), "camera.mirror"),
  };
}

function normalizationOf(value: Json, key: string, input: InputSpec): Normalization {
  if (input.interface === "image") {
    strict.fail(key, value, "null where input.interface is image (the graph normalizes)");
  }
  const members = strict.members(value, key, ["mean", "std"], ORDERED);
  return {
    mean: readMeans(strict, members.get("mean"), `${key}.mean`, input.channels),
    std: readStds(strict, members.get("std"), `${key}.std`, input.channels),
  };
}

/** Mean values, one a channel; also of golden cases. */
export function readMeans(json: StrictJson, value: Json | undefined, key: string, channels: number): number[] {
  return json
    .array(value, key, channels, channels)
    .map((entry) => json.number(entry, key, "finite float32 numbers", (found) => Math.abs(found) < 1e30));
}

/** Standard deviations, one a channel; also of golden cases. Smaller ones have no inverse in float32. */
export function readStds(json: StrictJson, value: Json | undefined, key: string, channels: number): number[] {
  return json
    .array(value, key, channels, channels)
    .map((entry) => json.number(entry, key, "positive float32 numbers", (found) => found >= 1e-6 && found < 1e30));
}

type Parameters = QuantizationParameters | null;

function quantizationOf(value: Json | undefined, input: InputSpec): [Parameters, Parameters] {
  const members = strict.members(value ?? null, "quantization", ["input", "output"], ORDERED);
  const ofInput = strict.nullable(members.get("input"), "quantization.input", (entry, key) =>
    parametersOf(entry, key, 127),
  );
  const ofOutput = strict.nullable(members.get("output"), "quantization.output", (entry, key) =>
    parametersOf(entry, key, 255),
  );
  if (input.dtype === "int8" && ofInput === null) {
    strict.fail("quantization.input", null, "scale and zero_point where input.dtype is int8");
  }
  if (input.dtype !== "int8" && ofInput !== null) {
    strict.fail("quantization.input", members.get("input"), `null where input.dtype is ${input.dtype}`);
  }
  return [ofInput, ofOutput];
}

function parametersOf(value: Json, key: string, largest: number): QuantizationParameters {
  const members = strict.members(value, key, ["scale", "zero_point"], ORDERED);
  return {
    scale: readScale(strict, members.get("scale"), `${key}.scale`),
    zeroPoint: strict.integer(members.get("zero_point"), `${key}.zero_point`, -128, largest),
  };
}

/** A quantization's scale; also of golden cases. */
export function readScale(json: StrictJson, value: Json | undefined, key: string): number {
  return json.number(value, key, "a positive float32 number", (found) => found > 1e-37 && found < 1e37);
}

function outputOf(value: Json | undefined): OutputSpec {
  const members = strict.members(value ?? null, "output", ["name", "kind"], ORDERED);
  return {
    name: strict.printable(members.get("name"), "output.name", NAME_LENGTH),
    kind: strict.choice(members.get("kind"), "output.kind", OUTPUT_KINDS),
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const entry of Object.values(value)) if (typeof entry === "object" && entry !== null) deepFreeze(entry);
  return Object.freeze(value);
}
