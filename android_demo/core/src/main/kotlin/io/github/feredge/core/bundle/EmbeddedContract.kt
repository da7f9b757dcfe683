package io.github.feredge.core.bundle

import io.github.feredge.core.BundleException
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** The contract inside a model file. Every offset is checked against the file, which has been hashed before. */
internal object EmbeddedContract {
    /**
     * @return its text, null if the file has none.
     * @throws BundleException the file is of another format or its structure is broken.
     */
    fun find(
        artifact: Artifact,
        model: ByteBuffer,
    ): String? {
        val data = model.duplicate().order(ByteOrder.LITTLE_ENDIAN)
        try {
            return when (artifact.format) {
                "tflite" -> tflite(data)

                "onnx" -> onnx(data)

                "executorch" -> executorch(data)

                else -> throw BundleException.ContractDiffers(
                    "${artifact.variant} is no model for Android; allowed: a tflite, onnx or executorch variant",
                    artifact.path,
                )
            }
        } catch (_: IndexOutOfBoundsException) {
            throw broken(artifact)
        } catch (_: IllegalArgumentException) {
            throw broken(artifact)
        }
    }

    private fun broken(artifact: Artifact) =
        BundleException.ContractDiffers(
            "${artifact.path} is no ${artifact.format} file: an offset leads out of it; export it again",
            artifact.path,
        )

    /**
     * The metadata buffer. Fields (`schema.fbs` of TensorFlow Lite): Model.buffers 4, Model.metadata 6; Metadata.name 0,
     * Metadata.buffer 1; Buffer.data 0, Buffer.offset 1, Buffer.size 2.
     */
    private fun tflite(data: ByteBuffer): String? {
        val model = data.getInt(0)
        val metadata = vector(data, model, 6)
        for (number in 0 until count(data, metadata)) {
            val entry = follow(data, metadata + 4 + 4 * number)
            val name = vector(data, entry, 0)
            if (text(data, name + 4, count(data, name)) != Words.CONTRACT_KEY) continue
            val index = field(data, entry, 1)?.let { data.getInt(it) } ?: 0
            return buffer(data, follow(data, vector(data, model, 4) + 4 + 4 * index))
        }
        return null
    }

    /**
     * The string that the method of this name returns. Fields (`program.fbs` of ExecuTorch): Program.execution_plan 1;
     * ExecutionPlan.name 0, values 2, outputs 4; EValue.val 0 (its type) and 1; String is type 6, String.string_val 0.
     */
    private fun executorch(data: ByteBuffer): String? {
        val plans = vector(data, data.getInt(0), 1)
        for (number in 0 until count(data, plans)) {
            val plan = follow(data, plans + 4 + 4 * number)
            val name = vector(data, plan, 0)
            if (text(data, name + 4, count(data, name)) != Words.CONTRACT_KEY) continue
            val value = follow(data, vector(data, plan, 2) + 4 + 4 * data.getInt(vector(data, plan, 4) + 4))
            val place = field(data, value, 1)
            require(place != null && field(data, value, 0)?.let { data.get(it).toInt() } == STRING)
            val string = vector(data, follow(data, place), 0)
            return text(data, string + 4, count(data, string))
        }
        return null
    }

    /** A buffer's bytes; large files keep them behind the flatbuffer, at an offset. */
    private fun buffer(
        data: ByteBuffer,
        table: Int,
    ): String {
        val inside = vector(data, table, 0)
        if (count(data, inside) > 0) return text(data, inside + 4, count(data, inside))
        val offset = field(data, table, 1)?.let { data.getLong(it) } ?: 0
        val size = field(data, table, 2)?.let { data.getLong(it) } ?: 0
        require(offset in 0..data.capacity() && size in 0..data.capacity())
        return text(data, offset.toInt(), size.toInt())
    }

    /** Position of a table's field, null if it is absent. */
    private fun field(
        data: ByteBuffer,
        table: Int,
        number: Int,
    ): Int? {
        val vtable = table - data.getInt(table)
        val slot = 4 + 2 * number
        if (slot + 2 > (data.getShort(vtable).toInt() and 0xFFFF)) return null
        val offset = data.getShort(vtable + slot).toInt() and 0xFFFF
        return if (offset == 0) null else table + offset
    }

    /** Position of a vector's length, [ABSENT] if the field is absent. */
    private fun vector(
        data: ByteBuffer,
        table: Int,
        number: Int,
    ): Int = field(data, table, number)?.let { follow(data, it) } ?: ABSENT

    private fun count(
        data: ByteBuffer,
        vector: Int,
    ): Int = if (vector == ABSENT) 0 else data.getInt(vector)

    private fun follow(
        data: ByteBuffer,
        offset: Int,
    ): Int = offset + data.getInt(offset)

    private fun text(
        data: ByteBuffer,
        offset: Int,
        length: Int,
    ): String {
        require(offset >= 0 && length >= 0 && length <= data.capacity() - offset)
        val bytes = ByteArray(length)
        data.position(offset)
        data.get(bytes)
        return String(bytes, Charsets.UTF_8)
    }

    /** `ModelProto.metadata_props` is field 14; its entries have key 1 and value 2 (`onnx.proto`). */
    private fun onnx(data: ByteBuffer): String? {
        var found: String? = null
        fields(data, 0, data.capacity()) { number, from, to ->
            if (number == 14) {
                var key: String? = null
                var value: String? = null
                fields(data, from, to) { part, start, end ->
                    if (part == 1) key = text(data, start, end - start)
                    if (part == 2) value = text(data, start, end - start)
                }
                if (key == Words.CONTRACT_KEY) found = value
            }
        }
        return found
    }

    /** Calls [take] with number, start and end of each length-delimited protobuf field. */
    private fun fields(
        data: ByteBuffer,
        start: Int,
        end: Int,
        take: (number: Int, from: Int, to: Int) -> Unit,
    ) {
        var position = start
        while (position < end) {
            val tag = varint(data, position)
            position += varintLength(data, position)
            when ((tag and 7).toInt()) {
                0 -> {
                    position += varintLength(data, position)
                }

                1 -> {
                    position += 8
                }

                5 -> {
                    position += 4
                }

                2 -> {
                    val length = varint(data, position)
                    position += varintLength(data, position)
                    require(length in 0..(end - position).toLong())
                    take((tag ushr 3).toInt(), position, position + length.toInt())
                    position += length.toInt()
                }

                else -> {
                    throw IllegalArgumentException("wire type ${tag and 7}")
                }
            }
        }
        require(position == end)
    }

    private fun varint(
        data: ByteBuffer,
        position: Int,
    ): Long {
        var value = 0L
        for (index in 0 until varintLength(data, position)) {
            value = value or ((data.get(position + index).toLong() and 127) shl (7 * index))
        }
        return value
    }

    private fun varintLength(
        data: ByteBuffer,
        position: Int,
    ): Int {
        var length = 1
        while (data.get(position + length - 1) < 0) length++
        require(length <= 10)
        return length
    }

    private const val ABSENT = -1

    private const val STRING = 6
}
