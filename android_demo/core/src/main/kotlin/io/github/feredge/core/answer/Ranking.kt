package io.github.feredge.core.answer

/**
 * A label and how probable it is.
 *
 * @property label of the contract.
 * @property probability 0 to 1.
 */
public data class Guess(
    public val label: String,
    public val probability: Float,
)

/**
 * Sorts answers: the second guess matters, since faces rarely show one emotion only.
 *
 * @param labels in the order of the output.
 */
public class Ranking(
    private val labels: List<String>,
) {
    private val order = IntArray(labels.size)

    /**
     * Positions of the labels, most probable first; equals keep label order. Nothing is allocated.
     *
     * @param probabilities (labels).
     * @return the same array each time, overwritten by the next call.
     */
    public fun order(probabilities: FloatArray): IntArray {
        require(probabilities.size == labels.size) {
            "${probabilities.size} probabilities for ${labels.size} labels; allowed: one a label"
        }
        for (index in order.indices) {
            var place = index
            while (place > 0 && probabilities[order[place - 1]] < probabilities[index]) {
                order[place] = order[place - 1]
                place--
            }
            order[place] = index
        }
        return order
    }

    /**
     * The most probable labels.
     *
     * @param probabilities (labels).
     * @param count how many; more than there are gives all of them.
     */
    public fun top(
        probabilities: FloatArray,
        count: Int,
    ): List<Guess> = order(probabilities).take(Math.max(count, 0)).map { Guess(labels[it], probabilities[it]) }
}
