package io.github.feredge.app.camera

import io.github.feredge.core.camera.FaceBox

/**
 * Holds a camera to its promise to find faces: where it shows none for two seconds, somebody else has to look as well. Some
 * devices promise and never deliver. Free of Android.
 */
class FacePromise {
    private var lastNanos: Long? = null

    /**
     * The faces that one should believe.
     *
     * @param timestampNanos of the picture.
     * @param found by the camera in this picture; null: it told nothing about it.
     * @return boxes; null: nobody can say, look yourself.
     */
    fun faces(
        timestampNanos: Long,
        found: List<SensorFace>?,
    ): List<FaceBox>? {
        val last = lastNanos ?: timestampNanos.also { lastNanos = it }
        val boxes = found?.filter { it.score >= LEAST_SCORE }?.map { it.box }
        if (!boxes.isNullOrEmpty()) {
            lastNanos = timestampNanos
            return boxes
        }
        return if (timestampNanos - last >= PATIENCE_NANOS) null else boxes
    }

    /** What a promise has to keep. */
    companion object {
        /** Documentation of `Face.getScore`: for boxes on a screen, leave out what is below 50. */
        const val LEAST_SCORE: Int = 50

        /** Two seconds. */
        const val PATIENCE_NANOS: Long = 2_000_000_000
    }
}
