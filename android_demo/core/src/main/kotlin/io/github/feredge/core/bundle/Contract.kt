package io.github.feredge.core.bundle

import io.github.feredge.core.DocumentException
import io.github.feredge.core.ModelException

/** Order of the tensor's axes, batch of one. */
public enum class Layout {
    /** (1, channels, height, width). */
    NCHW,

    /** (1, height, width, channels). */
    NHWC,
}

/**
 * Element type of a tensor.
 *
 * @property word as documents write it.
 * @property bytes of one element.
 */
public enum class ElementType(
    public val word: String,
    public val bytes: Int,
) {
    /** IEEE 754 single precision. */
    FLOAT32("float32", 4),

    /** Signed byte with scale and zero point. */
    INT8("int8", 1),

    /** Unsigned byte, the color value itself. */
    UINT8("uint8", 1),
}

/** What the artifact takes. */
public enum class Interface {
    /** The normalized tensor. */
    TENSOR,

    /** RGB values 0 to 255; gray and normalization are inside the graph. */
    IMAGE,
}

/** What comes out. */
public enum class OutputKind {
    /** One probability a label, softmax done. */
    PROBABILITIES,

    /** Probabilities by label (Core ML classifiers). */
    DICTIONARY,

    /** Values before softmax (the reference only). */
    LOGITS,
}

/**
 * What goes in.
 *
 * @property name of the input in the artifact (TFLite: in the `serving_default` signature).
 * @property kind tensor or image interface.
 * @property width in pixels, 1 to 8192.
 * @property height in pixels, 1 to 8192.
 * @property channels 1 (gray) or 3 (RGB).
 * @property layout order of the axes.
 * @property type of the elements.
 */
public data class InputSpec(
    public val name: String,
    public val kind: Interface,
    public val width: Int,
    public val height: Int,
    public val channels: Int,
    public val layout: Layout,
    public val type: ElementType,
) {
    /** Of the tensor: (1, C, H, W) or (1, H, W, C); a new array. */
    public fun shape(): IntArray =
        if (layout == Layout.NCHW) intArrayOf(1, channels, height, width) else intArrayOf(1, height, width, channels)
}

/**
 * How a camera picture becomes the input.
 *
 * @property spec number of the camera specification; 1.
 * @property cropMargin by which a face box grows on each side, in widths (heights) of the box.
 * @property mirror whether the upright picture is mirrored left-right.
 */
public data class CameraSettings(
    public val spec: Int,
    public val cropMargin: Double,
    public val mirror: Boolean,
)

/**
 * `(v/255 - mean) / std` for each channel, in float32.
 *
 * @property mean one value a channel, in units of v/255.
 * @property std one positive value a channel, in units of v/255.
 */
public data class Normalization(
    public val mean: List<Double>,
    public val std: List<Double>,
)

/**
 * `real = scale * (integer - zeroPoint)`.
 *
 * @property scale a float32 value, positive.
 * @property zeroPoint the integer that stands for 0.
 */
public data class QuantizationParameters(
    public val scale: Double,
    public val zeroPoint: Int,
)

/**
 * What comes out.
 *
 * @property name of the output in the artifact.
 * @property kind probabilities, dictionary or logits.
 */
public data class OutputSpec(
    public val name: String,
    public val kind: OutputKind,
)

/**
 * Everything an app must know to feed one artifact and to read its answer; schema `fer-edge-contract/1`.
 *
 * @property model its name.
 * @property labels in the order of the output, unique.
 * @property input what goes in.
 * @property camera how a picture becomes that.
 * @property normalization null where values go in as they are.
 * @property inputQuantization of an int8 input; null otherwise.
 * @property outputQuantization of a quantized output; null where it is float.
 * @property output what comes out.
 * @property sha256 over the stored bytes.
 * @property text those stored bytes as text; equal texts are equal contracts.
 */
public class Contract internal constructor(
    public val model: String,
    public val labels: List<String>,
    public val input: InputSpec,
    public val camera: CameraSettings,
    public val normalization: Normalization?,
    public val inputQuantization: QuantizationParameters?,
    public val outputQuantization: QuantizationParameters?,
    public val output: OutputSpec,
    public val sha256: String,
    public val text: String,
) {
    /**
     * Compares with the input that an opened model reports.
     *
     * @param shape as the interpreter says, for example (1, 64, 64, 1).
     * @param type of its elements.
     * @throws ModelException.InputShape another shape.
     * @throws ModelException.InputType another type.
     */
    public fun checkInput(
        shape: IntArray,
        type: ElementType,
    ) {
        if (!shape.contentEquals(input.shape())) {
            throw ModelException.InputShape(
                "model $model takes a tensor of shape ${shape.joinToString(", ", "(", ")")}, its contract says " +
                    "${input.shape().joinToString(", ", "(", ")")}; use the model file and the contract of one bundle",
            )
        }
        if (type != input.type) {
            throw ModelException.InputType(
                "model $model takes ${type.word}, its contract says ${input.type.word}; " +
                    "use the model file and the contract of one bundle",
            )
        }
    }

    /**
     * Compares with the output that an opened model reports.
     *
     * @param shape as the interpreter says, for example (1, 8).
     * @param type of its elements.
     * @throws ModelException.LabelCount not one value a label.
     * @throws ModelException.OutputType a type that the contract's quantization does not explain.
     */
    public fun checkOutput(
        shape: IntArray,
        type: ElementType,
    ) {
        val expected = intArrayOf(1, labels.size)
        if (!shape.contentEquals(expected) && !shape.contentEquals(intArrayOf(labels.size))) {
            throw ModelException.LabelCount(
                "model $model answers with shape ${shape.joinToString(", ", "(", ")")}, its contract has ${labels.size} " +
                    "labels, so ${expected.joinToString(", ", "(", ")")} is needed; " +
                    "use the model file and the contract of one bundle",
            )
        }
        if ((type == ElementType.FLOAT32) != (outputQuantization == null)) {
            val said = if (outputQuantization == null) "no quantization, so float32" else "a quantization, so int8 or uint8"
            throw ModelException.OutputType(
                "model $model answers in ${type.word}, its contract says $said; " +
                    "use the model file and the contract of one bundle",
            )
        }
    }

    override fun equals(other: Any?): Boolean = other is Contract && other.text == text

    override fun hashCode(): Int = text.hashCode()

    override fun toString(): String = "Contract(model=$model, labels=$labels, input=$input)"

    /** Reads stored contracts. */
    public companion object {
        /** The schema that this library reads. */
        public const val SCHEMA: String = Words.CONTRACT_SCHEMA

        /**
         * Reads a stored contract.
         *
         * @param data exactly as stored: one line of compact UTF-8 JSON, no newline at the end.
         * @throws DocumentException anything that the schema does not allow; says key, value and what is allowed.
         */
        @JvmStatic
        public fun parse(data: ByteArray): Contract = ContractReader.read(data)

        /** As [parse] of the text's UTF-8 bytes. */
        @JvmStatic
        public fun parse(text: String): Contract = ContractReader.read(text.toByteArray(Charsets.UTF_8))
    }
}
