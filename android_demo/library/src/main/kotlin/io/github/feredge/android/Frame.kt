package io.github.feredge.android

import android.graphics.Bitmap
import android.graphics.ImageFormat
import android.graphics.PixelFormat
import android.media.Image
import io.github.feredge.core.camera.CameraFrame
import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** One plane of a camera picture: `Image.Plane`, or CameraX's `ImageProxy.PlaneProxy`. */
public class FramePlane(
    /** Its bytes from position to limit. */
    public val buffer: ByteBuffer,
    /** Bytes from row to row. */
    public val rowStride: Int,
    /** Bytes from sample to sample. */
    public val pixelStride: Int,
)

/**
 * A picture for [FerEdge]: planes that are read where they lie, and how to give them back.
 *
 * @property timestampNanos on any clock that runs forward; steadies answers over time.
 */
public class Frame private constructor(
    public val timestampNanos: Long,
    private val fill: (CameraFrame) -> Unit,
    private val release: () -> Unit,
) : Closeable {
    internal fun set(frame: CameraFrame) = fill(frame)

    /** Gives the picture back to the camera. [FerEdge.results] does it for every frame, those that it skips included. */
    override fun close() {
        release()
    }

    /** Frames of what cameras and apps hold. */
    public companion object {
        /**
         * A picture of Camera2, YUV_420_888 or RGBA_8888; closed with the frame.
         *
         * @param image of an `ImageReader`.
         * @param rotation degrees clockwise to upright: 0, 90, 180 or 270.
         * @throws IllegalArgumentException another format.
         */
        @JvmStatic
        public fun of(
            image: Image,
            rotation: Int,
        ): Frame {
            val planes = image.planes.map { FramePlane(it.buffer, it.rowStride, it.pixelStride) }
            return of(planes, image.format, image.width, image.height, rotation, image.timestamp, image::close)
        }

        /**
         * Planes as `Image` and CameraX's `ImageProxy` have them.
         *
         * @param planes Y, U, V or one RGBA.
         * @param format `ImageFormat.YUV_420_888` or `PixelFormat.RGBA_8888`.
         * @param width in pixels as stored.
         * @param height in pixels as stored.
         * @param rotation degrees clockwise to upright.
         * @param timestampNanos of the picture.
         * @param release gives the planes back; they stay valid until then.
         * @throws IllegalArgumentException another format or number of planes.
         */
        @JvmStatic
        @JvmOverloads
        @Suppress("LongParameterList")
        public fun of(
            planes: List<FramePlane>,
            format: Int,
            width: Int,
            height: Int,
            rotation: Int,
            timestampNanos: Long,
            release: () -> Unit = {},
        ): Frame {
            val wanted = mapOf(ImageFormat.YUV_420_888 to YUV_PLANES, PixelFormat.RGBA_8888 to 1)
            require(wanted[format] == planes.size) {
                "the picture has the format $format and ${planes.size} planes; allowed: " +
                    "YUV_420_888 (${ImageFormat.YUV_420_888}) with 3 planes, RGBA_8888 (${PixelFormat.RGBA_8888}) with 1"
            }
            val fill = { frame: CameraFrame -> set(frame, planes, width, height, rotation) }
            return Frame(timestampNanos, fill, release)
        }

        /**
         * A decoded picture of any configuration, in sRGB as Android converts it.
         *
         * @param bitmap opaque; copied at once.
         * @param rotation degrees clockwise to upright, such as the EXIF orientation says.
         * @param timestampNanos of the picture.
         */
        @JvmStatic
        @JvmOverloads
        public fun of(
            bitmap: Bitmap,
            rotation: Int = 0,
            timestampNanos: Long = 0,
        ): Frame {
            val (width, height) = bitmap.width to bitmap.height
            val bytes = rgba(bitmap)
            return Frame(timestampNanos, { it.setRgba(bytes, width, height, BYTES * width, rotation) }, {})
        }

        private fun set(
            frame: CameraFrame,
            planes: List<FramePlane>,
            width: Int,
            height: Int,
            rotation: Int,
        ) {
            val first = planes[0]
            if (planes.size == 1) {
                frame.setRgba(first.buffer, width, height, first.rowStride, rotation)
                return
            }
            val (y, u, v) = planes
            frame.setYuv420(
                y.buffer,
                u.buffer,
                v.buffer,
                width,
                height,
                y.rowStride,
                y.pixelStride,
                u.rowStride,
                u.pixelStride,
                v.rowStride,
                v.pixelStride,
                rotation,
            )
        }

        /** By getPixels: copyPixelsToBuffer has another order of bytes on some machines, and hardware bitmaps have no pixels. */
        private fun rgba(bitmap: Bitmap): ByteBuffer {
            val isHardware = bitmap.config == Bitmap.Config.HARDWARE
            val readable = if (isHardware) bitmap.copy(Bitmap.Config.ARGB_8888, false) else bitmap
            val pixels = IntArray(bitmap.width * bitmap.height)
            readable.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
            for (index in pixels.indices) pixels[index] = Integer.rotateLeft(pixels[index], ALPHA_BITS)
            val bytes = ByteBuffer.allocateDirect(BYTES * pixels.size).order(ByteOrder.BIG_ENDIAN)
            bytes.asIntBuffer().put(pixels)
            return bytes
        }

        private const val YUV_PLANES = 3
        private const val BYTES = 4
        private const val ALPHA_BITS = 8
    }
}
