package io.github.feredge.graphics

import android.os.Build
import io.github.feredge.graphics.BitmapRoute.Box
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.util.Random

/** Android's bitmap route and the core's integer route give the same bytes. */
@RunWith(RobolectricTestRunner::class)
@Config(minSdk = 26, maxSdk = 34)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class SkiaAgainstCoreTest {
    private val pairs = Integer.getInteger("skia.pairs", 20)

    @Test
    fun everySizeRotationAndMirrorGivesTheSameBytes() {
        val random = Random(SEED + Build.VERSION.SDK_INT) // other pairs on each SDK
        var values = 0L
        var differing = 0L
        var largest = 0
        for (number in 0 until pairs) {
            val case = Case(random, number)
            val difference = case.difference()
            values += 3L * case.targetWidth * case.targetHeight
            differing += difference.values
            largest = Math.max(largest, difference.largest)
            assertEquals("pair $number: $case, largest difference ${difference.largest}", 0, difference.values)
        }
        val record = "{\"pairs\": $pairs, \"values\": $values, \"differing\": $differing, \"largest\": $largest}"
        SkiaResults.put(Build.VERSION.SDK_INT, "bitmap_route", record)
    }

    /** Every target width around the 127-pixel chunks that Skia works in. */
    @Test
    fun chunkBoundariesGiveTheSameBytes() {
        val random = Random(SEED)
        for (width in listOf(126, 127, 128, 253, 254, 255, 256, 381, 382, 511)) {
            val case = Case(random, 0, width, 3)
            assertEquals("$case", 0, case.difference().values)
        }
    }

    @Test
    fun everyRotationAndMirrorOfAWholePictureGivesTheSameBytes() {
        val random = Random(SEED)
        val colors = IntArray(37 * 29) { random.nextInt() or OPAQUE }
        for (rotation in listOf(0, 90, 180, 270)) {
            for (mirror in listOf(false, true)) {
                val bitmap = BitmapRoute.upright(BitmapRoute.bitmap(colors, 37, 29), rotation, mirror)
                val core = CoreRoute.upright(CoreRoute.frame(colors, 37, 29, rotation), mirror)
                assertEquals("rotation $rotation, mirror $mirror", 0, Difference(BitmapRoute.colors(bitmap), core).values)
            }
        }
    }

    /** A random picture, crop and target; every third target is wider than 127 pixels, every sixth wider than 254. */
    private class Case(
        random: Random,
        number: Int,
        val targetWidth: Int = width(random, number),
        val targetHeight: Int = 1 + random.nextInt(300),
    ) {
        private val width = 2 + random.nextInt(500)
        private val height = 2 + random.nextInt(400)
        private val rotation = 90 * random.nextInt(4)
        private val mirror = random.nextBoolean()
        private val colors = IntArray(width * height) { random.nextInt() or OPAQUE }
        private val box: Box

        init {
            val isSideways = rotation % 180 != 0
            val uprightWidth = if (isSideways) height else width
            val uprightHeight = if (isSideways) width else height
            val left = random.nextInt(uprightWidth)
            val top = random.nextInt(uprightHeight)
            box = Box(left, top, 1 + random.nextInt(uprightWidth - left), 1 + random.nextInt(uprightHeight - top))
        }

        fun difference(): Difference {
            val upright = BitmapRoute.upright(BitmapRoute.bitmap(colors, width, height), rotation, mirror)
            val bitmap = BitmapRoute.scaled(upright, box, targetWidth, targetHeight)
            val frame = CoreRoute.frame(colors, width, height, rotation)
            return Difference(BitmapRoute.colors(bitmap), CoreRoute.scaled(frame, box, targetWidth, targetHeight, mirror))
        }

        override fun toString() =
            "${width}x$height turned $rotation mirror $mirror, crop ${box.width}x${box.height} at ${box.left},${box.top} " +
                "to ${targetWidth}x$targetHeight"

        private companion object {
            fun width(
                random: Random,
                number: Int,
            ): Int =
                when {
                    number % 6 == 0 -> 255 + random.nextInt(250)
                    number % 3 == 0 -> 128 + random.nextInt(127)
                    else -> 1 + random.nextInt(127)
                }
        }
    }

    private companion object {
        const val SEED = 20260101L
        const val OPAQUE = 255 shl 24
    }
}
