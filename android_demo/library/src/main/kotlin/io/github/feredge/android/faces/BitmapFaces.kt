package io.github.feredge.android.faces

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.PointF
import android.graphics.Rect
import android.media.FaceDetector
import io.github.feredge.core.camera.FaceBox

/**
 * Android's old detector, which every device has. It wants RGB_565 and finds frontal faces of upright heads.
 *
 * The small picture serves to find faces only; the model's pixels never come from it.
 */
public class BitmapFaces : FaceFinder {
    private var small: Bitmap? = null
    private var detector: FaceDetector? = null
    private val found = arrayOfNulls<FaceDetector.Face>(MOST)
    private val middle = PointF()
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)

    override fun find(upright: Bitmap): List<FaceBox> {
        val target = target(upright)
        Canvas(target).drawBitmap(upright, null, Rect(0, 0, target.width, target.height), paint)
        val count = detector?.findFaces(target, found) ?: 0
        val scale = upright.width.toDouble() / target.width
        return found
            .take(count)
            .filterNotNull()
            .map { face ->
                face.getMidPoint(middle)
                FaceGeometry.ofEyes(middle.x * scale, middle.y * scale, face.eyesDistance() * scale)
            }.sortedByDescending(FaceGeometry::area)
    }

    /** Half as large, with the even width that the detector asks for. */
    private fun target(upright: Bitmap): Bitmap {
        val width = upright.width / 4 * 2
        val height = upright.height / 2
        val old = small
        if (old != null && old.width == width && old.height == height) return old
        detector = FaceDetector(width, height, MOST)
        return Bitmap.createBitmap(width, height, Bitmap.Config.RGB_565).also { small = it }
    }

    private companion object {
        const val MOST = 4
    }
}
