package io.github.feredge.app.screen

import android.content.Context
import io.github.feredge.app.R

/** Words for labels: those of FER+ in the phone's language, any other as the contract writes it. */
object EmotionNames {
    private val known =
        mapOf(
            "neutral" to R.string.emotion_neutral,
            "happiness" to R.string.emotion_happiness,
            "surprise" to R.string.emotion_surprise,
            "sadness" to R.string.emotion_sadness,
            "anger" to R.string.emotion_anger,
            "disgust" to R.string.emotion_disgust,
            "fear" to R.string.emotion_fear,
            "contempt" to R.string.emotion_contempt,
        )

    /** The word for a label. */
    fun of(
        context: Context,
        label: String,
    ): String = known[label]?.let { context.getString(it) } ?: label
}
