package io.github.feredge.bundles

import io.github.feredge.core.answer.OutputReader
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.LoadedArtifact
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter
import java.nio.ByteBuffer

/** Android's TensorFlow Lite on this computer as an app opens it: XNNPACK unless told otherwise. */
internal class TfliteOnJvm(
    loaded: LoadedArtifact,
    xnnpack: Boolean = true,
) : AutoCloseable {
    private val interpreter = Interpreter(loaded.model, Interpreter.Options().setNumThreads(1).setUseXNNPACK(xnnpack))
    private val reader: OutputReader

    init {
        val contract = loaded.contract
        contract.checkInput(interpreter.getInputTensor(0).shape(), type(interpreter.getInputTensor(0).dataType()))
        val output = type(interpreter.getOutputTensor(0).dataType())
        contract.checkOutput(interpreter.getOutputTensor(0).shape(), output)
        reader = OutputReader(contract, output)
    }

    fun run(tensor: ByteBuffer): FloatArray {
        reader.buffer.rewind()
        interpreter.run(tensor, reader.buffer)
        return reader.read().copyOf() // the reader's own array is used again
    }

    override fun close() = interpreter.close()

    private fun type(type: DataType): ElementType =
        when (type) {
            DataType.FLOAT32 -> ElementType.FLOAT32
            DataType.INT8 -> ElementType.INT8
            DataType.UINT8 -> ElementType.UINT8
            else -> error("element type $type")
        }
}
