package io.github.feredge.bundles

import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtSession
import ai.onnxruntime.TensorInfo
import io.github.feredge.core.answer.OutputReader
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.bundle.LoadedArtifact
import java.nio.ByteBuffer

/** ONNX Runtime for Java, one thread. */
internal class OnnxOnJvm(
    loaded: LoadedArtifact,
) : AutoCloseable {
    private val environment = OrtEnvironment.getEnvironment()
    private val contract = loaded.contract
    private val session: OrtSession
    private val reader: OutputReader

    init {
        val options = OrtSession.SessionOptions()
        options.setIntraOpNumThreads(1)
        session =
            environment.createSession(ByteArray(loaded.model.remaining()).also { loaded.model.duplicate().get(it) }, options)
        val input = session.inputInfo.getValue(contract.input.name).info as TensorInfo
        contract.checkInput(shape(input), type(input))
        val output = session.outputInfo.getValue(contract.output.name).info as TensorInfo
        contract.checkOutput(shape(output), type(output))
        reader = OutputReader(contract, type(output))
    }

    fun run(tensor: ByteBuffer): FloatArray {
        val shape =
            contract.input
                .shape()
                .map { it.toLong() }
                .toLongArray()
        val input =
            when (contract.input.type) {
                ElementType.FLOAT32 -> OnnxTensor.createTensor(environment, tensor.asFloatBuffer(), shape)
                ElementType.INT8 -> OnnxTensor.createTensor(environment, tensor, shape, OnnxJavaType.INT8)
                ElementType.UINT8 -> OnnxTensor.createTensor(environment, tensor, shape, OnnxJavaType.UINT8)
            }
        input.use {
            session.run(mapOf(contract.input.name to input)).use { answer ->
                val output = answer.get(contract.output.name).get() as OnnxTensor
                reader.buffer.rewind()
                reader.buffer.put(output.byteBuffer)
            }
        }
        return reader.read().copyOf() // the reader's own array is used again
    }

    override fun close() = session.close()

    private fun shape(info: TensorInfo) = info.shape.map { it.toInt() }.toIntArray()

    private fun type(info: TensorInfo): ElementType =
        when (info.type) {
            OnnxJavaType.FLOAT -> ElementType.FLOAT32
            OnnxJavaType.INT8 -> ElementType.INT8
            OnnxJavaType.UINT8 -> ElementType.UINT8
            else -> error("element type ${info.type}")
        }
}
