package io.github.feredge.graphics

import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FaceBox
import io.github.feredge.core.camera.FrameScaler
import io.github.feredge.core.camera.UprightConverter
import java.nio.ByteBuffer

/** The same picture through the core's integers. */
internal object CoreRoute {
    /** An RGBA_8888 frame of opaque colors 0xFFRRGGBB. */
    fun frame(
        colors: IntArray,
        width: Int,
        height: Int,
        rotation: Int,
    ): CameraFrame {
        val rgba = ByteBuffer.allocate(4 * colors.size)
        for (color in colors) {
            rgba
                .put((color shr 16).toByte())
                .put((color shr 8).toByte())
                .put(color.toByte())
                .put(255.toByte())
        }
        rgba.rewind()
        return CameraFrame().setRgba(rgba, width, height, 4 * width, rotation)
    }

    fun upright(
        frame: CameraFrame,
        mirror: Boolean,
    ): IntArray = IntArray(frame.width * frame.height).also { UprightConverter().argb(frame, mirror, it) }

    fun scaled(
        frame: CameraFrame,
        box: BitmapRoute.Box,
        width: Int,
        height: Int,
        mirror: Boolean,
    ): IntArray {
        val left = box.left.toDouble()
        val top = box.top.toDouble()
        val face = FaceBox(left, top, left + box.width, top + box.height)
        val rgb = ByteArray(3 * width * height)
        FrameScaler(width, height).scale(frame, face, 0.0, mirror, rgb)
        return IntArray(width * height) {
            (255 shl 24) or (rgb.at(3 * it) shl 16) or (rgb.at(3 * it + 1) shl 8) or
                rgb.at(3 * it + 2)
        }
    }

    private fun ByteArray.at(index: Int): Int = this[index].toInt() and 255
}
