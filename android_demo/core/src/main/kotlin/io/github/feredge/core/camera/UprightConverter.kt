package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart

/**
 * Steps 1 to 4 of the camera specification: the whole picture, upright, in the frame's own size.
 *
 * For detectors, screenshots and tests; the model's input comes from [CameraPath], which converts only what it needs.
 * Not for use by several threads at once.
 */
public class UprightConverter {
    private val reader = RowReader()
    private var row = ByteArray(0)

    /**
     * The picture as RGB bytes.
     *
     * @param frame the camera's picture.
     * @param mirror left-right, after the rotation.
     * @param out receives (uprightHeight, uprightWidth, 3) RGB from index 0 on.
     * @throws FrameException [out] is too short or the frame holds no picture.
     */
    public fun rgb(
        frame: CameraFrame,
        mirror: Boolean,
        out: ByteArray,
    ) {
        requireRoom(frame, out.size, 3)
        each(frame, mirror) { target, source ->
            out[3 * target] = row[source]
            out[3 * target + 1] = row[source + 1]
            out[3 * target + 2] = row[source + 2]
        }
    }

    /**
     * The picture as Android's color integers, for `Bitmap.setPixels`.
     *
     * @param frame the camera's picture.
     * @param mirror left-right, after the rotation.
     * @param out receives (uprightHeight, uprightWidth) values 0xFFRRGGBB from index 0 on.
     * @throws FrameException [out] is too short or the frame holds no picture.
     */
    public fun argb(
        frame: CameraFrame,
        mirror: Boolean,
        out: IntArray,
    ) {
        requireRoom(frame, out.size, 1)
        each(frame, mirror) { target, source ->
            val red = row[source].toInt() and 255
            val green = row[source + 1].toInt() and 255
            val blue = row[source + 2].toInt() and 255
            out[target] = (255 shl 24) or (red shl 16) or (green shl 8) or blue
        }
    }

    private fun requireRoom(
        frame: CameraFrame,
        room: Int,
        perPixel: Int,
    ) {
        frame.requireSet()
        val need = perPixel.toLong() * frame.width * frame.height
        if (room < need) {
            throw FrameException("size of the buffer for the upright picture is $room; needed: $need", FramePart.SIZE)
        }
    }

    /** Calls [put] with the pixel's number in the upright picture and its index in [row]. */
    private inline fun each(
        frame: CameraFrame,
        mirror: Boolean,
        put: (target: Int, source: Int) -> Unit,
    ) {
        val turn = Turn.of(frame.rotation)
        val width = frame.uprightWidth
        val isXReversed = turn.isXReversed != mirror
        if (row.size < 3 * frame.width) row = ByteArray(3 * frame.width)
        for (storedRow in 0 until frame.height) {
            reader.convert(frame, storedRow, row)
            for (column in 0 until frame.width) {
                val alongX = if (turn.isSwapped) storedRow else column
                val alongY = if (turn.isSwapped) column else storedRow
                val x = if (isXReversed) width - 1 - alongX else alongX
                val y = if (turn.isYReversed) frame.uprightHeight - 1 - alongY else alongY
                put(y * width + x, 3 * column)
            }
        }
    }
}
