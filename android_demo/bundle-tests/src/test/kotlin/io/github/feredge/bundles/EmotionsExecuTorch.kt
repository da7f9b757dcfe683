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
import org.pytorch.executorch.EValue
import org.pytorch.executorch.Module
import org.pytorch.executorch.Tensor
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** One a thread. On Android: `EmotionsExecuTorch(BundleSource { assets.open("bundle/$it") }, cacheDir)`. */
class EmotionsExecuTorch(
    source: BundleSource,
    folder: File,
) : AutoCloseable {
    private val loaded = Bundle.open(source).load("executorch-fp32") // hashes and contracts are compared here
    private val contract = loaded.contract
    private val module = Module.load(written(loaded.model, folder).path) // ExecuTorch opens files only
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
        val tensor = Tensor.fromBlob(path.prepare(frame, face).asFloatBuffer(), shape)
        val answer = module.forward(EValue.from(tensor)).first().toTensor()
        reader.buffer.rewind()
        reader.buffer.asFloatBuffer().put(answer.dataAsFloatArray)
        reader.buffer.rewind()
        return ranking.top(reader.read(), 2)
    }

    override fun close() = module.destroy()

    private fun written(
        model: ByteBuffer,
        folder: File,
    ): File = File(folder, "executorch-fp32.pte").apply { outputStream().channel.use { it.write(model) } }
}
