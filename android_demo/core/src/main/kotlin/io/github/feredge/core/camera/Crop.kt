package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart

/** Step 5 of the camera specification: the integer box in the upright picture. Reused from frame to frame. */
internal class Crop {
    var left: Int = 0
        private set
    var top: Int = 0
        private set
    var width: Int = 0
        private set
    var height: Int = 0
        private set

    /** The whole picture, without margin. */
    fun setWhole(frame: CameraFrame) {
        left = 0
        top = 0
        width = frame.uprightWidth
        height = frame.uprightHeight
    }

    /**
     * A box grown by a margin in float64, rounded outwards, clipped to the picture.
     *
     * @throws FrameException not a box, or nothing of it lies inside the picture.
     */
    fun set(
        frame: CameraFrame,
        box: FaceBox,
        margin: Double,
    ) {
        box.check(margin)
        val byX = margin * (box.x1 - box.x0)
        val byY = margin * (box.y1 - box.y0)
        left = lower(box.x0 - byX)
        top = lower(box.y0 - byY)
        width = upper(box.x1 + byX, frame.uprightWidth) - left
        height = upper(box.y1 + byY, frame.uprightHeight) - top
        if (left >= frame.uprightWidth || top >= frame.uprightHeight || width <= 0 || height <= 0) {
            throw FrameException(
                "box (${box.x0}, ${box.y0}, ${box.x1}, ${box.y1}) is empty inside the upright image of " +
                    "${frame.uprightWidth}x${frame.uprightHeight}; give x0, y0, x1, y1 in its pixels",
                FramePart.BOX,
            )
        }
    }

    // Compared before they become integers: a huge margin makes them infinite.
    private fun lower(value: Double): Int = Math.floor(Math.min(Math.max(value, 0.0), Int.MAX_VALUE.toDouble())).toInt()

    private fun upper(
        value: Double,
        length: Int,
    ): Int = Math.ceil(Math.max(Math.min(value, length.toDouble()), -1.0)).toInt()
}
