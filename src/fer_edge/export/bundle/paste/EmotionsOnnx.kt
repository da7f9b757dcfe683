package io.github.feredge.bundles

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import io.github.feredge.core.answer.Guess
import io.github.feredge.core.answer.OutputReader
import io.github.feredge.core.answer.Ranking
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.CameraPath
import io.github.feredge.core.camera.FaceBox

/** One a thread. On Android: `EmotionsOnnx(BundleSource { assets.open("bundle/$it") })`. */
class EmotionsOnnx(
    source: BundleSource,
) : AutoCloseable {
    private val loaded = Bundle.open(source).load("onnx-fp32") // hashes and contracts are compared here
    private val contract = loaded.contract
    private val environment = OrtEnvironment.getEnvironment()
    private val session = environment.createSession(ByteArray(loaded.model.remaining()).also { loaded.model.get(it) })
    private val shape = LongArray(4) { contract.input.shape()[it].toLong() }
    private val path = CameraPath(contract)
    private val reader = OutputReader(contract, ElementType.FLOAT32)
    private val ranking = Ranking(contract.labels)

    /**
     * The two likeliest emotions of a face; the second guess matters. For a picture of CameraX, `val (y, u, v) = image.planes`:
     * `frame.setYuv420(y.buffer, u.buffer, v.buffer, image.width, image.height, y.rowStride, y.pixelStride,
     * u.rowStride, u.pixelStride, v.rowStride, v.pixelStride, image.imageInfo.rotationDegrees)`.
     *
     * @param face in pixels of the upright picture, from any detector; null: the whole picture.
     */
    fun read(
        frame: CameraFrame,
        face: FaceBox?,
    ): List<Guess> {
        val tensor = path.prepare(frame, face).asFloatBuffer()
        OnnxTensor.createTensor(environment, tensor, shape).use { input ->
            session.run(mapOf(contract.input.name to input)).use { answer ->
                reader.buffer.rewind()
                reader.buffer.put((answer.get(contract.output.name).get() as OnnxTensor).byteBuffer)
            }
        }
        return ranking.top(reader.read(), 2)
    }

    override fun close() = session.close()
}
