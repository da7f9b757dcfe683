package io.github.feredge.android.faces

import android.graphics.Bitmap
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FaceBox
import io.github.feredge.core.camera.UprightConverter

/** Asks a finder about camera frames: converts them, upright and not mirrored, into one bitmap that is used again. */
internal class UprightFaces(
    private val finder: FaceFinder,
) {
    private val converter = UprightConverter()
    private var pixels = IntArray(0)
    private var bitmap: Bitmap? = null

    fun find(frame: CameraFrame): List<FaceBox> {
        val width = frame.uprightWidth
        val height = frame.uprightHeight
        if (pixels.size != width * height) pixels = IntArray(width * height)
        converter.argb(frame, false, pixels)
        val upright = target(width, height)
        upright.setPixels(pixels, 0, width, 0, 0, width, height)
        return finder.find(upright).filter { FaceGeometry.isInside(it, width, height) }
    }

    private fun target(
        width: Int,
        height: Int,
    ): Bitmap {
        val old = bitmap
        if (old != null && old.width == width && old.height == height) return old
        return Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).also { bitmap = it }
    }
}
