package io.github.feredge.core.golden

import io.github.feredge.core.DocumentException
import io.github.feredge.core.FrameException
import io.github.feredge.core.bundle.InputSpec
import io.github.feredge.core.bundle.Normalization
import io.github.feredge.core.bundle.QuantizationParameters
import io.github.feredge.core.bundle.sha256
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.CameraPath
import io.github.feredge.core.camera.FaceBox
import io.github.feredge.core.camera.UprightConverter
import java.nio.ByteBuffer

/** What a case's tensor looks like. */
internal class Target(
    val input: InputSpec,
    val normalization: Normalization?,
    val quantization: QuantizationParameters?,
)

/** A camera picture as a case stores it; the frame itself refuses wrong numbers. */
internal sealed class StoredFrame {
    abstract fun set(
        frame: CameraFrame,
        rotation: Int,
    )
}

/**
 * A golden case: a camera frame, what is done with it, and the hashes of what must come out. The same files are read by
 * the Python, Kotlin and JavaScript tests; those of a bundle add the original's probabilities.
 *
 * @property name of the case.
 * @property rotation degrees clockwise to upright.
 * @property mirror left-right, after the rotation.
 * @property box of the face in the upright picture, before the margin; null: the whole picture.
 * @property cropMargin by which the box grows.
 * @property error the word that the error's message must hold, or null where no error is expected.
 */
public class GoldenCase internal constructor(
    public val name: String,
    private val stored: StoredFrame,
    public val rotation: Int,
    public val mirror: Boolean,
    public val box: FaceBox?,
    public val cropMargin: Double,
    private val target: Target,
    private val hashes: Map<String, String>?,
    public val error: String?,
    private val answer: FloatArray?,
) {
    /** The PyTorch original's probabilities in label order, a new array; null where the case has none. */
    public fun probabilities(): FloatArray? = answer?.clone()

    /**
     * Puts the case's picture into a frame.
     *
     * @return [frame].
     * @throws FrameException in cases that expect one.
     */
    public fun setFrame(frame: CameraFrame): CameraFrame {
        stored.set(frame, rotation)
        return frame
    }

    /**
     * Takes the case's picture through this library.
     *
     * @return what is wrong in one sentence; null if every byte is as expected.
     */
    public fun fault(): String? {
        val found =
            try {
                run()
            } catch (fault: FrameException) {
                val isExpected = error != null && Regex("\\b$error\\b").containsMatchIn(fault.message.orEmpty())
                return if (isExpected) null else "$name: unexpected error: ${fault.message}"
            }
        if (hashes == null) return "$name: no error, but one that names $error was expected"
        val differing = found.filter { (stage, hash) -> hashes[stage] != hash }.keys
        return if (differing.isEmpty()) null else "$name: ${differing.joinToString()} differ"
    }

    private fun run(): Map<String, String> {
        val frame = setFrame(CameraFrame())
        val path = CameraPath(target.input, target.normalization, target.quantization, cropMargin, mirror)
        val tensor = bytes(path.prepare(frame, box))
        val upright = ByteArray(3 * frame.width * frame.height)
        UprightConverter().rgb(frame, mirror, upright)
        return linkedMapOf(
            "upright_sha256" to sha256(upright),
            "scaled_sha256" to sha256(path.scaled),
            "tensor_sha256" to sha256(tensor),
        )
    }

    private fun bytes(buffer: ByteBuffer): ByteArray = ByteArray(buffer.remaining()).also { buffer.get(it) }

    override fun toString(): String = name

    /** Reads stored cases. */
    public companion object {
        /**
         * Reads a case.
         *
         * @param data UTF-8 JSON, at most 64 MiB.
         * @throws DocumentException not of the schema.
         */
        @JvmStatic
        public fun parse(data: ByteArray): GoldenCase = GoldenCaseReader.read(data)
    }
}
