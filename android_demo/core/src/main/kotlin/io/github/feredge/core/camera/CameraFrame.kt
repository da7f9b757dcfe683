package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart
import java.nio.ByteBuffer

/**
 * One camera picture as the camera gave it: step 1 of the camera specification.
 *
 * A frame is made once and set again for each picture, so that nothing is allocated while the camera runs. It does not
 * copy: the buffers must stay valid (Android: do not close the `Image`) until the picture has been prepared. Bytes count
 * from each buffer's position to its limit; position and limit are as before when a call returns, but a buffer must not
 * be read by another thread meanwhile. Only bytes that are addressed are read, so the last row may be short.
 *
 * Not for use by several threads at once.
 */
public class CameraFrame {
    /** Whether the picture is YUV_420_888; otherwise RGBA_8888. */
    public var isYuv: Boolean = false
        private set

    /** Pixels in a row as stored, before rotation; 0 while nothing is set. */
    public var width: Int = 0
        private set

    /** Rows as stored, before rotation; 0 while nothing is set. */
    public var height: Int = 0
        private set

    /** Degrees clockwise that make the picture upright: 0, 90, 180 or 270. */
    public var rotation: Int = 0
        private set

    /** Width of the upright picture in pixels. */
    public val uprightWidth: Int get() = if (isSideways) height else width

    /** Height of the upright picture in pixels. */
    public val uprightHeight: Int get() = if (isSideways) width else height

    internal val isSideways: Boolean get() = rotation == 90 || rotation == 270

    /** Y or RGBA. */
    internal val first: Plane = Plane()
    internal val u: Plane = Plane()
    internal val v: Plane = Plane()

    /**
     * Takes the planes of a YUV_420_888 picture (I420, NV12, NV21), BT.601 full range.
     *
     * The parameters are those of Android's `Image.Plane` and CameraX's `ImageProxy.PlaneProxy`.
     *
     * @param y luma, one byte a pixel.
     * @param u first chroma plane from its first sample on, ceil(width/2) x ceil(height/2) samples.
     * @param v second chroma plane from its first sample on, as large as [u].
     * @param width in pixels, 1 to 65536.
     * @param height in pixels, 1 to 65536.
     * @param yRowStride bytes from row to row of [y].
     * @param yPixelStride 1.
     * @param uRowStride bytes from row to row of [u].
     * @param uPixelStride 1 (planar) or 2 (interleaved).
     * @param vRowStride equal to [uRowStride].
     * @param vPixelStride equal to [uPixelStride].
     * @param rotation degrees clockwise to upright (CameraX: `imageInfo.rotationDegrees`).
     * @return this frame.
     * @throws FrameException naming plane, value and need; the frame then holds no picture.
     */
    @Suppress("LongParameterList")
    public fun setYuv420(
        y: ByteBuffer,
        u: ByteBuffer,
        v: ByteBuffer,
        width: Int,
        height: Int,
        yRowStride: Int,
        yPixelStride: Int,
        uRowStride: Int,
        uPixelStride: Int,
        vRowStride: Int,
        vPixelStride: Int,
        rotation: Int,
    ): CameraFrame {
        clear()
        checkSize(width, height)
        checkPixelStrides(yPixelStride, uPixelStride, vPixelStride)
        if (uRowStride != vRowStride) {
            throw FrameException(
                "row stride of u is $uRowStride and that of v is $vRowStride; allowed: the same",
                FramePart.STRIDE,
            )
        }
        val columns = (width + 1) / 2
        val rows = (height + 1) / 2
        checkRowStride("y", yRowStride, width)
        checkRowStride("u and v", uRowStride, (columns - 1) * uPixelStride + 1)
        checkRotation(rotation)
        this.first.set("y", FramePart.Y, y, yRowStride, 1, height, width)
        this.u.set("u", FramePart.U, u, uRowStride, uPixelStride, rows, columns)
        this.v.set("v", FramePart.V, v, vRowStride, vPixelStride, rows, columns)
        isYuv = true
        place(width, height, rotation)
        return this
    }

    /**
     * Takes an RGBA_8888 picture; alpha is not looked at.
     *
     * @param rgba four bytes a pixel in memory order R, G, B, A.
     * @param width in pixels, 1 to 65536.
     * @param height in pixels, 1 to 65536.
     * @param rowStride bytes from row to row, at least `4 * width`.
     * @param rotation degrees clockwise to upright.
     * @return this frame.
     * @throws FrameException naming plane, value and need; the frame then holds no picture.
     */
    public fun setRgba(
        rgba: ByteBuffer,
        width: Int,
        height: Int,
        rowStride: Int,
        rotation: Int,
    ): CameraFrame {
        clear()
        checkSize(width, height)
        checkRowStride("rgba", rowStride, RGBA_BYTES * width)
        checkRotation(rotation)
        first.set("rgba", FramePart.RGBA, rgba, rowStride, 1, height, RGBA_BYTES * width)
        isYuv = false
        place(width, height, rotation)
        return this
    }

    /** Lets go of the camera's buffers, so that the image can be closed. */
    public fun clear() {
        width = 0
        height = 0
        rotation = 0
        first.clear()
        u.clear()
        v.clear()
    }

    internal fun requireSet() {
        if (width == 0) throw FrameException("size of the frame is 0x0: set a picture first", FramePart.SIZE)
    }

    private fun place(
        width: Int,
        height: Int,
        rotation: Int,
    ) {
        this.width = width
        this.height = height
        this.rotation = rotation
    }

    private fun checkSize(
        width: Int,
        height: Int,
    ) {
        if (width !in 1..LARGEST_SIDE || height !in 1..LARGEST_SIDE) {
            throw FrameException("size ${width}x$height: width and height must be 1 to $LARGEST_SIDE", FramePart.SIZE)
        }
    }

    private fun checkPixelStrides(
        y: Int,
        u: Int,
        v: Int,
    ) {
        if (y != 1) throw FrameException("pixel stride of y is $y; allowed: 1", FramePart.STRIDE)
        if (u != v) {
            throw FrameException("pixel stride of u is $u and that of v is $v; allowed: the same", FramePart.STRIDE)
        }
        if (u != 1 && u != 2) {
            throw FrameException("pixel stride of u and v is $u; allowed: 1, 2", FramePart.STRIDE)
        }
    }

    private fun checkRowStride(
        plane: String,
        stride: Int,
        least: Int,
    ) {
        if (stride < least) {
            throw FrameException(
                "row stride of $plane is $stride; a row has $least bytes, so $least is the least",
                FramePart.STRIDE,
            )
        }
    }

    private fun checkRotation(rotation: Int) {
        if (rotation != 0 && rotation != 90 && rotation != 180 && rotation != 270) {
            throw FrameException("rotation is $rotation; allowed: 0, 90, 180, 270", FramePart.ROTATION)
        }
    }

    internal companion object {
        const val LARGEST_SIDE: Int = 1 shl 16
        const val RGBA_BYTES: Int = 4
    }
}
