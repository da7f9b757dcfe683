package io.github.feredge.graphics

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.ColorSpace
import android.graphics.Matrix
import android.os.Build
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.util.Random

/**
 * Common shortcuts that leave the specification's arithmetic. They are shown to differ, so that the comparison is known
 * to notice, and so that nobody takes one for an optimization.
 */
@RunWith(RobolectricTestRunner::class)
@Config(minSdk = 26, maxSdk = 34)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class MistakesTest {
    private val random = Random(5)
    private val colors = IntArray(WIDTH * HEIGHT) { random.nextInt() or (255 shl 24) }
    private val stored = BitmapRoute.bitmap(colors, WIDTH, HEIGHT)
    private val whole = BitmapRoute.Box(0, 0, WIDTH, HEIGHT)

    private fun core(
        rotation: Int = 0,
        box: BitmapRoute.Box = whole,
    ): IntArray = CoreRoute.scaled(CoreRoute.frame(colors, WIDTH, HEIGHT, rotation), box, SIDE, SIDE, false)

    private fun noticed(
        mistake: String,
        bitmap: Bitmap,
        right: IntArray = core(),
    ) {
        val difference = Difference(BitmapRoute.colors(bitmap), right)
        assertTrue("$mistake: no difference", difference.values > 0)
        SkiaResults.put(
            Build.VERSION.SDK_INT,
            mistake,
            "{\"differing\": ${difference.values}, \"largest\": ${difference.largest}}",
        )
    }

    @Test
    fun rotationAndScaleInOneMatrix() {
        val matrix = Matrix().apply { postRotate(90f) }
        matrix.postScale(SIDE / HEIGHT.toFloat(), SIDE / WIDTH.toFloat())
        val bitmap = Bitmap.createBitmap(stored, 0, 0, WIDTH, HEIGHT, matrix, true)
        noticed("rotation_and_scale_in_one_matrix", bitmap, core(90, BitmapRoute.Box(0, 0, HEIGHT, WIDTH)))
    }

    @Test
    fun cropAndScaleInOneCall() {
        var values = 0
        var largest = 0
        // Most crops come out equal; some differ by a level.
        for (left in 0 until 40) {
            val box = BitmapRoute.Box(left, 3, 61, 47)
            val matrix = Matrix().apply { postScale(SIDE / 61f, SIDE / 47f) }
            val bitmap = Bitmap.createBitmap(stored, left, 3, 61, 47, matrix, true)
            val difference = Difference(BitmapRoute.colors(bitmap), core(box = box))
            values += difference.values
            largest = Math.max(largest, difference.largest)
        }
        assertTrue("crop and scale in one call: no difference", values > 0)
        SkiaResults.put(Build.VERSION.SDK_INT, "crop_and_scale_in_one_call", "{\"differing\": $values, \"largest\": $largest}")
    }

    @Test
    fun scaleWithoutFilter() {
        noticed("scale_without_filter", Bitmap.createScaledBitmap(stored, SIDE, SIDE, false))
    }

    @Test
    fun sixteenBitColors() {
        val coarse = BitmapRoute.bitmap(colors, WIDTH, HEIGHT, Bitmap.Config.RGB_565)
        noticed("rgb_565", BitmapRoute.scaled(coarse, whole, SIDE, SIDE))
    }

    @Test
    fun alphaThatIsNotOpaque() {
        val faint = BitmapRoute.bitmap(IntArray(colors.size) { colors[it] and 0x60FFFFFF }, WIDTH, HEIGHT)
        noticed("alpha_not_255", BitmapRoute.scaled(faint, whole, SIDE, SIDE))
    }

    @Test
    fun displayP3() {
        val wide = Bitmap.createBitmap(WIDTH, HEIGHT, Bitmap.Config.ARGB_8888, true, ColorSpace.get(ColorSpace.Named.DISPLAY_P3))
        wide.setPixels(colors, 0, WIDTH, 0, 0, WIDTH, HEIGHT)
        val plain = Bitmap.createBitmap(WIDTH, HEIGHT, Bitmap.Config.ARGB_8888)
        Canvas(plain).drawBitmap(wide, 0f, 0f, null)
        val asSaved = Difference(BitmapRoute.colors(wide), colors)
        val asDrawn = Difference(BitmapRoute.colors(plain), colors)
        val largest = Math.max(asSaved.largest, asDrawn.largest)
        assertTrue("Display-P3: no difference", largest > 0)
        SkiaResults.put(
            Build.VERSION.SDK_INT,
            "display_p3",
            "{\"differing\": ${asSaved.values + asDrawn.values}, \"largest\": $largest}",
        )
    }

    @Test
    fun matrixDrawWithoutPaint() {
        val target = Bitmap.createBitmap(SIDE, SIDE, Bitmap.Config.ARGB_8888)
        val matrix = Matrix().apply { postScale(SIDE / WIDTH.toFloat(), SIDE / HEIGHT.toFloat()) }
        Canvas(target).drawBitmap(stored, matrix, null)
        noticed("matrix_draw_without_paint", target)
    }

    private companion object {
        const val WIDTH = 113
        const val HEIGHT = 87
        const val SIDE = 48
    }
}
