/** Skia computes so many target pixels of a row from one starting point. */
const CHUNK = 127;

const TWO_32 = 2 ** 32;
const TWO_31 = 2 ** 31;

/**
 * One axis of the scaler, step 6 of the camera specification: both neighbors of each target pixel, and the sixteenths of
 * the second one. Filled again for each frame.
 *
 * The specification's 64-bit integers stay below 2^49 here (`k * D` is at most the source's length in 1/2^32 pixels), so
 * float64 holds every one of them exactly.
 */
export class Axis {
  /** First neighbor, 0 to source-1. */
  readonly low: Int32Array;
  /** Second neighbor, 0 to source-1. */
  readonly high: Int32Array;
  /** Sixteenths of the second neighbor, 0 to 15. */
  readonly weight: Int32Array;

  /**
   * @param target pixels after scaling.
   * @param chunked the x axis, which Skia steps in chunks; the y axis takes each row by itself.
   */
  constructor(
    readonly target: number,
    private readonly chunked: boolean,
  ) {
    this.low = new Int32Array(target);
    this.high = new Int32Array(target);
    this.weight = new Int32Array(target);
  }

  /**
   * Computes the axis.
   *
   * @param source pixels before scaling.
   */
  fill(source: number): void {
    const inverse = Math.fround(1 / Math.fround(this.target / source));
    const step = Math.trunc(inverse * TWO_32);
    let start = 0;
    let first = 0;
    for (let position = 0; position < this.target; position++) {
      if (!this.chunked || position % CHUNK === 0) {
        start = position;
        // One float32 multiplication; the shift by 32 bits is exact.
        first = Math.trunc(Math.fround((position + 0.5) * inverse) * TWO_32) - TWO_31;
      }
      const grid = Math.floor((first + (position - start) * step) / 65536);
      const whole = Math.floor(grid / 65536);
      this.low[position] = clamp(whole, source - 1);
      this.high[position] = clamp(whole + 1, source - 1);
      this.weight[position] = Math.floor(grid / 4096) & 15;
    }
  }
}

function clamp(value: number, most: number): number {
  return value < 0 ? 0 : value > most ? most : value;
}
