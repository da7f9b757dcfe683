package io.github.feredge.core.camera

/**
 * One axis of step 6 of the camera specification: neighbors and weights from a source to a target length.
 *
 * Source: Skia `SkBitmapProcState_matrixProcs.cpp` and `SkBitmapProcState_opts.h`, the filter behind Android's
 * `Bitmap.createScaledBitmap(..., filter = true)`. Every float operation is rounded to float32, as the JVM and ART do.
 *
 * @param target length after scaling in pixels.
 * @param chunked the x axis, which Skia steps in chunks of 127; the y axis takes each row by itself.
 */
internal class ScalerAxis(
    private val target: Int,
    private val chunked: Boolean,
) {
    /** Position of the first neighbor of each target pixel in the stored frame. */
    val low: IntArray = IntArray(target)

    /** Position of the second neighbor in the stored frame. */
    val high: IntArray = IntArray(target)

    /** Sixteenths of the second neighbor, 0 to 15. */
    val weight: IntArray = IntArray(target)

    private var source = 0
    private var offset = 0
    private var length = 0
    private var isReversed = false

    /**
     * Fills the tables; does nothing if they are those of the last call.
     *
     * @param source length before scaling (of the crop) in pixels.
     * @param offset of the crop in the upright picture.
     * @param length of the upright picture along this axis.
     * @param isReversed whether this axis runs against the stored one.
     */
    fun set(
        source: Int,
        offset: Int,
        length: Int,
        isReversed: Boolean,
    ) {
        if (source == this.source && offset == this.offset && length == this.length && isReversed == this.isReversed) {
            return
        }
        this.source = source
        this.offset = offset
        this.length = length
        this.isReversed = isReversed
        if (source == target) copy() else scale()
    }

    private fun copy() {
        for (position in 0 until target) put(position, position, position, 0)
    }

    private fun scale() {
        val inverse = 1f / (target.toFloat() / source.toFloat())
        val step = (inverse.toDouble() * FIXED_ONE).toLong()
        var start = 0
        for (position in 0 until target) {
            if (!chunked || position == start + CHUNK) start = position
            // One float32 multiplication; the shift by 32 bits is exact.
            val center = (start.toFloat() + 0.5f) * inverse
            val fixed = (center.toDouble() * FIXED_ONE).toLong() - FIXED_HALF + (position - start) * step
            val grid = fixed shr 16
            val whole = (grid shr 16).toInt()
            put(position, clamp(whole), clamp(whole + 1), ((grid shr 12) and 15L).toInt())
        }
    }

    private fun put(
        position: Int,
        first: Int,
        second: Int,
        share: Int,
    ) {
        low[position] = if (isReversed) length - 1 - (first + offset) else first + offset
        high[position] = if (isReversed) length - 1 - (second + offset) else second + offset
        weight[position] = share
    }

    private fun clamp(value: Int): Int = Math.max(0, Math.min(value, source - 1))

    private companion object {
        const val CHUNK = 127
        const val FIXED_ONE = 4294967296.0
        const val FIXED_HALF = 1L shl 31
    }
}
