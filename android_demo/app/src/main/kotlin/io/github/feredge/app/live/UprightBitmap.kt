package io.github.feredge.app.live

import android.graphics.Bitmap
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.UprightConverter

/** Draws frames as the core converts them. */
internal class UprightBitmap {
    private val converter = UprightConverter()
    private var pixels = IntArray(0)

    /**
     * The frame upright, ARGB_8888.
     *
     * @param spare drawn over if it has the right size.
     */
    fun draw(
        frame: CameraFrame,
        isMirrored: Boolean,
        spare: Bitmap?,
    ): Bitmap {
        val width = frame.uprightWidth
        val height = frame.uprightHeight
        if (pixels.size != width * height) pixels = IntArray(width * height)
        converter.argb(frame, isMirrored, pixels)
        val bitmap =
            spare?.takeIf { it.width == width && it.height == height }
                ?: Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        bitmap.setPixels(pixels, 0, width, 0, 0, width, height)
        return bitmap
    }
}
