/**
 * Probabilities of logits, computed in float64 with the largest value taken off first, so that nothing overflows.
 *
 * @param logits (labels), finite.
 * @returns (labels), 0 to 1, sum 1; a new array.
 */
export function softmax(logits: Float32Array): Float32Array {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Float32Array.from(powers, (power) => power / sum);
}
