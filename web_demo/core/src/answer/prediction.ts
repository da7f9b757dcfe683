/** A label and how probable it is. */
export interface Guess {
  readonly label: string;
  /** 0 to 1. */
  readonly probability: number;
}

/** Probabilities of all emotions of one face. */
export class Prediction {
  /**
   * @param labels in the order of the output.
   * @param values (labels), 0 to 1.
   */
  constructor(
    readonly labels: readonly string[],
    readonly values: Float32Array,
  ) {}

  /** By label, in label order. */
  get probabilities(): Map<string, number> {
    return new Map(this.labels.map((label, index) => [label, this.values[index]]));
  }

  /** The most probable one; the earlier in label order of equals. */
  get label(): string {
    return this.labels[this.values.indexOf(Math.max(...this.values))];
  }

  /**
   * The most probable labels, highest first; equals keep label order. The second guess matters: faces rarely show one
   * emotion only.
   *
   * @param count how many; more than there are gives all of them.
   */
  top(count: number): Guess[] {
    const guesses = this.labels.map((label, index) => ({ label, probability: this.values[index] }));
    return guesses.sort((one, other) => other.probability - one.probability).slice(0, Math.max(count, 0));
  }
}
