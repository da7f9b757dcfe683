package io.github.feredge.core.camera

import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.Normalization
import io.github.feredge.core.bundle.QuantizationParameters

/**
 * Step 8 of the camera specification: what color value v of a channel becomes, 256 entries a channel.
 *
 * @property floats one table a channel where the tensor is float32, else empty.
 * @property bytes one table a channel where it is int8 or uint8, else empty.
 */
internal class LookupTables(
    channels: Int,
    type: ElementType,
    normalization: Normalization?,
    quantization: QuantizationParameters?,
) {
    val floats: List<FloatArray> =
        if (type == ElementType.FLOAT32) List(channels) { normalized(normalization, it) } else emptyList()

    val bytes: List<ByteArray> =
        when (type) {
            ElementType.FLOAT32 -> emptyList()
            ElementType.UINT8 -> List(channels) { ByteArray(VALUES) { value -> value.toByte() } }
            ElementType.INT8 -> List(channels) { quantized(normalized(normalization, it), checkNotNull(quantization)) }
        }

    /** Each operation is rounded to float32, as in torchvision's ToTensor and Normalize. */
    private fun normalized(
        normalization: Normalization?,
        channel: Int,
    ): FloatArray {
        if (normalization == null) return FloatArray(VALUES) { it.toFloat() }
        val mean = normalization.mean[channel].toFloat()
        val std = normalization.std[channel].toFloat()
        return FloatArray(VALUES) { (it.toFloat() / 255f - mean) / std }
    }

    /** The division in float64, half to even. */
    private fun quantized(
        table: FloatArray,
        parameters: QuantizationParameters,
    ): ByteArray =
        ByteArray(VALUES) {
            val integer = Math.rint(table[it].toDouble() / parameters.scale) + parameters.zeroPoint
            Math.max(-128.0, Math.min(integer, 127.0)).toInt().toByte()
        }

    private companion object {
        const val VALUES = 256
    }
}
