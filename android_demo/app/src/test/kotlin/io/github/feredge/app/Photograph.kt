package io.github.feredge.app

import android.graphics.BitmapFactory
import android.os.Handler
import io.github.feredge.app.camera.Picture
import io.github.feredge.app.camera.PictureListener
import io.github.feredge.app.camera.PicturePlane
import io.github.feredge.app.camera.PictureSource
import io.github.feredge.core.camera.FaceBox
import java.nio.ByteBuffer
import kotlin.concurrent.thread
import kotlin.math.roundToInt

/**
 * A photograph before the camera: Eileen Collins, by NASA, in the public domain, as scikit-image ships it (512 x 512).
 *
 * @param isWide 512 x 384, as a phone on its side sees it; else 384 x 512.
 */
class Photograph(
    private val isWide: Boolean,
) {
    private val width = if (isWide) SIDE else SHORT
    private val height = if (isWide) SHORT else SIDE
    private val left = if (isWide) 0 else LEFT
    private val planes = planes()

    /** Where the frontal cascade finds the face. */
    val box: FaceBox = FaceBox(177.0 - left, 66.0, 272.0 - left, 161.0)

    /** The picture anew. */
    fun picture(timestampNanos: Long): Picture {
        val (y, u, v) = planes
        val half = width / 2
        return Picture(
            width,
            height,
            PicturePlane(ByteBuffer.wrap(y), width, 1),
            PicturePlane(ByteBuffer.wrap(u), half, 1),
            PicturePlane(ByteBuffer.wrap(v), half, 1),
            0,
            timestampNanos,
            isFront = false,
            sensorFaces = listOf(box),
        )
    }

    /** BT.601, full range; chroma of every second pixel. */
    private fun planes(): Triple<ByteArray, ByteArray, ByteArray> {
        val stream = requireNotNull(javaClass.getResourceAsStream("/photo/astronaut.jpg"))
        val bitmap = stream.use { requireNotNull(BitmapFactory.decodeStream(it)) }
        val y = ByteArray(width * height)
        val (u, v) = List(2) { ByteArray(width / 2 * (height / 2)) }
        for (row in 0 until height) {
            for (column in 0 until width) {
                val pixel = bitmap.getPixel(left + column, row)
                val (r, g, b) = listOf(pixel shr 16 and 255, pixel shr 8 and 255, pixel and 255)
                y[row * width + column] = byte(0.299 * r + 0.587 * g + 0.114 * b)
                if (row % 2 == 1 || column % 2 == 1) continue
                val place = row / 2 * (width / 2) + column / 2
                u[place] = byte(128 - 0.168736 * r - 0.331264 * g + 0.5 * b)
                v[place] = byte(128 + 0.5 * r - 0.418688 * g - 0.081312 * b)
            }
        }
        return Triple(y, u, v)
    }

    private fun byte(value: Double): Byte = value.roundToInt().coerceIn(0, 255).toByte()

    /** A camera that sees nothing else. */
    fun camera(): PictureSource =
        object : PictureSource {
            override val needsPermission: Boolean = false

            @Volatile
            private var isRunning = false

            override fun start(
                isFront: Boolean,
                displayDegrees: Int,
                handler: Handler,
                listener: PictureListener,
            ) {
                isRunning = true
                thread(isDaemon = true) {
                    var time = 0L
                    while (isRunning) {
                        time += PAUSE_MILLIS * 1_000_000
                        val next = time
                        handler.post { if (isRunning) listener.onPicture(picture(next)) }
                        Thread.sleep(PAUSE_MILLIS)
                    }
                }
            }

            override fun turn(displayDegrees: Int) = Unit

            override fun retry() = Unit

            override fun stop() {
                isRunning = false
            }
        }

    private companion object {
        const val SIDE = 512
        const val SHORT = 384
        const val LEFT = 32
        const val PAUSE_MILLIS = 50L
    }
}
