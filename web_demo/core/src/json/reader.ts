import { DocumentError, shown } from "../errors.js";

/** A number as it was written, so that an integer stays one. */
export class JsonNumber {
  constructor(readonly text: string) {}

  get isInteger(): boolean {
    return !/[.eE]/.test(this.text);
  }

  toString(): string {
    return this.text;
  }
}

/** A decoded value: objects are maps, so that no member's name can be mistaken for a property. */
export type Json = null | boolean | string | JsonNumber | Json[] | Map<string, Json>;

const DEEPEST = 64;
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const NUMBER_LETTERS = /[-+.eE0-9]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * Reads one document of strict JSON (RFC 8259): no duplicate keys, no NaN, no comments, nothing after the document.
 *
 * @param what the document's name in messages, such as `contract`.
 * @param data UTF-8 bytes.
 * @param limit the most bytes that the document may have.
 * @throws DocumentError the bytes are not strict JSON.
 */
export function readJson(what: string, data: Uint8Array, limit: number): Json {
  return new JsonReader(what, decodeText(what, data, limit)).document();
}

/**
 * The text of UTF-8 bytes; broken ones are not mended.
 *
 * @throws DocumentError too long or not UTF-8.
 */
export function decodeText(what: string, data: Uint8Array, limit: number): string {
  if (data.length > limit) {
    throw new DocumentError(`${what}: ${data.length} bytes; allowed: at most ${limit}`, "not-json");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new DocumentError(`${what}: not UTF-8 text`, "not-json");
  }
}

class JsonReader {
  private position = 0;

  constructor(
    private readonly what: string,
    private readonly text: string,
  ) {}

  document(): Json {
    const value = this.value(0);
    this.skipBlanks();
    if (this.position < this.text.length) this.fail("something after the document");
    return value;
  }

  private value(depth: number): Json {
    if (depth > DEEPEST) {
      throw new DocumentError(`${this.what}: nested too deeply to be one of ours`, "not-json");
    }
    this.skipBlanks();
    switch (this.peek()) {
      case "{":
        return this.members(depth);
      case "[":
        return this.entries(depth);
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private members(depth: number): Map<string, Json> {
    const found = new Map<string, Json>();
    this.position++;
    this.skipBlanks();
    if (this.take("}")) return found;
    for (;;) {
      this.skipBlanks();
      if (this.peek() !== '"') this.fail("a member's name in double quotes is missing");
      const name = this.string();
      this.skipBlanks();
      if (!this.take(":")) this.fail("a colon is missing");
      const value = this.value(depth + 1);
      if (found.has(name)) {
        throw new DocumentError(
          `${this.what}: the key ${shown(name)} occurs twice; allowed: each key once`,
          "duplicate-key",
          name,
        );
      }
      found.set(name, value);
      this.skipBlanks();
      if (this.take("}")) return found;
      if (!this.take(",")) this.fail("a comma or } is missing");
    }
  }

  private entries(depth: number): Json[] {
    const found: Json[] = [];
    this.position++;
    this.skipBlanks();
    if (this.take("]")) return found;
    for (;;) {
      found.push(this.value(depth + 1));
      this.skipBlanks();
      if (this.take("]")) return found;
      if (!this.take(",")) this.fail("a comma or ] is missing");
    }
  }

  private string(): string {
    this.position++;
    let found = "";
    for (;;) {
      found += this.run(PLAIN);
      const letter = this.peek();
      if (letter === '"') {
        this.position++;
        return found;
      }
      if (letter !== "\\") this.fail("a control character inside a string");
      found += this.escape();
    }
  }

  private escape(): string {
    this.position++;
    const letter = this.peek();
    this.position++;
    if (letter === "u") return this.unicode();
    return ESCAPES[letter] ?? this.fail(`an unknown escape \\${shown(letter).slice(1, -1)}`);
  }

  private unicode(): string {
    const digits = this.text.slice(this.position, this.position + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("an escape \\u without four digits");
    this.position += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  private number(): JsonNumber {
    const start = this.position;
    const found = this.run(NUMBER_LETTERS);
    if (!NUMBER.test(found)) {
      this.position = start;
      this.fail("no JSON value");
    }
    return new JsonNumber(found);
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.position)) this.fail("no JSON value");
    this.position += word.length;
    return value;
  }

  /** Takes what a sticky expression matches here. */
  private run(expression: RegExp): string {
    expression.lastIndex = this.position;
    const found = expression.exec(this.text)?.[0] ?? "";
    this.position += found.length;
    return found;
  }

  private skipBlanks(): void {
    while (" \t\r\n".includes(this.text[this.position] ?? "x")) this.position++;
  }

  private take(letter: string): boolean {
    if (this.text[this.position] !== letter) return false;
    this.position++;
    return true;
  }

  private peek(): string {
    return this.text[this.position] ?? this.fail("it ends too early");
  }

  private fail(reason: string): never {
    throw new DocumentError(`${this.what}: not JSON: ${reason} (character ${this.position})`, "not-json");
  }
}
