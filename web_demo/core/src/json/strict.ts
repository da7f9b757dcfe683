import { DocumentError, shown } from "../errors.js";
import { type Json, JsonNumber } from "./reader.js";

/** How members of an object are taken. */
interface MemberOptions {
  /** Names that may be missing. */
  optional?: readonly string[];
  /** Whether their order counts. */
  ordered?: boolean;
}

/** Takes values out of one decoded document; every complaint names the key, the value and what is allowed. */
export class StrictJson {
  /** @param what the document's name in messages, such as `contract`. */
  constructor(readonly what: string) {}

  fail(key: string, value: unknown, allowed: string): never {
    throw new DocumentError(`${this.what}: ${key} is ${shown(value)}; allowed: ${allowed}`, "illegal-value", key);
  }

  /** Which of the schemas it is, 0 being the first; checked first, since another version has other members. */
  schema(document: Json, ...schemas: readonly string[]): number {
    const found = document instanceof Map ? document.get("schema") : undefined;
    if (found === undefined) return 0;
    const place = typeof found === "string" ? schemas.indexOf(found) : -1;
    if (place < 0) {
      throw new DocumentError(
        `${this.what}: schema is ${shown(found)}; allowed: ${schemas.join(", ")}; export again or update the page`,
        "wrong-schema",
        "schema",
      );
    }
    return place;
  }

  /** An object that has exactly these members. */
  members(value: Json, key: string, names: readonly string[], options: MemberOptions = {}): Map<string, Json> {
    const place = key || "the document";
    const allowed = names.join(", ");
    if (!(value instanceof Map)) this.fail(place, value, `an object with ${allowed}`);
    const unknown = [...value.keys()].find((name) => !names.includes(name));
    if (unknown !== undefined) {
      const message = `${this.what}: unknown key ${shown(unknown)} in ${place}; allowed: ${allowed}`;
      throw new DocumentError(message, "unknown-key", join(key, unknown));
    }
    const missing = names.filter((name) => !value.has(name) && !options.optional?.includes(name));
    if (missing.length > 0) {
      const message = `${this.what}: ${place} lacks ${missing.join(", ")}; needed: ${allowed}`;
      throw new DocumentError(message, "missing-key", join(key, missing[0]));
    }
    if (options.ordered) this.order([...value.keys()], place, key, names);
    return value;
  }

  private order(found: string[], place: string, key: string, names: readonly string[]): void {
    const wanted = names.filter((name) => found.includes(name));
    if (found.every((name, index) => name === wanted[index])) return;
    throw new DocumentError(
      `${this.what}: order of members in ${place} is ${found.join(", ")}; allowed: ${names.join(", ")}`,
      "wrong-order",
      key,
    );
  }

  array(value: Json | undefined, key: string, least = 0, most = 100_000): Json[] {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      this.fail(key, value, `a list of ${least} to ${most}`);
    }
    return value;
  }

  entries(value: Json | undefined, key: string): Map<string, Json> {
    if (!(value instanceof Map)) this.fail(key, value, "an object");
    return value;
  }

  string(value: Json | undefined, key: string, most = 1000, least = 1): string {
    if (typeof value !== "string" || value.length < least || length(value) > most) {
      this.fail(key, value, `a ${least > 0 ? "non-empty " : ""}string of at most ${most} characters`);
    }
    if (LONE_SURROGATE.test(value)) this.fail(key, value, "text without lone surrogates");
    return value;
  }

  /** Text that can stand on one line of a screen. */
  printable(value: Json | undefined, key: string, most: number): string {
    const found = this.string(value, key, most);
    if (!isPrintable(found)) this.fail(key, value, "printable text on one line");
    return found;
  }

  choice<T extends string>(value: Json | undefined, key: string, allowed: readonly T[]): T {
    const found = allowed.find((word) => word === value);
    return found ?? this.fail(key, value, allowed.join(", "));
  }

  boolean(value: Json | undefined, key: string): boolean {
    if (typeof value !== "boolean") this.fail(key, value, "true, false");
    return value;
  }

  /** A whole number written as one. */
  integer(value: Json | undefined, key: string, least: number, most: number): number {
    const found = value instanceof JsonNumber && value.isInteger ? Number(value.text) : Number.NaN;
    if (!(found >= least && found <= most)) this.fail(key, value, `an integer from ${least} to ${most}`);
    return found;
  }

  /** A finite number that passes `test`; `allowed` says in words what that is. */
  number(
    value: Json | undefined,
    key: string,
    allowed = "a finite number",
    test: (found: number) => boolean = () => true,
  ): number {
    const found = value instanceof JsonNumber ? Number(value.text) : Number.NaN;
    if (!Number.isFinite(found) || !test(found)) this.fail(key, value, allowed);
    return found;
  }

  sha256(value: Json | undefined, key: string): string {
    if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) {
      this.fail(key, value, "a SHA-256 of 64 lower-case hexadecimal digits");
    }
    return value;
  }

  /** Null, or what `read` makes of the value. */
  nullable<T>(value: Json | undefined, key: string, read: (value: Json, key: string) => T): T | null {
    if (value === undefined) this.fail(key, value, "null or a value");
    return value === null ? null : read(value, key);
  }
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Control, format, surrogate, private use, unassigned, and separators but the plain space. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** As Python's `str.isprintable`: letters, marks, numbers, punctuation, symbols and the plain space. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** Code points, as Python counts them. */
function length(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function join(key: string, name: string): string {
  return key === "" ? name : `${key}.${name}`;
}
