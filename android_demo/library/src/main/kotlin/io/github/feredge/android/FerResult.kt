package io.github.feredge.android

import io.github.feredge.core.answer.Guess
import io.github.feredge.core.answer.Ranking
import io.github.feredge.core.camera.FaceBox

/**
 * A face and its emotions.
 *
 * @property box in pixels of the upright picture, not mirrored.
 * @property labels in the model's order.
 * @property probabilities one a label, 0 to 1.
 */
public class FaceEmotions(
    public val box: FaceBox,
    public val labels: List<String>,
    public val probabilities: FloatArray,
) {
    /** The likeliest emotion. */
    public val first: Guess get() = top(1).first()

    /** The likeliest emotions; the second guess matters, since faces rarely show one emotion only. */
    public fun top(count: Int): List<Guess> = Ranking(labels).top(probabilities, count)

    override fun toString(): String = top(2).joinToString { "${it.label} ${it.probability}" }
}

/**
 * What was found in a picture.
 *
 * @property faces largest first; empty: no face was found.
 * @property width of the upright picture.
 * @property height of the upright picture.
 * @property timestampNanos of the picture.
 * @property isRecovered whether an accelerator failed at this picture, so that from here on the CPU works;
 *   [FerEdge.fallback] says why.
 */
public class FerResult(
    public val faces: List<FaceEmotions>,
    public val width: Int,
    public val height: Int,
    public val timestampNanos: Long,
    public val isRecovered: Boolean,
) {
    /** The largest face; null: none was found. */
    public val face: FaceEmotions? get() = faces.firstOrNull()

    override fun toString(): String = if (faces.isEmpty()) "no face" else faces.joinToString("; ")
}
