package io.github.feredge.core.golden

import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.InputSpec
import io.github.feredge.core.bundle.Interface
import io.github.feredge.core.bundle.Layout
import io.github.feredge.core.bundle.Normalization
import io.github.feredge.core.bundle.QuantizationParameters
import io.github.feredge.core.bundle.elementType
import io.github.feredge.core.bundle.means
import io.github.feredge.core.bundle.scale
import io.github.feredge.core.bundle.stds
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FaceBox
import io.github.feredge.core.json.JsonReader
import io.github.feredge.core.json.StrictJson
import java.nio.ByteBuffer
import java.util.Base64

private class StoredPlane(
    val data: ByteArray,
    val rowStride: Int,
    val pixelStride: Int,
)

private class StoredYuv(
    private val width: Int,
    private val height: Int,
    private val y: StoredPlane,
    private val u: StoredPlane,
    private val v: StoredPlane,
) : StoredFrame() {
    override fun set(
        frame: CameraFrame,
        rotation: Int,
    ) {
        frame.setYuv420(
            ByteBuffer.wrap(y.data),
            ByteBuffer.wrap(u.data),
            ByteBuffer.wrap(v.data),
            width,
            height,
            y.rowStride,
            y.pixelStride,
            u.rowStride,
            u.pixelStride,
            v.rowStride,
            v.pixelStride,
            rotation,
        )
    }
}

private class StoredRgba(
    private val width: Int,
    private val height: Int,
    private val data: ByteArray,
    private val rowStride: Int,
) : StoredFrame() {
    override fun set(
        frame: CameraFrame,
        rotation: Int,
    ) {
        frame.setRgba(ByteBuffer.wrap(data), width, height, rowStride, rotation)
    }
}

/** The strict reader of golden cases. Numbers of a frame are read as they are: the frame refuses what does not fit. */
internal object GoldenCaseReader {
    private const val LIMIT = 64 shl 20
    private const val MOST_LABELS = 10_000
    private val ERROR_WORDS = listOf("y", "u", "v", "rgba", "box", "rotation", "size", "stride")
    private val HASHES = listOf("upright_sha256", "scaled_sha256", "tensor_sha256")
    private val MEMBERS =
        listOf("name", "frame", "rotation", "mirror", "box", "crop_margin", "target", "expect", "probabilities")
    private val JSON = StrictJson("golden case")

    fun read(data: ByteArray): GoldenCase {
        val document = JsonReader.read("golden case", data, LIMIT)
        val members = JSON.members(document, "", MEMBERS, optional = setOf("probabilities"))
        val expect = JSON.entries(members["expect"], "expect")
        return GoldenCase(
            name = JSON.string(members["name"], "name"),
            stored = frame(members["frame"]),
            rotation = integer(members["rotation"], "rotation"),
            mirror = JSON.boolean(members["mirror"], "mirror"),
            box = members["box"]?.let(::box),
            cropMargin = JSON.number(members["crop_margin"], "crop_margin"),
            target = target(members["target"]),
            hashes = if ("error" in expect) null else hashes(expect),
            error = if ("error" in expect) errorWord(expect) else null,
            answer = members["probabilities"]?.let(::probabilities),
        )
    }

    private fun errorWord(expect: Map<String, Any?>): String =
        JSON.choice(JSON.members(expect, "expect", listOf("error"))["error"], "expect.error", ERROR_WORDS)

    private fun hashes(expect: Map<String, Any?>): Map<String, String> =
        JSON.members(expect, "expect", HASHES).mapValues { (name, hash) -> JSON.sha256(hash, "expect.$name") }

    private fun probabilities(value: Any): FloatArray =
        JSON
            .array(value, "probabilities", 1, MOST_LABELS)
            .map { JSON.number(it, "probabilities").toFloat() }
            .toFloatArray()

    private fun box(value: Any): FaceBox {
        val corners = JSON.array(value, "box", 4, 4).map { JSON.number(it, "box") }
        return FaceBox(corners[0], corners[1], corners[2], corners[3])
    }

    private fun frame(value: Any?): StoredFrame {
        val kind = JSON.choice(JSON.entries(value, "frame")["kind"], "frame.kind", listOf("rgba", "yuv420"))
        val planes = if (kind == "rgba") listOf("row_stride", "data") else listOf("y", "u", "v")
        val members = JSON.members(value, "frame", listOf("kind", "width", "height") + planes)
        val width = integer(members["width"], "frame.width")
        val height = integer(members["height"], "frame.height")
        if (kind == "rgba") {
            val stride = integer(members["row_stride"], "frame.row_stride")
            return StoredRgba(width, height, base64(members["data"], "frame.data"), stride)
        }
        val (y, u, v) = planes.map { plane(members[it], "frame.$it") }
        return StoredYuv(width, height, y, u, v)
    }

    private fun plane(
        value: Any?,
        key: String,
    ): StoredPlane {
        val members = JSON.members(value, key, listOf("data", "row_stride", "pixel_stride"))
        return StoredPlane(
            data = base64(members["data"], "$key.data"),
            rowStride = integer(members["row_stride"], "$key.row_stride"),
            pixelStride = integer(members["pixel_stride"], "$key.pixel_stride"),
        )
    }

    private fun target(value: Any?): Target {
        val names = listOf("width", "height", "channels", "layout", "dtype", "mean", "std", "scale", "zero_point")
        val members = JSON.members(value, "target", names)
        val channels = JSON.integer(members["channels"], "target.channels", 1, 3).toInt()
        if (channels == 2) JSON.fail("target.channels", members["channels"], "1, 3")
        val input =
            InputSpec(
                name = "image",
                kind = Interface.TENSOR,
                width = integer(members["width"], "target.width"),
                height = integer(members["height"], "target.height"),
                channels = channels,
                layout = Layout.valueOf(JSON.choice(members["layout"], "target.layout", Layout.values().map { it.name })),
                type = elementType(members["dtype"], "target.dtype", JSON),
            )
        return Target(input, normalization(members, channels), quantization(members, input))
    }

    private fun normalization(
        members: Map<String, Any?>,
        channels: Int,
    ): Normalization? {
        if (members["mean"] == null && members["std"] == null) return null
        return Normalization(
            means(members["mean"], "target.mean", channels, JSON),
            stds(members["std"], "target.std", channels, JSON),
        )
    }

    private fun quantization(
        members: Map<String, Any?>,
        input: InputSpec,
    ): QuantizationParameters? {
        if (input.type != ElementType.INT8) {
            if (members["scale"] != null || members["zero_point"] != null) {
                JSON.fail("target.scale", members["scale"], "null where dtype is ${input.type.word}")
            }
            return null
        }
        return QuantizationParameters(
            scale(members["scale"], "target.scale", JSON),
            JSON.integer(members["zero_point"], "target.zero_point", -128, 127).toInt(),
        )
    }

    private fun integer(
        value: Any?,
        key: String,
    ): Int = JSON.integer(value, key, Int.MIN_VALUE.toLong(), Int.MAX_VALUE.toLong()).toInt()

    private fun base64(
        value: Any?,
        key: String,
    ): ByteArray {
        if (value !is String) JSON.fail(key, value, "base64 text")
        return try {
            Base64.getDecoder().decode(value)
        } catch (_: IllegalArgumentException) {
            JSON.fail(key, value, "base64 text")
        }
    }
}
