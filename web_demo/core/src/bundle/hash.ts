/**
 * SHA-256 of bytes as 64 lower-case hexadecimal digits.
 *
 * By WebCrypto where there is one. Browsers hide it from pages that came over plain http from another machine (a phone
 * that opens a server in the local network), so such pages take the computation below: slower, the same answer.
 */
export async function sha256(data: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) return hexadecimal(computeSha256(data));
  return hexadecimal(new Uint8Array(await subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>)));
}

function hexadecimal(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** FIPS 180-4, section 6.2. */
export function computeSha256(data: Uint8Array): Uint8Array {
  const state = Uint32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));
  const words = new Uint32Array(64);
  const whole = data.length - (data.length % 64);
  for (let start = 0; start < whole; start += 64) addBlock(state, words, data, start);
  const tail = padded(data, whole);
  for (let start = 0; start < tail.length; start += 64) addBlock(state, words, tail, start);
  const out = new DataView(new ArrayBuffer(32));
  for (const [index, word] of state.entries()) out.setUint32(4 * index, word);
  return new Uint8Array(out.buffer);
}

/** The last bytes, a one bit, zeros and the length in bits. */
function padded(data: Uint8Array, start: number): Uint8Array {
  const rest = data.length - start;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  tail.set(data.subarray(start));
  tail[rest] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(tail.length - 4, (data.length % 2 ** 29) * 8);
  return tail;
}

function addBlock(state: Uint32Array, w: Uint32Array, data: Uint8Array, start: number): void {
  for (let t = 0, at = start; t < 16; t++, at += 4) {
    w[t] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
  }
  for (let t = 16; t < 64; t++) {
    const s0 = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ (w[t - 15] >>> 3);
    const s1 = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ (w[t - 2] >>> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const sum1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const first = (h + sum1 + ((e & f) ^ (~e & g)) + CONSTANTS[t] + w[t]) | 0;
    const sum0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] += word;
  });
}

function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number++) {
    if (found.every((prime) => number % prime !== 0)) found.push(number);
  }
  return found;
}

/** The first 32 bits of the fractional part. */
function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32);
}

const CONSTANTS = Uint32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
