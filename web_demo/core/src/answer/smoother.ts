import { FerEdgeError } from "../errors.js";

const NANOS_IN_A_SECOND = 1e9;

/** Of the series of exp(-x): the next one is below 1e-18 for x up to ln 2. */
const TERMS = 17;

/** Half lives after which nothing is left that a float32 could show. */
const FORGOTTEN = 64;
const LN_2 = 0.6931471805599453;

/** How a smoother forgets. */
export interface SmootherOptions {
  /** Above 0; 0.15 to 0.4 look calm without lagging; 0.25 if not given. */
  halfLifeSeconds?: number;
  /** Above 0; an answer that comes later than this starts anew; 1 if not given. */
  resetSeconds?: number;
}

/**
 * Steadies the answers for one face over time: an exponential average that counts seconds, not frames, so that a slow
 * device shows the same as a fast one.
 *
 * After a half life an old answer has half of its weight. The numbers are those of Python's and Kotlin's smoothers, bit
 * for bit: only operations that every language rounds alike. Nothing is allocated after construction.
 */
export class ProbabilitySmoother {
  private readonly average: Float32Array;
  private readonly halfLife: number;
  private readonly resetAfter: number;
  private last = Number.NaN;

  /**
   * @param labels how many probabilities an answer has, at least 1.
   * @throws FerEdgeError a number that is not allowed.
   */
  constructor(labels: number, options: SmootherOptions = {}) {
    const { halfLifeSeconds = 0.25, resetSeconds = 1 } = options;
    if (!(labels >= 1)) throw new FerEdgeError(`${labels} labels; allowed: at least 1`);
    if (!(halfLifeSeconds > 0 && halfLifeSeconds < Infinity && resetSeconds > 0)) {
      throw new FerEdgeError(`half life is ${halfLifeSeconds} s and reset ${resetSeconds} s; allowed: above 0`);
    }
    this.average = new Float32Array(labels);
    this.halfLife = halfLifeSeconds;
    this.resetAfter = resetSeconds;
  }

  /**
   * Adds an answer.
   *
   * @param probabilities (labels), of one picture.
   * @param timeNanos of that picture, on any clock that runs forward: `performance.now() * 1e6`.
   * @returns (labels), the average; the same array each time, overwritten by the next call.
   * @throws FerEdgeError another number of probabilities than labels.
   */
  update(probabilities: ArrayLike<number>, timeNanos: number): Float32Array {
    const { average } = this;
    if (probabilities.length !== average.length) {
      throw new FerEdgeError(`${probabilities.length} probabilities; allowed: ${average.length}`);
    }
    const kept = this.kept(timeNanos);
    for (let index = 0; index < average.length; index++) {
      average[index] = kept * average[index] + (1 - kept) * Math.fround(probabilities[index]);
    }
    this.last = timeNanos;
    return average;
  }

  /** Forgets everything: another face. */
  reset(): void {
    this.last = Number.NaN;
  }

  /** The weight of the average so far; 0 for the first answer, and after a pause or a step back in time. */
  private kept(timeNanos: number): number {
    const seconds = (timeNanos - this.last) / NANOS_IN_A_SECOND;
    return seconds >= 0 && seconds <= this.resetAfter ? halfToThe(seconds / this.halfLife) : 0;
  }
}

/** 0.5 to a power of 0 or more: the whole part by halving, the rest by the series of exp(-x). */
function halfToThe(exponent: number): number {
  if (exponent >= FORGOTTEN) return 0;
  const whole = Math.floor(exponent);
  const rest = (exponent - whole) * LN_2;
  let power = 1;
  for (let term = TERMS; term > 0; term--) power = 1 - (rest / term) * power;
  for (let step = 0; step < whole; step++) power *= 0.5;
  return power;
}
