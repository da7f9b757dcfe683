package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart
import java.nio.ByteBuffer

/** One plane of a frame: a buffer and how its rows lie in it. Read with [read], which leaves the buffer as it was. */
internal class Plane {
    private var buffer: ByteBuffer? = null
    private var start = 0
    private var rowStride = 0

    /** Bytes from sample to sample. */
    var pixelStride: Int = 1
        private set

    @Suppress("LongParameterList")
    fun set(
        name: String,
        part: FramePart,
        buffer: ByteBuffer,
        rowStride: Int,
        pixelStride: Int,
        rows: Int,
        columns: Int,
    ) {
        val need = (rows - 1L) * rowStride + (columns - 1L) * pixelStride + 1
        if (buffer.remaining() < need) {
            throw FrameException(
                "plane $name has ${buffer.remaining()} bytes; its last addressed sample needs $need",
                part,
            )
        }
        this.buffer = buffer
        this.start = buffer.position()
        this.rowStride = rowStride
        this.pixelStride = pixelStride
    }

    fun clear() {
        buffer = null
    }

    /**
     * Copies bytes of one row. In one piece: a phone reads single bytes of a camera's buffer ten times slower.
     *
     * @param row of the plane.
     * @param offset of the first byte in that row.
     * @param count of bytes.
     * @param target receives them from index 0 on.
     */
    fun read(
        row: Int,
        offset: Int,
        count: Int,
        target: ByteArray,
    ) {
        val source = checkNotNull(buffer) { "the frame was cleared while it was being read" }
        val before = source.position()
        source.position(start + row * rowStride + offset)
        source.get(target, 0, count)
        source.position(before)
    }
}
