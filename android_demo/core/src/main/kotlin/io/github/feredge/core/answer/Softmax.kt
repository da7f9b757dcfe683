package io.github.feredge.core.answer

/** Probabilities of logits. */
public object Softmax {
    /**
     * Computed in float64 with the largest value taken off first, so that nothing overflows.
     *
     * @param logits (labels), finite.
     * @param out receives (labels) values 0 to 1 that sum to 1; may be [logits] itself.
     */
    @JvmStatic
    public fun apply(
        logits: FloatArray,
        out: FloatArray,
    ) {
        require(logits.isNotEmpty() && out.size == logits.size) {
            "${logits.size} logits and ${out.size} places for probabilities; allowed: the same number, at least 1"
        }
        var largest = logits[0]
        for (value in logits) largest = Math.max(largest, value)
        var sum = 0.0
        for (value in logits) sum += Math.exp(value.toDouble() - largest)
        for (index in logits.indices) out[index] = (Math.exp(logits[index].toDouble() - largest) / sum).toFloat()
    }
}
