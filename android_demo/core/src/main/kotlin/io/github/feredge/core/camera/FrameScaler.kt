package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart

/**
 * Steps 1 to 6 of the camera specification in one pass: the picture, or a face in it, in the model's size.
 *
 * Only pixels that the scaler addresses are converted; rotation and mirror are index arithmetic. Every byte equals that
 * of doing the steps one after another on the whole frame. Buffers are kept: nothing is allocated after the first
 * frame of a size. Not for use by several threads at once.
 *
 * @param width of the result in pixels, 1 to 8192.
 * @param height of the result in pixels, 1 to 8192.
 * @throws FrameException another size.
 */
public class FrameScaler(
    private val width: Int,
    private val height: Int,
) {
    private val crop = Crop()
    private val reader = RowReader()
    private val xAxis: ScalerAxis
    private val yAxis: ScalerAxis

    // Two blended rows of the stored frame and which ones they are; a row serves again for the next target row.
    private var lineA: IntArray
    private var lineB: IntArray
    private var rowA = NONE
    private var rowB = NONE

    init {
        if (width !in 1..LARGEST_TARGET || height !in 1..LARGEST_TARGET) {
            throw FrameException(
                "size of the target is ${width}x$height; allowed: 1 to $LARGEST_TARGET a side",
                FramePart.SIZE,
            )
        }
        xAxis = ScalerAxis(width, chunked = true)
        yAxis = ScalerAxis(height, chunked = false)
        val longest = Math.max(width, height)
        lineA = IntArray(3 * longest)
        lineB = IntArray(3 * longest)
    }

    /**
     * Scales one picture.
     *
     * @param frame the camera's picture.
     * @param box of a face in the upright picture, before the margin; null: the whole picture, without margin.
     * @param margin by which the box grows on each side, in its widths and heights; a finite number, 0 or more.
     * @param mirror left-right, after the rotation.
     * @param out receives (height, width, 3) RGB bytes from index 0 on.
     * @throws FrameException an empty box, a box that is none, [out] too short, a frame without picture.
     */
    public fun scale(
        frame: CameraFrame,
        box: FaceBox?,
        margin: Double,
        mirror: Boolean,
        out: ByteArray,
    ) {
        frame.requireSet()
        if (out.size < 3 * width * height) {
            throw FrameException(
                "size of the buffer for the scaled picture is ${out.size} bytes; needed: ${3 * width * height}",
                FramePart.SIZE,
            )
        }
        if (box == null) crop.setWhole(frame) else crop.set(frame, box, margin)
        val turn = Turn.of(frame.rotation)
        xAxis.set(crop.width, crop.left, frame.uprightWidth, turn.isXReversed != mirror)
        yAxis.set(crop.height, crop.top, frame.uprightHeight, turn.isYReversed)
        if (turn.isSwapped) {
            run(frame, xAxis, yAxis, out, 3, 3 * width)
        } else {
            run(frame, yAxis, xAxis, out, 3 * width, 3)
        }
    }

    /**
     * @param rows the target's axis along the stored rows.
     * @param columns the target's axis along the stored columns.
     * @param rowStep bytes in [out] from one position of [rows] to the next.
     * @param columnStep bytes in [out] from one position of [columns] to the next.
     */
    @Suppress("LongParameterList")
    private fun run(
        frame: CameraFrame,
        rows: ScalerAxis,
        columns: ScalerAxis,
        out: ByteArray,
        rowStep: Int,
        columnStep: Int,
    ) {
        rowA = NONE
        rowB = NONE
        val count = columns.low.size
        for (position in rows.low.indices) {
            load(frame, rows.low[position], rows.high[position], columns)
            val share = rows.weight[position]
            val rest = 16 - share
            val first = lineA
            val second = lineB
            var target = position * rowStep
            var index = 0
            repeat(count) {
                out[target] = ((first[index] * rest + second[index] * share) shr 8).toByte()
                out[target + 1] = ((first[index + 1] * rest + second[index + 1] * share) shr 8).toByte()
                out[target + 2] = ((first[index + 2] * rest + second[index + 2] * share) shr 8).toByte()
                target += columnStep
                index += 3
            }
        }
    }

    /** Brings row [low] into line A and row [high] into line B. */
    private fun load(
        frame: CameraFrame,
        low: Int,
        high: Int,
        columns: ScalerAxis,
    ) {
        if (rowA != low && (rowB == low || rowA == high)) swap()
        if (rowA != low) {
            reader.blend(frame, low, columns, lineA)
            rowA = low
        }
        if (rowB == high) return
        if (high == low) {
            System.arraycopy(lineA, 0, lineB, 0, 3 * columns.low.size)
        } else {
            reader.blend(frame, high, columns, lineB)
        }
        rowB = high
    }

    private fun swap() {
        val line = lineA
        lineA = lineB
        lineB = line
        val row = rowA
        rowA = rowB
        rowB = row
    }

    private companion object {
        const val NONE = -1
        const val LARGEST_TARGET = 8192
    }
}
