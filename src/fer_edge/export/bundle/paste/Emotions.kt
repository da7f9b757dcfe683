package io.github.feredge.bundles

import io.github.feredge.core.answer.Guess
import io.github.feredge.core.answer.OutputReader
import io.github.feredge.core.answer.Ranking
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.CameraPath
import io.github.feredge.core.camera.FaceBox
import org.tensorflow.lite.Interpreter

/** One a thread. On Android: `Emotions(BundleSource { assets.open("bundle/$it") })`. */
class Emotions(
    source: BundleSource,
) : AutoCloseable {
    private val loaded = Bundle.open(source).load("tflite-fp32") // hashes and contracts are compared here
    private val contract = loaded.contract
    private val interpreter = Interpreter(loaded.model, Interpreter.Options().setNumThreads(2))
    private val path = CameraPath(contract)
    private val reader = OutputReader(contract, ElementType.FLOAT32)
    private val ranking = Ranking(contract.labels)

    init {
        contract.checkInput(interpreter.getInputTensor(0).shape(), ElementType.FLOAT32)
    }

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
        reader.buffer.rewind()
        interpreter.run(path.prepare(frame, face), reader.buffer)
        return ranking.top(reader.read(), 2)
    }

    override fun close() = interpreter.close()
}
