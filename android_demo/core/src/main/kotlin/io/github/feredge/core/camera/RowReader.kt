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

    /** RGB of the pixel that was converted last. */
    private var red = 0
    private var green = 0
    private var blue = 0

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
        val weights = axis.weight
        val last = low.size - 1
        // Both neighbors run one way, so the ends hold the extremes.
        val from = Math.min(Math.min(low[0], high[0]), Math.min(low[last], high[last]))
        val to = Math.max(Math.max(low[0], high[0]), Math.max(low[last], high[last]))
        load(frame, row, from, to)
        val isYuv = frame.isYuv
        var index = 0
        for (position in low.indices) {
            val share = weights[position]
            val rest = 16 - share
            if (isYuv) yuv(low[position]) else rgba(low[position])
            var r = red * rest
            var g = green * rest
            var b = blue * rest
            if (share != 0) {
                if (isYuv) yuv(high[position]) else rgba(high[position])
                r += red * share
                g += green * share
                b += blue * share
            }
            out[index] = r
            out[index + 1] = g
            out[index + 2] = b
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
        val isYuv = frame.isYuv
        for (column in 0 until frame.width) {
            if (isYuv) yuv(column) else rgba(column)
            out[3 * column] = red.toByte()
            out[3 * column + 1] = green.toByte()
            out[3 * column + 2] = blue.toByte()
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

    private fun rgba(column: Int) {
        val index = CameraFrame.RGBA_BYTES * (column - firstColumn)
        red = luma[index].toInt() and 255
        green = luma[index + 1].toInt() and 255
        blue = luma[index + 2].toInt() and 255
    }

    private fun yuv(column: Int) {
        val chroma = ((column shr 1) - firstChroma) * chromaStep
        val y = (((luma[column - firstColumn].toInt() and 255) * 257 * 16320) shr 16) + 32
        val u = (chromaU[chroma].toInt() and 255) - 128
        val v = (chromaV[chroma].toInt() and 255) - 128
        red = clamp255((y + 90 * v) shr 6)
        green = clamp255((y - 22 * u - 46 * v) shr 6)
        blue = clamp255((y + 113 * u) shr 6)
    }

    private fun clamp255(value: Int): Int = Math.max(0, Math.min(value, 255))
}
