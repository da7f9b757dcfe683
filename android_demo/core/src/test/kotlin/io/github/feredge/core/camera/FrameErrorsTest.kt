package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer

/** Buffers, strides, rotations and boxes that do not fit: each error names the part, the value and the need. */
class FrameErrorsTest {
    private fun fault(block: () -> Unit): FrameException = assertThrows(FrameException::class.java) { block() }

    private fun bytes(count: Int): ByteBuffer = ByteBuffer.allocate(count)

    /** NV21 of 6x4: y needs 24; u and v need 6*1 + 2*2 + 1 = 11 bytes. */
    private fun nv21(
        y: Int = 24,
        u: Int = 11,
        v: Int = 11,
        yPixelStride: Int = 1,
        uvStride: Int = 6,
        vStride: Int = uvStride,
        rotation: Int = 0,
    ): CameraFrame =
        CameraFrame().setYuv420(bytes(y), bytes(u), bytes(v), 6, 4, 6, yPixelStride, uvStride, 2, vStride, 2, rotation)

    @Test
    fun theLastRowMayBeShort() {
        assertEquals(6, nv21().width)
    }

    @Test
    fun aShortPlaneIsNamedWithItsLengthAndNeed() {
        assertEquals("plane y has 23 bytes; its last addressed sample needs 24", fault { nv21(y = 23) }.message)
        assertEquals("plane u has 10 bytes; its last addressed sample needs 11", fault { nv21(u = 10) }.message)
        assertEquals(FramePart.V, fault { nv21(v = 10) }.part)
        assertEquals(FramePart.RGBA, fault { CameraFrame().setRgba(bytes(15), 2, 2, 8, 0) }.part)
    }

    @Test
    fun aBufferCountsFromItsPosition() {
        val moved = bytes(16).also { it.position(1) }
        assertEquals(
            "plane rgba has 15 bytes; its last addressed sample needs 16",
            fault {
                CameraFrame().setRgba(moved, 2, 2, 8, 0)
            }.message,
        )
    }

    @Test
    fun stridesThatCannotBeAreRefused() {
        assertEquals(FramePart.STRIDE, fault { nv21(yPixelStride = 2) }.part)
        assertEquals(FramePart.STRIDE, fault { nv21(uvStride = 4) }.part)
        assertEquals(FramePart.STRIDE, fault { nv21(vStride = 7) }.part)
        assertEquals(FramePart.STRIDE, fault { CameraFrame().setRgba(bytes(99), 2, 2, 7, 0) }.part)
    }

    @Test
    fun aStrideThatOverflowsIntegersIsTooShortABuffer() {
        assertEquals(FramePart.RGBA, fault { CameraFrame().setRgba(bytes(99), 1, 65536, Int.MAX_VALUE, 0) }.part)
    }

    @Test
    fun rotationsAndSizesThatCannotBeAreRefused() {
        assertEquals("rotation is 45; allowed: 0, 90, 180, 270", fault { nv21(rotation = 45) }.message)
        assertEquals(FramePart.SIZE, fault { CameraFrame().setRgba(bytes(4), 0, 1, 4, 0) }.part)
        assertEquals(FramePart.SIZE, fault { FrameScaler(0, 5) }.part)
        assertEquals(FramePart.SIZE, fault { FrameScaler(4, 4).scale(CameraFrame(), null, 0.0, false, ByteArray(48)) }.part)
        assertEquals(FramePart.SIZE, fault { FrameScaler(4, 4).scale(nv21(), null, 0.0, false, ByteArray(47)) }.part)
    }

    @Test
    fun aFrameThatRefusedAPictureHoldsNone() {
        val frame = nv21()
        fault { frame.setRgba(bytes(1), 2, 2, 8, 0) }
        assertEquals(0, frame.width)
    }

    @Test
    fun boxesThatAreNoneAreRefused() {
        val boxes =
            listOf(
                FaceBox(3.0, 0.0, 1.0, 2.0),
                FaceBox(0.0, 3.0, 1.0, 2.0),
                FaceBox(Double.NaN, 0.0, 1.0, 1.0),
                FaceBox(0.0, 0.0, Double.POSITIVE_INFINITY, 1.0),
                FaceBox(6.0, 0.0, 9.0, 3.0),
                FaceBox(-4.0, 0.0, 0.0, 3.0),
                FaceBox(2.0, 2.0, 2.0, 2.0),
                FaceBox(1e14, 1e14, 2e14, 2e14),
            )
        for (box in boxes) {
            val fault = fault { FrameScaler(2, 2).scale(nv21(), box, 0.0, false, ByteArray(12)) }
            assertEquals(FramePart.BOX, fault.part)
            assertTrue(Regex("\\bbox\\b").containsMatchIn(fault.message!!), fault.message)
        }
    }

    @Test
    fun marginsThatAreNoneAreRefused() {
        for (margin in listOf(-0.1, Double.NaN, Double.POSITIVE_INFINITY)) {
            val box = FaceBox(0.0, 0.0, 2.0, 2.0)
            assertEquals(FramePart.BOX, fault { FrameScaler(2, 2).scale(nv21(), box, margin, false, ByteArray(12)) }.part)
        }
    }

    /** A box (2, 1, 4, 3) with margin 0.25 grows by half a pixel on each side. */
    @Test
    fun aBoxGrowsByItsMargin() {
        assertEquals(FaceBox(1.5, 0.5, 4.5, 3.5), FaceBox(2.0, 1.0, 4.0, 3.0).grown(0.25))
    }

    /** In a stored frame of 6x4, (1, 0)-(3, 2) turned clockwise by 90 lies at x 4-2 to 4-0, y 1 to 3. */
    @Test
    fun aBoxTurnsWithItsFrame() {
        val box = FaceBox(1.0, 0.0, 3.0, 2.0)
        assertEquals(FaceBox(2.0, 1.0, 4.0, 3.0), box.upright(6, 4, 90))
        assertEquals(FaceBox(3.0, 2.0, 5.0, 4.0), box.upright(6, 4, 180))
        assertEquals(FaceBox(0.0, 3.0, 2.0, 5.0), box.upright(6, 4, 270))
        assertEquals(FaceBox(0.0, 1.0, 2.0, 3.0), box.upright(6, 4, 90, mirror = true))
        assertEquals(FramePart.ROTATION, fault { box.upright(6, 4, 1) }.part)
    }
}
