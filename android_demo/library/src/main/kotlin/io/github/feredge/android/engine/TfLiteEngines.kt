package io.github.feredge.android.engine

import io.github.feredge.core.EngineException
import io.github.feredge.core.bundle.ElementType
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.nnapi.NnApiDelegate
import java.io.Closeable
import java.nio.ByteBuffer

/** TensorFlow Lite by its ordinary Java interface, which LiteRT 1.x shares. */
public class TfLiteEngines : EngineFactory {
    override val formats: List<String> = listOf("tflite")

    override fun open(
        model: ByteBuffer,
        accelerator: Accelerator,
        threads: Int,
    ): Engine {
        val delegate = delegate(accelerator)
        var engine: Engine? = null
        try {
            engine = opened(model, delegate, accelerator, threads)
            return engine
        } finally {
            if (engine == null) (delegate as? Closeable)?.close()
        }
    }

    private fun opened(
        model: ByteBuffer,
        delegate: Delegate?,
        accelerator: Accelerator,
        threads: Int,
    ): Engine {
        val options = Interpreter.Options().setNumThreads(threads)
        if (delegate == null) options.setUseXNNPACK(true) else options.addDelegate(delegate)
        val where = if (delegate == null) "XNNPACK, ${threadsInWords(threads)}" else accelerator.word
        return TfLiteEngine(Interpreter(model, options), delegate as? Closeable, "TensorFlow Lite ($where)")
    }

    private fun delegate(accelerator: Accelerator): Delegate? =
        when (accelerator) {
            Accelerator.CPU -> null
            Accelerator.NNAPI -> NnApiDelegate()
            Accelerator.GPU -> gpu()
        }

    /** By name: the GPU library is 3 MB, and an app adds it as a dependency only if its model gains by it. */
    private fun gpu(): Delegate =
        try {
            Class.forName("org.tensorflow.lite.gpu.GpuDelegate").getDeclaredConstructor().newInstance() as Delegate
        } catch (error: ReflectiveOperationException) {
            throw EngineException("this app was built without org.tensorflow:tensorflow-lite-gpu", error)
        }
}

private class TfLiteEngine(
    private val interpreter: Interpreter,
    private val delegate: Closeable?,
    override val description: String,
) : Engine {
    override val inputShape: IntArray = interpreter.getInputTensor(0).shape()
    override val inputType: ElementType = elementType(interpreter.getInputTensor(0).dataType())
    override val outputShape: IntArray = interpreter.getOutputTensor(0).shape()
    override val outputType: ElementType = elementType(interpreter.getOutputTensor(0).dataType())

    override fun run(
        input: ByteBuffer,
        output: ByteBuffer,
    ) {
        input.clear()
        output.clear()
        interpreter.run(input, output)
    }

    override fun close() {
        interpreter.close()
        delegate?.close()
    }

    private fun elementType(type: DataType): ElementType =
        when (type) {
            DataType.FLOAT32 -> ElementType.FLOAT32
            DataType.INT8 -> ElementType.INT8
            DataType.UINT8 -> ElementType.UINT8
            else -> throw EngineException("tensors of $type; allowed: FLOAT32, INT8, UINT8")
        }
}
