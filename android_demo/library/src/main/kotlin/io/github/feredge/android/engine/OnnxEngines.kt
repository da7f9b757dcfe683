package io.github.feredge.android.engine

import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtSession
import ai.onnxruntime.TensorInfo
import ai.onnxruntime.ValueInfo
import android.system.Os
import io.github.feredge.core.EngineException
import io.github.feredge.core.bundle.ElementType
import java.nio.ByteBuffer

/** ONNX Runtime by its Java interface, its telemetry switched off. */
public class OnnxEngines : EngineFactory {
    override val formats: List<String> = listOf("onnx")

    override fun open(
        model: ByteBuffer,
        accelerator: Accelerator,
        threads: Int,
    ): Engine {
        // Before there is an environment: later only events that come after it are stopped.
        Os.setenv("ORT_DISABLE_TELEMETRY", "1", true)
        val environment = OrtEnvironment.getEnvironment()
        environment.setTelemetry(false)
        val session = OrtSession.SessionOptions().use { session(environment, model, it, accelerator, threads) }
        val where = if (accelerator == Accelerator.CPU) threadsInWords(threads) else accelerator.word
        return opened(environment, session, "ONNX Runtime ($where)")
    }

    @Throws(OrtException::class)
    private fun session(
        environment: OrtEnvironment,
        model: ByteBuffer,
        options: OrtSession.SessionOptions,
        accelerator: Accelerator,
        threads: Int,
    ): OrtSession {
        options.setIntraOpNumThreads(threads)
        when (accelerator) {
            Accelerator.CPU -> Unit
            Accelerator.NNAPI -> options.addNnapi()
            Accelerator.GPU -> throw EngineException("ONNX Runtime has no delegate for the GPU here; allowed: cpu, nnapi")
        }
        return environment.createSession(model.duplicate().apply { clear() }, options)
    }

    private fun opened(
        environment: OrtEnvironment,
        session: OrtSession,
        description: String,
    ): Engine {
        var engine: Engine? = null
        try {
            engine = OnnxEngine(environment, session, description)
            return engine
        } finally {
            if (engine == null) session.close()
        }
    }
}

private class OnnxEngine(
    private val environment: OrtEnvironment,
    private val session: OrtSession,
    override val description: String,
) : Engine {
    private val inputName = only(session.inputNames, "inputs")
    private val outputName = only(session.outputNames, "outputs")
    private val input = tensor(session.inputInfo.getValue(inputName).info)
    private val output = tensor(session.outputInfo.getValue(outputName).info)

    override val inputShape: IntArray = shape(input)
    override val inputType: ElementType = type(input)
    override val outputShape: IntArray = shape(output)
    override val outputType: ElementType = type(output)

    private val inputDimensions = input.shape

    override fun run(
        input: ByteBuffer,
        output: ByteBuffer,
    ) {
        input.clear()
        output.clear()
        tensor(input).use { given ->
            session.run(mapOf(inputName to given), setOf(outputName)).use { answers ->
                output.put((answers[0] as OnnxTensor).byteBuffer)
            }
        }
    }

    /** Reads [data] where it lies. */
    private fun tensor(data: ByteBuffer): OnnxTensor =
        when (inputType) {
            ElementType.FLOAT32 -> OnnxTensor.createTensor(environment, data.asFloatBuffer(), inputDimensions)
            ElementType.INT8 -> OnnxTensor.createTensor(environment, data, inputDimensions, OnnxJavaType.INT8)
            ElementType.UINT8 -> OnnxTensor.createTensor(environment, data, inputDimensions, OnnxJavaType.UINT8)
        }

    override fun close() {
        session.close()
    }

    private fun only(
        names: Set<String>,
        what: String,
    ): String = names.singleOrNull() ?: throw EngineException("the model has ${names.size} $what; allowed: one")

    private fun tensor(info: ValueInfo): TensorInfo =
        info as? TensorInfo ?: throw EngineException("the model takes or gives $info; allowed: tensors")

    private fun shape(info: TensorInfo): IntArray = IntArray(info.shape.size) { info.shape[it].toInt() }

    private fun type(info: TensorInfo): ElementType =
        when (info.type) {
            OnnxJavaType.FLOAT -> ElementType.FLOAT32
            OnnxJavaType.INT8 -> ElementType.INT8
            OnnxJavaType.UINT8 -> ElementType.UINT8
            else -> throw EngineException("tensors of ${info.type}; allowed: FLOAT, INT8, UINT8")
        }
}
