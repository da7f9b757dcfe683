import { BundleError } from "../errors.js";
import { CONTRACT_KEY } from "../words.js";
import type { Artifact } from "./manifest.js";

/**
 * The contract inside a model file. Every offset is checked against the file, which has been hashed before.
 *
 * @returns its text, null if the file has none.
 * @throws BundleError the file is of a format that browsers do not run, or its structure is broken.
 */
export function embeddedContract(artifact: Artifact, model: Uint8Array): string | null {
  const find = FINDERS[artifact.format];
  if (find === undefined) {
    throw new BundleError(
      `${artifact.variant} is no model for browsers; allowed: ${Object.keys(FINDERS).join(", ")}`,
      "contract-differs",
      artifact.path,
    );
  }
  try {
    return find(new DataView(model.buffer, model.byteOffset, model.byteLength));
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new BundleError(
      `${artifact.path} is no ${artifact.format} file: an offset leads out of it; export it again`,
      "contract-differs",
      artifact.path,
    );
  }
}

const FINDERS: Partial<Record<Artifact["format"], (data: DataView) => string | null>> = { tflite, onnx };

/**
 * The metadata buffer. Fields (`schema.fbs` of TensorFlow Lite): Model.buffers 4, Model.metadata 6; Metadata.name 0,
 * Metadata.buffer 1; Buffer.data 0, Buffer.offset 1, Buffer.size 2.
 */
function tflite(data: DataView): string | null {
  const model = data.getUint32(0, true);
  const metadata = vector(data, model, 6);
  for (let number = 0; number < count(data, metadata); number++) {
    const entry = follow(data, metadata + 4 + 4 * number);
    const name = vector(data, entry, 0);
    if (text(data, name + 4, count(data, name)) !== CONTRACT_KEY) continue;
    const place = field(data, entry, 1);
    const index = place === null ? 0 : data.getUint32(place, true);
    return bufferText(data, follow(data, vector(data, model, 4) + 4 + 4 * index));
  }
  return null;
}

/** A buffer's bytes; large files keep them behind the flatbuffer, at an offset. */
function bufferText(data: DataView, table: number): string {
  const inside = vector(data, table, 0);
  if (count(data, inside) > 0) return text(data, inside + 4, count(data, inside));
  const [offset, size] = [1, 2].map((number) => {
    const place = field(data, table, number);
    return place === null ? 0 : Number(data.getBigUint64(place, true));
  });
  return text(data, offset, size);
}

/** Position of a table's field, null if it is absent. */
function field(data: DataView, table: number, number: number): number | null {
  const vtable = table - data.getInt32(table, true);
  const slot = 4 + 2 * number;
  if (slot + 2 > data.getUint16(vtable, true)) return null;
  const offset = data.getUint16(vtable + slot, true);
  return offset === 0 ? null : table + offset;
}

/** Position of a vector's length, null if the field is absent. */
function vector(data: DataView, table: number, number: number): number {
  const place = field(data, table, number);
  return place === null ? ABSENT : follow(data, place);
}

const ABSENT = -1;

function count(data: DataView, place: number): number {
  return place === ABSENT ? 0 : data.getUint32(place, true);
}

function follow(data: DataView, offset: number): number {
  return offset + data.getUint32(offset, true);
}

function text(data: DataView, offset: number, length: number): string {
  if (offset + length > data.byteLength) throw new RangeError("outside");
  const bytes = new Uint8Array(data.buffer, data.byteOffset + offset, length);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** `ModelProto.metadata_props` is field 14; its entries have key 1 and value 2 (`onnx.proto`). */
function onnx(data: DataView): string | null {
  let found: string | null = null;
  for (const [number, start, end] of fields(data, 0, data.byteLength)) {
    if (number !== 14) continue;
    const entry = new Map<number, string>();
    for (const [part, from, to] of fields(data, start, end)) entry.set(part, text(data, from, to - from));
    if (entry.get(1) === CONTRACT_KEY) found = entry.get(2) ?? "";
  }
  return found;
}

/** Number, start and end of each length-delimited protobuf field. */
function* fields(data: DataView, start: number, end: number): Generator<[number, number, number]> {
  let position = start;
  while (position < end) {
    const [tag, afterTag] = varint(data, position);
    position = afterTag;
    const type = tag % 8;
    if (type === 0) position = varint(data, position)[1];
    else if (type === 1) position += 8;
    else if (type === 5) position += 4;
    else if (type === 2) {
      const [length, from] = varint(data, position);
      if (length > end - from) throw new RangeError("outside");
      yield [Math.floor(tag / 8), from, from + length];
      position = from + length;
    } else throw new RangeError(`wire type ${type}`);
  }
  if (position !== end) throw new RangeError("outside");
}

/** A number and the position behind it. */
function varint(data: DataView, position: number): [number, number] {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = data.getUint8(position + index);
    value += (byte & 127) * 2 ** (7 * index);
    if (byte < 128) return [value, position + index + 1];
  }
  throw new RangeError("too long");
}
