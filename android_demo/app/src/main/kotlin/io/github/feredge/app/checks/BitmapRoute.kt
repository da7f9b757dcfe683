package io.github.feredge.app.checks

import android.graphics.Bitmap
import android.os.Build
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FrameScaler
import io.github.feredge.core.camera.UprightConverter
import io.github.feredge.core.golden.GoldenCase

/**
 * Compares the core's scaler with this device's `Bitmap.createScaledBitmap`: the camera specification says that they give
 * the same bytes from Android 10 on. The app itself never takes this route.
 *
 * @param width of the model's input.
 * @param height of the model's input.
 */
class BitmapRoute(
    private val width: Int,
    private val height: Int,
) : CaseCheck {
    override fun fault(case: GoldenCase): String? {
        // Older releases step along a row in 16.16 fixed point; that difference is known.
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q || case.error != null) return null
        val frame = case.setFrame(CameraFrame())
        val ours = ByteArray(3 * width * height)
        FrameScaler(width, height).scale(frame, null, 0.0, case.mirror, ours)
        val theirs = scaled(upright(frame, case.mirror))
        val differing = theirs.indices.count { theirs[it] != argb(ours, it) }
        return if (differing == 0) null else "${case.name}: $differing pixels differ from Android's own createScaledBitmap"
    }

    private fun upright(
        frame: CameraFrame,
        isMirrored: Boolean,
    ): Bitmap {
        val pixels = IntArray(frame.width * frame.height)
        UprightConverter().argb(frame, isMirrored, pixels)
        return Bitmap.createBitmap(pixels, frame.uprightWidth, frame.uprightHeight, Bitmap.Config.ARGB_8888)
    }

    private fun scaled(upright: Bitmap): IntArray {
        val pixels = IntArray(width * height)
        Bitmap.createScaledBitmap(upright, width, height, true).getPixels(pixels, 0, width, 0, 0, width, height)
        return pixels
    }

    private fun argb(
        rgb: ByteArray,
        index: Int,
    ): Int =
        (255 shl 24) or ((rgb[3 * index].toInt() and 255) shl 16) or ((rgb[3 * index + 1].toInt() and 255) shl 8) or
            (rgb[3 * index + 2].toInt() and 255)
}
