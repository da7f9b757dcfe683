package io.github.feredge.core.answer

/**
 * Steadies the answers for one face over time: an exponential average that counts seconds, not frames, so that a slow
 * phone shows the same as a fast one.
 *
 * After [halfLifeSeconds] an old answer has half of its weight. Nothing is allocated after construction.
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
        require(halfLifeSeconds > 0 && resetSeconds > 0) {
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
        val seconds = (timestampNanos - lastNanos) * 1e-9
        val isNew = isEmpty || seconds < 0 || seconds > resetSeconds
        val kept = if (isNew) 0.0 else Math.pow(0.5, seconds / halfLifeSeconds)
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
}
