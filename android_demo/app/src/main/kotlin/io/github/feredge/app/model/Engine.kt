package io.github.feredge.app.model

import io.github.feredge.core.bundle.ElementType
import java.io.Closeable
import java.nio.ByteBuffer

/** Where a model runs. */
enum class Accelerator(
    /** As settings, intents and documents write it. */
    val word: String,
) {
    /** XNNPACK on threads. */
    CPU("cpu"),

    /** Android's neural networks interface: whatever the maker offers. */
    NNAPI("nnapi"),

    /** The GPU delegate, if the app was built with it. */
    GPU("gpu"),
    ;

    /** Reads settings. */
    companion object {
        /** The accelerator of that name, [CPU] if there is none. */
        fun of(word: String?): Accelerator = values().firstOrNull { it.word == word } ?: CPU
    }
}

/** An opened model: one tensor in, one out. Not for use by several threads at once. */
interface Engine : Closeable {
    /** Library, accelerator and threads, for people. */
    val description: String

    /** Shape of the input. */
    val inputShape: IntArray

    /** Type of the input's elements. */
    val inputType: ElementType

    /** Shape of the output. */
    val outputShape: IntArray

    /** Type of the output's elements. */
    val outputType: ElementType

    /**
     * Runs the model once.
     *
     * @param input direct, native order, filled from index 0 to its capacity.
     * @param output direct, native order; receives the answer from index 0 on.
     */
    fun run(
        input: ByteBuffer,
        output: ByteBuffer,
    )
}

/** An engine or its accelerator cannot be had; the message says why. */
class EngineException(
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)

/** Opens models; the app's is [TfLiteEngines]. */
fun interface EngineFactory {
    /**
     * Opens a model.
     *
     * @param model its bytes, direct, native order; must stay unchanged while the engine is open.
     * @param accelerator where to run.
     * @param threads of the CPU.
     * @throws EngineException the library refuses the model or the accelerator.
     */
    fun open(
        model: ByteBuffer,
        accelerator: Accelerator,
        threads: Int,
    ): Engine
}
