package io.github.feredge.core.camera

import java.nio.ByteBuffer
import java.util.Random

/** The specification done step by step with whole pictures, one pixel at a time; for comparison only. */
internal object SlowCamera {
    /**
     * A frame and the RGB it stands for.
     *
     * @property rgb (height, width, 3) as stored.
     */
    class RandomFrame(
        val camera: CameraFrame,
        val rgb: ByteArray,
    )

    fun randomFrame(
        random: Random,
        width: Int,
        height: Int,
        rotation: Int,
    ): RandomFrame = if (random.nextInt(4) == 0) rgba(random, width, height, rotation) else yuv(random, width, height, rotation)

    private fun rgba(
        random: Random,
        width: Int,
        height: Int,
        rotation: Int,
    ): RandomFrame {
        val stride = 4 * width + random.nextInt(9)
        val data = ByteArray((height - 1) * stride + 4 * width).also(random::nextBytes)
        val rgb = ByteArray(3 * width * height) { data[it / 3 / width * stride + 4 * (it / 3 % width) + it % 3] }
        return RandomFrame(CameraFrame().setRgba(ByteBuffer.wrap(data), width, height, stride, rotation), rgb)
    }

    private fun yuv(
        random: Random,
        width: Int,
        height: Int,
        rotation: Int,
    ): RandomFrame {
        val step = 1 + random.nextInt(2)
        val columns = (width + 1) / 2
        val rows = (height + 1) / 2
        val yStride = width + random.nextInt(5)
        val uvStride = (columns - 1) * step + 1 + random.nextInt(5)
        // Exactly as long as addressed: the short last row of many phones.
        val y = ByteArray((height - 1) * yStride + width).also(random::nextBytes)
        val u = ByteArray((rows - 1) * uvStride + (columns - 1) * step + 1).also(random::nextBytes)
        val v = ByteArray(u.size).also(random::nextBytes)
        val frame =
            CameraFrame().setYuv420(
                ByteBuffer.wrap(y),
                direct(u),
                ByteBuffer.wrap(v).asReadOnlyBuffer(),
                width,
                height,
                yStride,
                1,
                uvStride,
                step,
                uvStride,
                step,
                rotation,
            )
        val rgb = ByteArray(3 * width * height)
        for (pixel in 0 until width * height) {
            val row = pixel / width
            val column = pixel % width
            val chroma = row / 2 * uvStride + column / 2 * step
            color(y[row * yStride + column].value(), u[chroma].value() - 128, v[chroma].value() - 128).copyInto(rgb, 3 * pixel)
        }
        return RandomFrame(frame, rgb)
    }

    private fun color(
        y: Int,
        u: Int,
        v: Int,
    ): ByteArray {
        val light = Math.floorDiv(y * 257L * 16320L, 65536L) + 32
        val sums = listOf(light + 90 * v, light - 22 * u - 46 * v, light + 113 * u)
        return ByteArray(3) { Math.floorDiv(sums[it], 64L).coerceIn(0L, 255L).toByte() }
    }

    fun upright(
        frame: RandomFrame,
        mirror: Boolean,
    ): ByteArray {
        val camera = frame.camera
        var picture = frame.rgb
        var width = camera.width
        var height = camera.height
        repeat(camera.rotation / 90) {
            val before = picture
            val (w, h) = Pair(width, height)
            // Clockwise by 90: the pixel at (x, y) of the turned picture was at (y, h-1-x).
            picture = ByteArray(before.size) { before[3 * ((h - 1 - it / 3 % h) * w + it / 3 / h) + it % 3] }
            width = h
            height = w
        }
        if (!mirror) return picture
        val before = picture
        return ByteArray(before.size) { before[3 * (it / 3 / width * width + width - 1 - it / 3 % width) + it % 3] }
    }

    /** A box that has at least a part inside the upright picture. */
    fun randomBox(
        random: Random,
        frame: CameraFrame,
    ): FaceBox? {
        if (random.nextInt(5) == 0) return null
        val x = random.nextDouble() * frame.uprightWidth
        val y = random.nextDouble() * frame.uprightHeight
        val left = x - random.nextDouble() * frame.uprightWidth
        val top = y - random.nextDouble() * frame.uprightHeight
        return FaceBox(left, top, x + 0.01 + random.nextDouble() * 20, y + 0.01 + random.nextDouble() * 20)
    }

    @Suppress("LongParameterList")
    fun scaled(
        upright: ByteArray,
        frame: CameraFrame,
        box: FaceBox?,
        margin: Double,
        width: Int,
        height: Int,
    ): ByteArray {
        val fullWidth = frame.uprightWidth
        val fullHeight = frame.uprightHeight
        val grown = box?.grown(margin) ?: FaceBox(0.0, 0.0, fullWidth.toDouble(), fullHeight.toDouble())
        val left = Math.floor(grown.x0).toInt().coerceAtLeast(0)
        val top = Math.floor(grown.y0).toInt().coerceAtLeast(0)
        val cropWidth = Math.ceil(grown.x1).toInt().coerceAtMost(fullWidth) - left
        val cropHeight = Math.ceil(grown.y1).toInt().coerceAtMost(fullHeight) - top
        val x = ScalerAxis(width, chunked = true).also { it.set(cropWidth, left, fullWidth, false) }
        val y = ScalerAxis(height, chunked = false).also { it.set(cropHeight, top, fullHeight, false) }
        return ByteArray(3 * width * height) { index ->
            val column = index / 3 % width
            val row = index / 3 / width
            val at = { py: Int, px: Int -> upright[3 * (py * fullWidth + px) + index % 3].value() }
            val wx = x.weight[column]
            val wy = y.weight[row]
            val upper = at(y.low[row], x.low[column]) * (16 - wx) + at(y.low[row], x.high[column]) * wx
            val lower = at(y.high[row], x.low[column]) * (16 - wx) + at(y.high[row], x.high[column]) * wx
            ((upper * (16 - wy) + lower * wy) shr 8).toByte()
        }
    }

    private fun direct(data: ByteArray): ByteBuffer = ByteBuffer.allocateDirect(data.size).also { it.put(data).rewind() }

    private fun Byte.value(): Int = toInt() and 255
}
