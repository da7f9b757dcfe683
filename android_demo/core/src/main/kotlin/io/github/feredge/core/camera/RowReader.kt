package io.github.feredge.core.camera

/**
 * Step 2 of the camera specification, one stored row at a time: bytes to RGB, only for the columns that are asked for.
 *
 * BT.601 full range in integers. Source: libyuv `row_common.cc` (YuvPixel, kYvuJPEGConstants).
 */
internal class RowReader {
    private var luma = ByteArray(0)
    private var chromaU = ByteArray(0)
    private var chromaV = ByteArray(0)

    /** First column of the part of the row that [load] brought. */
    private var firstColumn = 0
    private var firstChroma = 0
    private var chromaStep = 1

    /**
     * One row at every target position, blended from two neighbors.
     *
     * @param frame the picture.
     * @param row of the stored frame.
     * @param axis whose positions are stored columns.
     * @param out receives three values (R, G, B) a target position, each sixteen times a color value, 0 to 4080.
     */
    fun blend(
        frame: CameraFrame,
        row: Int,
        axis: ScalerAxis,
        out: IntArray,
    ) {
        val low = axis.low
        val high = axis.high
        val last = low.size - 1
        // Both neighbors run one way, so the ends hold the extremes.
        val from = Math.min(Math.min(low[0], high[0]), Math.min(low[last], high[last]))
        val to = Math.max(Math.max(low[0], high[0]), Math.max(low[last], high[last]))
        load(frame, row, from, to)
        if (frame.isYuv) blend(axis, out) { yuv(it) } else blend(axis, out) { rgba(it) }
    }

    /** Inlined for each kind of frame: this loop is where the time goes. */
    private inline fun blend(
        axis: ScalerAxis,
        out: IntArray,
        color: (column: Int) -> Int,
    ) {
        val low = axis.low
        val high = axis.high
        val weights = axis.weight
        var index = 0
        for (position in low.indices) {
            val share = weights[position]
            val rest = 16 - share
            val first = color(low[position])
            val second = if (share == 0) 0 else color(high[position])
            out[index] = (first ushr 16) * rest + (second ushr 16) * share
            out[index + 1] = (first ushr 8 and 255) * rest + (second ushr 8 and 255) * share
            out[index + 2] = (first and 255) * rest + (second and 255) * share
            index += 3
        }
    }

    /**
     * A whole row as RGB.
     *
     * @param out receives three bytes a stored column.
     */
    fun convert(
        frame: CameraFrame,
        row: Int,
        out: ByteArray,
    ) {
        load(frame, row, 0, frame.width - 1)
        for (column in 0 until frame.width) {
            val color = if (frame.isYuv) yuv(column) else rgba(column)
            out[3 * column] = (color ushr 16).toByte()
            out[3 * column + 1] = (color ushr 8).toByte()
            out[3 * column + 2] = color.toByte()
        }
    }

    private fun load(
        frame: CameraFrame,
        row: Int,
        from: Int,
        to: Int,
    ) {
        firstColumn = from
        if (!frame.isYuv) {
            val count = CameraFrame.RGBA_BYTES * (to - from + 1)
            if (luma.size < count) luma = ByteArray(count)
            frame.first.read(row, CameraFrame.RGBA_BYTES * from, count, luma)
            return
        }
        val count = to - from + 1
        firstChroma = from shr 1
        chromaStep = frame.u.pixelStride
        val chromaCount = ((to shr 1) - firstChroma) * chromaStep + 1
        if (luma.size < count) luma = ByteArray(count)
        if (chromaU.size < chromaCount) chromaU = ByteArray(chromaCount)
        if (chromaV.size < chromaCount) chromaV = ByteArray(chromaCount)
        frame.first.read(row, from, count, luma)
        frame.u.read(row shr 1, firstChroma * chromaStep, chromaCount, chromaU)
        frame.v.read(row shr 1, firstChroma * chromaStep, chromaCount, chromaV)
    }

    /** 0x00RRGGBB. */
    private fun rgba(column: Int): Int {
        val index = CameraFrame.RGBA_BYTES * (column - firstColumn)
        return packed(luma[index].toInt() and 255, luma[index + 1].toInt() and 255, luma[index + 2].toInt() and 255)
    }

    /** 0x00RRGGBB. */
    private fun yuv(column: Int): Int {
        val chroma = ((column shr 1) - firstChroma) * chromaStep
        val y = (((luma[column - firstColumn].toInt() and 255) * 257 * 16320) shr 16) + 32
        val u = (chromaU[chroma].toInt() and 255) - 128
        val v = (chromaV[chroma].toInt() and 255) - 128
        return packed(clamp255((y + 90 * v) shr 6), clamp255((y - 22 * u - 46 * v) shr 6), clamp255((y + 113 * u) shr 6))
    }

    private fun packed(
        red: Int,
        green: Int,
        blue: Int,
    ): Int = (red shl 16) or (green shl 8) or blue

    private fun clamp255(value: Int): Int = Math.max(0, Math.min(value, 255))
}
