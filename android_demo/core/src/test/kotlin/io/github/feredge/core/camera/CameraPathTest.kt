package io.github.feredge.core.camera

import io.github.feredge.core.ContractTexts
import io.github.feredge.core.bundle.Contract
import net.jqwik.api.Example
import net.jqwik.api.ForAll
import net.jqwik.api.Property
import net.jqwik.api.constraints.IntRange
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import java.nio.ByteBuffer
import java.util.Random

/** The one-pass path against the specification's steps done one after another, slowly, on whole pictures. */
class CameraPathTest {
    @Property(tries = 250)
    fun onePassEqualsTheStepsOneAfterAnother(
        @ForAll seed: Long,
        @ForAll @IntRange(min = 1, max = 90) width: Int,
        @ForAll @IntRange(min = 1, max = 90) height: Int,
        @ForAll @IntRange(min = 1, max = 280) targetWidth: Int,
        @ForAll @IntRange(min = 1, max = 60) targetHeight: Int,
        @ForAll @IntRange(min = 0, max = 3) quarters: Int,
        @ForAll mirror: Boolean,
    ) {
        val random = Random(seed)
        val frame = SlowCamera.randomFrame(random, width, height, 90 * quarters)
        val upright = SlowCamera.upright(frame, mirror)
        val box = SlowCamera.randomBox(random, frame.camera)
        val margin = random.nextInt(4) * 0.1
        val expected = SlowCamera.scaled(upright, frame.camera, box, margin, targetWidth, targetHeight)
        val out = ByteArray(3 * targetWidth * targetHeight)
        FrameScaler(targetWidth, targetHeight).scale(frame.camera, box, margin, mirror, out)
        assertArrayEquals(expected, out)
        val whole = ByteArray(3 * width * height)
        UprightConverter().rgb(frame.camera, mirror, whole)
        assertArrayEquals(upright, whole)
    }

    /** A path that has seen other frames answers as a fresh one: nothing old shines through. */
    @Example
    fun reusedBuffersHoldNothingOfEarlierFrames() {
        val contract = Contract.parse(ContractTexts.color())
        val used = CameraPath(contract)
        val random = Random(1)
        for (number in 0 until 60) {
            val frame = SlowCamera.randomFrame(random, 1 + random.nextInt(80), 1 + random.nextInt(80), 90 * random.nextInt(4))
            val box = if (number % 3 == 0) null else SlowCamera.randomBox(random, frame.camera)
            val again = used.prepare(frame.camera, box)
            assertSame(used.tensor, again)
            assertEquals(CameraPath(contract).prepare(frame.camera, box), again)
        }
    }

    /** Buffers keep position and limit, and count from their position: two planes may lie in one buffer. */
    @Example
    fun buffersAreLeftAsTheyCame() {
        val contract = Contract.parse(ContractTexts.gray())
        val data = ByteBuffer.allocateDirect(5 + 4 * 16 * 12)
        val random = Random(2)
        for (index in 0 until data.capacity()) data.put(index, random.nextInt(256).toByte())
        data.position(5)
        val plain = ByteBuffer.wrap(ByteArray(4 * 16 * 12) { data.get(5 + it) })
        val frame = CameraFrame()
        val expected = CameraPath(contract).prepare(frame.setRgba(plain, 16, 12, 64, 90))
        assertEquals(expected, CameraPath(contract).prepare(frame.setRgba(data, 16, 12, 64, 90)))
        assertEquals(5, data.position())
        assertEquals(data.capacity(), data.limit())
    }

    /**
     * Gray of (10, 20, 30): (195950 + 769400 + 224130 + 32768) >> 16 = 1222248 >> 16 = 18; then in float32
     * 18/255 = 0.070588239, minus 0.5 = -0.42941177, by 0.5 = -0.85882354.
     */
    @Example
    fun grayIsNormalizedByTable() {
        val contract = Contract.parse(ContractTexts.gray())
        val pixels = ByteBuffer.wrap(ByteArray(4 * 64 * 64) { byteArrayOf(10, 20, 30, -1)[it % 4] })
        val tensor = CameraPath(contract).prepare(CameraFrame().setRgba(pixels, 64, 64, 256, 0))
        assertEquals(4 * 64 * 64, tensor.remaining())
        assertEquals(-0.85882354f, tensor.getFloat(4 * 77))
    }

    /** int8 with scale 1/128 and zero point -1: -0.85882354 * 128 = -109.93, rounded -110, minus 1 = -111. */
    @Example
    fun quantizedInputIsRoundedHalfToEven() {
        val contract = Contract.parse(ContractTexts.quantized())
        val pixels = ByteBuffer.wrap(ByteArray(4 * 64 * 64) { byteArrayOf(10, 20, 30, -1)[it % 4] })
        val tensor = CameraPath(contract).prepare(CameraFrame().setRgba(pixels, 64, 64, 256, 0))
        assertEquals(64 * 64, tensor.remaining())
        assertEquals(-111, tensor.get(77).toInt())
    }
}
