package io.github.feredge.graphics

import android.graphics.Bitmap
import android.graphics.Matrix

/** What Android apps do with a camera bitmap, each step by itself: turn, mirror, crop, scale. */
internal object BitmapRoute {
    /**
     * @property left edge of the crop in the upright picture.
     * @property top edge.
     * @property width of the crop.
     * @property height of the crop.
     */
    class Box(
        val left: Int,
        val top: Int,
        val width: Int,
        val height: Int,
    )

    fun bitmap(
        colors: IntArray,
        width: Int,
        height: Int,
        config: Bitmap.Config = Bitmap.Config.ARGB_8888,
    ): Bitmap {
        val bitmap = Bitmap.createBitmap(width, height, config)
        bitmap.setPixels(colors, 0, width, 0, 0, width, height)
        return bitmap
    }

    fun upright(
        stored: Bitmap,
        rotation: Int,
        mirror: Boolean,
    ): Bitmap {
        val turned = if (rotation == 0) stored else transformed(stored, Matrix().apply { postRotate(rotation.toFloat()) })
        return if (mirror) transformed(turned, Matrix().apply { postScale(-1f, 1f) }) else turned
    }

    private fun transformed(
        bitmap: Bitmap,
        matrix: Matrix,
    ): Bitmap = Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, false)

    fun scaled(
        upright: Bitmap,
        box: Box,
        width: Int,
        height: Int,
    ): Bitmap {
        val face = Bitmap.createBitmap(upright, box.left, box.top, box.width, box.height)
        return Bitmap.createScaledBitmap(face, width, height, true)
    }

    fun colors(bitmap: Bitmap): IntArray {
        val colors = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(colors, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        return colors
    }
}
