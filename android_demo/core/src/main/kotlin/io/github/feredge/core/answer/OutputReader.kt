package io.github.feredge.core.answer

import io.github.feredge.core.ModelException
import io.github.feredge.core.bundle.Contract
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.OutputKind
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * From a model's output buffer to probabilities: dequantized where the output is quantized, softmax where it is logits.
 *
 * Made once for each model; nothing is allocated later. Not for use by several threads at once.
 *
 * @param contract of the model.
 * @param type of the output's elements as the interpreter reports it.
 * @throws ModelException.OutputType the contract's quantization does not explain that type.
 */
public class OutputReader(
    private val contract: Contract,
    private val type: ElementType,
) {
    init {
        contract.checkOutput(intArrayOf(1, contract.labels.size), type)
    }

    private val count = contract.labels.size

    /** Give this to the interpreter as its output: direct, native order, one element a label. */
    public val buffer: ByteBuffer = ByteBuffer.allocateDirect(count * type.bytes).order(ByteOrder.nativeOrder())

    /** The last answer in label order, 0 to 1; written again by each [read]. */
    public val probabilities: FloatArray = FloatArray(count)

    /**
     * Reads what the interpreter left in [buffer].
     *
     * @return [probabilities].
     * @throws ModelException.NotFinite a value is NaN or infinite.
     */
    public fun read(): FloatArray {
        for (index in 0 until count) {
            val value = value(index)
            if (value.isNaN() || value.isInfinite()) {
                throw ModelException.NotFinite(
                    "model ${contract.model} answers $value for ${contract.labels[index]}; allowed: finite numbers; " +
                        "check the delegate, or take another variant",
                )
            }
            probabilities[index] = value
        }
        if (contract.output.kind == OutputKind.LOGITS) Softmax.apply(probabilities, probabilities)
        return probabilities
    }

    private fun value(index: Int): Float {
        val parameters = contract.outputQuantization ?: return buffer.getFloat(index * type.bytes)
        val stored = buffer.get(index).toInt()
        val integer = if (type == ElementType.UINT8) stored and 255 else stored
        return ((integer - parameters.zeroPoint) * parameters.scale).toFloat()
    }
}
