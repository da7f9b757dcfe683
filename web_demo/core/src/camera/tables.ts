import type { ElementType, Normalization, QuantizationParameters } from "../bundle/contract.js";

/** A tensor's values in the artifact's own type. */
export type TensorData = Float32Array | Int8Array | Uint8Array;

/** What a tensor is made of; a contract's input, or a golden case's target. */
export interface TensorSpec {
  width: number;
  height: number;
  /** 1: gray, 3: RGB. */
  channels: 1 | 3;
  layout: "NCHW" | "NHWC";
  dtype: ElementType;
  normalization: Normalization | null;
  /** Of int8, else null. */
  quantization: QuantizationParameters | null;
}

/**
 * Step 8 of the camera specification: what each value 0 to 255 of a channel becomes.
 *
 * @returns one table of 256 a channel, in the tensor's type.
 */
export function lookupTables(spec: TensorSpec): TensorData[] {
  return Array.from({ length: spec.channels }, (_, channel) => {
    const table = allocate(spec.dtype, 256);
    for (let value = 0; value < 256; value++) {
      if (spec.dtype === "uint8") table[value] = value;
      else {
        const real = normalized(value, spec.normalization, channel);
        table[value] = spec.quantization === null ? real : quantized(real, spec.quantization);
      }
    }
    return table;
  });
}

/** A new array of a tensor's type. */
export function allocate(dtype: ElementType, length: number): TensorData {
  if (dtype === "float32") return new Float32Array(length);
  return dtype === "int8" ? new Int8Array(length) : new Uint8Array(length);
}

/** Pillow's "L", step 7. */
export function gray(red: number, green: number, blue: number): number {
  return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
}

/** Each operation is rounded to float32, as in torchvision's ToTensor and Normalize. */
function normalized(value: number, normalization: Normalization | null, channel: number): number {
  if (normalization === null) return value;
  const unit = Math.fround(value / 255);
  const centered = Math.fround(unit - Math.fround(normalization.mean[channel]));
  return Math.fround(centered / Math.fround(normalization.std[channel]));
}

function quantized(real: number, parameters: QuantizationParameters): number {
  const integer = roundHalfEven(real / parameters.scale) + parameters.zeroPoint;
  return Math.min(Math.max(integer, -128), 127);
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
