package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart
import io.github.feredge.core.bundle.Contract
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.InputSpec
import io.github.feredge.core.bundle.Layout
import io.github.feredge.core.bundle.Normalization
import io.github.feredge.core.bundle.QuantizationParameters
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Steps 7 to 9 of the camera specification: gray, normalization or quantization by table, layout.
 *
 * Tables and buffers are made once; nothing is allocated later. Not for use by several threads at once.
 */
public class TensorWriter internal constructor(
    private val input: InputSpec,
    normalization: Normalization?,
    quantization: QuantizationParameters?,
) {
    /** A writer for one artifact. */
    public constructor(contract: Contract) : this(contract.input, contract.normalization, contract.inputQuantization)

    private val pixels = input.width * input.height
    private val tables = LookupTables(input.channels, input.type, normalization, quantization)
    private val floats = FloatArray(if (input.type == ElementType.FLOAT32) pixels * input.channels else 0)
    private val bytes = ByteArray(if (input.type == ElementType.FLOAT32) 0 else pixels * input.channels)

    /**
     * The tensor: direct, in the machine's byte order (little-endian on every Android device), written again by each
     * [write]. Elements in the contract's layout and type, `pixels * channels` of them.
     */
    public val tensor: ByteBuffer =
        ByteBuffer.allocateDirect(pixels * input.channels * input.type.bytes).order(ByteOrder.nativeOrder())

    private val tensorFloats = tensor.asFloatBuffer()

    /**
     * Writes one picture into [tensor].
     *
     * @param rgb (height, width, 3) bytes in the model's size.
     * @return [tensor], from position 0 to its capacity.
     * @throws FrameException [rgb] is too short.
     */
    public fun write(rgb: ByteArray): ByteBuffer {
        if (rgb.size < 3 * pixels) {
            throw FrameException(
                "size of the scaled picture is ${rgb.size} bytes; the contract takes ${input.width}x${input.height}x3",
                FramePart.SIZE,
            )
        }
        val isFloat = input.type == ElementType.FLOAT32
        when {
            input.channels == 1 && isFloat -> grayFloats(rgb, tables.floats[0])
            input.channels == 1 -> grayBytes(rgb, tables.bytes[0])
            isFloat -> colorFloats(rgb)
            else -> colorBytes(rgb)
        }
        tensor.clear()
        if (isFloat) {
            tensorFloats.clear()
            tensorFloats.put(floats)
        } else {
            tensor.put(bytes)
            tensor.rewind()
        }
        return tensor
    }

    private fun grayFloats(
        rgb: ByteArray,
        table: FloatArray,
    ) {
        for (pixel in 0 until pixels) floats[pixel] = table[gray(rgb, 3 * pixel)]
    }

    private fun grayBytes(
        rgb: ByteArray,
        table: ByteArray,
    ) {
        for (pixel in 0 until pixels) bytes[pixel] = table[gray(rgb, 3 * pixel)]
    }

    /** Pillow's "L", exact. */
    private fun gray(
        rgb: ByteArray,
        index: Int,
    ): Int {
        val red = rgb[index].toInt() and 255
        val green = rgb[index + 1].toInt() and 255
        val blue = rgb[index + 2].toInt() and 255
        return (19595 * red + 38470 * green + 7471 * blue + 32768) shr 16
    }

    private fun colorFloats(rgb: ByteArray) {
        for (channel in 0 until 3) {
            val table = tables.floats[channel]
            var target = start(channel)
            for (pixel in 0 until pixels) {
                floats[target] = table[rgb[3 * pixel + channel].toInt() and 255]
                target += step
            }
        }
    }

    private fun colorBytes(rgb: ByteArray) {
        for (channel in 0 until 3) {
            val table = tables.bytes[channel]
            var target = start(channel)
            for (pixel in 0 until pixels) {
                bytes[target] = table[rgb[3 * pixel + channel].toInt() and 255]
                target += step
            }
        }
    }

    private val step = if (input.layout == Layout.NCHW) 1 else 3

    private fun start(channel: Int) = if (input.layout == Layout.NCHW) channel * pixels else channel
}
