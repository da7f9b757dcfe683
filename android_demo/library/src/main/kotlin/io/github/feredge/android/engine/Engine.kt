package io.github.feredge.android.engine

import io.github.feredge.core.EngineException
import io.github.feredge.core.bundle.ElementType
import java.io.Closeable
import java.nio.ByteBuffer

/** Where a model runs. */
public enum class Accelerator(
    /** As settings, intents and documents write it. */
    public val word: String,
) {
    /** XNNPACK on threads. */
    CPU("cpu"),

    /** Android's neural networks interface: whatever the maker offers. */
    NNAPI("nnapi"),

    /** The GPU delegate, if the app was built with it. */
    GPU("gpu"),
    ;

    /** Reads settings. */
    public companion object {
        /** The accelerator of that name, [CPU] if there is none. */
        public fun of(word: String?): Accelerator = values().firstOrNull { it.word == word } ?: CPU
    }
}

/** An opened model: one tensor in, one out. Not for use by several threads at once. */
public interface Engine : Closeable {
    /** Library, accelerator and threads, for people. */
    public val description: String

    /** Shape of the input. */
    public val inputShape: IntArray

    /** Type of the input's elements. */
    public val inputType: ElementType

    /** Shape of the output. */
    public val outputShape: IntArray

    /** Type of the output's elements. */
    public val outputType: ElementType

    /**
     * Runs the model once.
     *
     * @param input direct, native order, filled from index 0 to its capacity.
     * @param output direct, native order; receives the answer from index 0 on.
     * @throws Exception whatever the library throws; [io.github.feredge.android.model.EmotionModel] translates it.
     */
    public fun run(
        input: ByteBuffer,
        output: ByteBuffer,
    )
}

/** Opens models: [TfLiteEngines], or another library behind this interface. */
public fun interface EngineFactory {
    /** Formats of a bundle that this library runs. */
    public val formats: List<String> get() = listOf("tflite")

    /**
     * Opens a model.
     *
     * @param model its bytes, direct, native order; must stay unchanged while the engine is open.
     * @param accelerator where to run.
     * @param threads of the CPU.
     * @throws EngineException the library refuses the model or the accelerator; what else it throws is translated.
     */
    public fun open(
        model: ByteBuffer,
        accelerator: Accelerator,
        threads: Int,
    ): Engine
}

/** As engines describe themselves. */
internal fun threadsInWords(threads: Int): String = if (threads == 1) "1 thread" else "$threads threads"
