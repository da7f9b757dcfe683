/** Words of formats and documents. Written by `web_demo/generate_words.py` from `fer_edge.runtime`: do not edit. */

export const CONTRACT_SCHEMA = "fer-edge-contract/1";

/** Schemas of manifests that are read, by version: the first is 1. */
export const MANIFEST_SCHEMAS: readonly string[] = ["fer-edge-manifest/1", "fer-edge-manifest/2"];
export const MANIFEST_NAME = "manifest.json";
export const CONTRACT_KEY = "fer_edge_contract";
export const CONTRACT_SUFFIX = ".contract.json";

/** In the order in which they are tried where no variant is named. */
export const FORMATS = ["tflite", "onnx", "torchscript", "coreml", "executorch"] as const;

/** Extension by format. */
export const EXTENSIONS = {
  torchscript: ".pt",
  onnx: ".onnx",
  tflite: ".tflite",
  coreml: ".mlpackage",
  executorch: ".pte",
} as const;

export const PRECISIONS = ["fp32", "fp16", "w8", "dynamic", "int8", "auto"] as const;
export const INTERFACES = ["tensor", "image"] as const;
export const LAYOUTS = ["NCHW", "NHWC"] as const;
export const DTYPES = ["float32", "int8", "uint8"] as const;
export const OUTPUT_KINDS = ["probabilities", "dictionary", "logits"] as const;
export const VERDICTS = ["pass", "fail", "not-run"] as const;

/** Why a verdict is no pass, for programs. */
export const CODES = [
  "shape",
  "not-finite",
  "different",
  "stiff",
  "bytecode",
  "constant",
  "saturated",
  "disagrees",
  "undecided",
  "insensitive",
  "overflow",
  "no-engine",
  "unfaithful",
  "unjudged",
  "operator",
  "option",
  "weight",
  "bias",
  "range",
  "saturation",
  "layer",
  "unaligned",
  "bridge",
] as const;

/** Format and precision that may have integer input and output (`-qio`). */
export const QUANTIZED_IO: readonly string[] = ["tflite-int8"];

/** What no label may be called. */
export const RESERVED_LABELS: readonly string[] = ["bbox", "face_id", "probabilities"];

/** Pixels of an input's width or height, labels, bytes of a manifest: the most that a document may say. */
export const LARGEST_SIDE = 8192;
export const MOST_LABELS = 10000;
export const LARGEST_MANIFEST = 16777216;
