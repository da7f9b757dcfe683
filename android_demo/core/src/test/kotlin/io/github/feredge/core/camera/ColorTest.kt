package io.github.feredge.core.camera

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.CsvSource
import java.nio.ByteBuffer

/** Step 2 with the arithmetic worked by hand. */
class ColorTest {
    // y1 = ((Y*257*16320) >> 16) + 32; for Y = 81: 81*257*16320 = 339733440, >> 16 = 5183, + 32 = 5215.
    // R = (5215 + 90*112) >> 6 = 15295 >> 6 = 238, G = (5215 + 22*38 - 46*112) >> 6 = 899 >> 6 = 14,
    // B = (5215 - 113*38) >> 6 = 921 >> 6 = 14. The others are the specification's check values; (0,0,0) shows the clamp
    // and the arithmetic shift: R = (32 - 11520) >> 6 is negative, G = (32 + 2816 + 5888) >> 6 = 8736 >> 6 = 136.
    @ParameterizedTest
    @CsvSource(
        "16, 128, 128, 16, 16, 16",
        "81, 90, 240, 238, 14, 14",
        "145, 54, 34, 13, 238, 14",
        "41, 240, 110, 16, 15, 239",
        "0, 0, 0, 0, 136, 0",
        "255, 255, 255, 255, 120, 255",
    )
    fun aPixelIsConvertedAsLibyuvDoes(
        y: Int,
        u: Int,
        v: Int,
        red: Int,
        green: Int,
        blue: Int,
    ) {
        val frame = CameraFrame().setYuv420(one(y), one(u), one(v), 1, 1, 1, 1, 1, 1, 1, 1, 0)
        val rgb = ByteArray(3)
        UprightConverter().rgb(frame, false, rgb)
        assertArrayEquals(byteArrayOf(red.toByte(), green.toByte(), blue.toByte()), rgb)
    }

    /** Pixel (x, y) takes chroma sample (x>>1, y>>1): in a 3x3 picture the third row and column have their own. */
    @Test
    fun chromaOfOddSizesIsNotInterpolated() {
        val y = bytes(*IntArray(9) { 100 })
        val u = bytes(128, 128, 128, 128)
        val v = bytes(128, 138, 148, 158)
        val frame = CameraFrame().setYuv420(y, u, v, 3, 3, 3, 1, 2, 1, 2, 1, 0)
        val rgb = ByteArray(27)
        UprightConverter().rgb(frame, false, rgb)
        val reds = IntArray(9) { rgb[3 * it].toInt() and 255 }
        // y1 = ((100*257*16320) >> 16) + 32 = 6431; v-128 = 0, 10, 20, 30: 6431 >> 6 = 100, 7331 >> 6 = 114,
        // 8231 >> 6 = 128, 9131 >> 6 = 142.
        assertArrayEquals(intArrayOf(100, 100, 114, 100, 100, 114, 128, 128, 142), reds)
    }

    /** A color integer of Android is 0xAARRGGBB. */
    @Test
    fun colorIntegersAreOpaque() {
        val frame = CameraFrame().setRgba(bytes(1, 2, 3, 0), 1, 1, 4, 0)
        val colors = IntArray(1)
        UprightConverter().argb(frame, false, colors)
        assertArrayEquals(intArrayOf(0xFF010203.toInt()), colors)
    }

    /** Four pixels 1 2 / 3 4, turned clockwise by 90: 3 1 / 4 2; mirrored after that: 1 3 / 2 4. */
    @Test
    fun rotationIsClockwiseAndTheMirrorFollowsIt() {
        val rgba = bytes(1, 1, 1, 9, 2, 2, 2, 9, 3, 3, 3, 9, 4, 4, 4, 9)
        val turned = { rotation: Int, mirror: Boolean ->
            val rgb = ByteArray(12)
            UprightConverter().rgb(CameraFrame().setRgba(rgba, 2, 2, 8, rotation), mirror, rgb)
            List(4) { rgb[3 * it].toInt() }
        }
        assertEquals(listOf(3, 1, 4, 2), turned(90, false))
        assertEquals(listOf(4, 3, 2, 1), turned(180, false))
        assertEquals(listOf(2, 4, 1, 3), turned(270, false))
        assertEquals(listOf(1, 3, 2, 4), turned(90, true))
    }

    private fun one(value: Int) = bytes(value)

    private fun bytes(vararg values: Int): ByteBuffer = ByteBuffer.wrap(ByteArray(values.size) { values[it].toByte() })
}
