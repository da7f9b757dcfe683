package io.github.feredge.bundles

import io.github.feredge.core.answer.OutputReader
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.LoadedArtifact
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter
import java.io.File
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.StandardCopyOption

/**
 * The `org.tensorflow.lite.Interpreter` of Android, on the desktop. Its native part is TensorFlow Lite 2.6: float models
 * only, since newer quantized files keep their weights where it does not look.
 */
internal class TfliteOnJvm(
    loaded: LoadedArtifact,
) : AutoCloseable {
    private val interpreter = Interpreter(loaded.model.also { library }, Interpreter.Options().setNumThreads(1))
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
        return reader.read()
    }

    override fun close() = interpreter.close()

    private fun type(type: DataType): ElementType =
        when (type) {
            DataType.FLOAT32 -> ElementType.FLOAT32
            DataType.INT8 -> ElementType.INT8
            DataType.UINT8 -> ElementType.UINT8
            else -> error("element type $type")
        }

    companion object {
        /** Loads the native library; an app's has it by itself. */
        fun loadLibrary() = library

        /** Loads the native library from its jar once. */
        private val library: Unit by lazy {
            val file = File.createTempFile("tensorflowlite", ".so")
            file.deleteOnExit()
            val resource = checkNotNull(TfliteOnJvm::class.java.getResourceAsStream("/native/lib/libtensorflowlite_jni.so"))
            resource.use { Files.copy(it, file.toPath(), StandardCopyOption.REPLACE_EXISTING) }
            System.load(file.absolutePath)
        }
    }
}
