package io.github.feredge.core.answer

/**
 * Steadies the answers for one face over time: an exponential average that counts seconds, not frames, so that a slow
 * phone shows the same as a fast one.
 *
 * After [halfLifeSeconds] an old answer has half of its weight. The numbers are those of Python's and TypeScript's
 * smoothers: only additions, multiplications and divisions, which every language rounds alike; `pow` is not.
 * Nothing is allocated after construction.
 *
 * @param labels how many probabilities an answer has, at least 1.
 * @param halfLifeSeconds above 0; 0.15 to 0.4 look calm without lagging.
 * @param resetSeconds an answer that comes later than this starts anew.
 */
public class ProbabilitySmoother(
    labels: Int,
    private val halfLifeSeconds: Double = 0.25,
    private val resetSeconds: Double = 1.0,
) {
    init {
        require(labels >= 1) { "$labels labels; allowed: at least 1" }
        require(halfLifeSeconds > 0 && halfLifeSeconds < Double.POSITIVE_INFINITY && resetSeconds > 0) {
            "half life is $halfLifeSeconds s and reset $resetSeconds s; allowed: above 0"
        }
    }

    private val average = FloatArray(labels)
    private var lastNanos = 0L
    private var isEmpty = true

    /**
     * Adds an answer.
     *
     * @param probabilities (labels).
     * @param timestampNanos of its frame, on any clock that runs forward (`Image.getTimestamp`).
     * @return the average in label order; the same array each time, overwritten by the next call.
     */
    public fun update(
        probabilities: FloatArray,
        timestampNanos: Long,
    ): FloatArray {
        require(probabilities.size == average.size) {
            "${probabilities.size} probabilities; allowed: ${average.size}"
        }
        val seconds = (timestampNanos - lastNanos) / NANOS_IN_A_SECOND
        val isNew = isEmpty || seconds < 0 || seconds > resetSeconds
        val kept = if (isNew) 0.0 else halfToThe(seconds / halfLifeSeconds)
        for (index in average.indices) {
            average[index] = (kept * average[index] + (1 - kept) * probabilities[index]).toFloat()
        }
        lastNanos = timestampNanos
        isEmpty = false
        return average
    }

    /** Forgets everything: another face. */
    public fun reset() {
        isEmpty = true
    }

    private companion object {
        const val NANOS_IN_A_SECOND = 1e9

        /** Of the series of exp(-x): the next one is below 1e-18 for x up to ln 2. */
        const val TERMS = 17

        /** Half lives after which nothing is left that a Float could show. */
        const val FORGOTTEN = 64.0
        const val LN_2 = 0.6931471805599453

        /** 0.5 to the power of [exponent], 0 or more: the whole part by halving, the rest by the series of exp(-x). */
        fun halfToThe(exponent: Double): Double {
            if (exponent >= FORGOTTEN) return 0.0
            val whole = exponent.toInt()
            val rest = (exponent - whole) * LN_2
            var power = 1.0
            for (term in TERMS downTo 1) power = 1.0 - rest / term * power
            repeat(whole) { power *= 0.5 }
            return power
        }
    }
}
