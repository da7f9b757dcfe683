package io.github.feredge.android.model

import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.Engine
import io.github.feredge.android.engine.translated
import io.github.feredge.core.EngineException
import io.github.feredge.core.FrameException
import io.github.feredge.core.ModelException
import io.github.feredge.core.answer.OutputReader
import io.github.feredge.core.bundle.Contract
import io.github.feredge.core.bundle.LoadedArtifact
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.CameraPath
import io.github.feredge.core.camera.FaceBox
import java.io.Closeable
import java.nio.ByteBuffer

/**
 * From a camera frame and a face box to probabilities: the core's camera path, an engine, the core's reading of answers.
 *
 * Free of Android. Not for use by several threads at once.
 *
 * @param loaded model file and contract.
 * @param engine the same file, opened; closed with this object.
 * @property accelerator where the engine runs.
 * @throws io.github.feredge.core.ModelException the opened model does not fit its contract.
 */
public class EmotionModel(
    private val loaded: LoadedArtifact,
    private val engine: Engine,
    public val accelerator: Accelerator,
) : Closeable {
    /** What the model needs and answers. */
    public val contract: Contract get() = loaded.contract

    /** Its name in the bundle. */
    public val variant: String get() = loaded.artifact.variant

    /** Library, accelerator and threads. */
    public val engineDescription: String get() = engine.description

    /** Time of the last camera path and of the last inference. */
    public var cameraNanos: Long = 0
        private set

    /** Time of the last run of the engine. */
    public var inferenceNanos: Long = 0
        private set

    private val path = CameraPath(contract)
    private val reader: OutputReader

    init {
        contract.checkInput(engine.inputShape, engine.inputType)
        contract.checkOutput(engine.outputShape, engine.outputType)
        reader = OutputReader(contract, engine.outputType)
    }

    /** What the engine got last. */
    public val tensor: ByteBuffer get() = path.tensor

    /**
     * Classifies one face.
     *
     * @param frame the camera's picture.
     * @param box of the face in the upright picture; null: the whole picture.
     * @return (labels) probabilities, overwritten by the next call.
     * @throws FrameException the box lies outside the frame, or the frame holds no picture.
     * @throws EngineException the engine failed; [ModelOpener.reopenOnCpu] goes on without its accelerator.
     * @throws ModelException the answer is not a number.
     */
    public fun classify(
        frame: CameraFrame,
        box: FaceBox?,
    ): FloatArray {
        val start = System.nanoTime()
        path.prepare(frame, box)
        val prepared = System.nanoTime()
        val answer = infer()
        inferenceNanos = System.nanoTime() - prepared
        cameraNanos = prepared - start
        return answer
    }

    /**
     * Runs the engine on the last tensor again.
     *
     * @throws EngineException the engine failed.
     * @throws ModelException the answer is not a number.
     */
    public fun infer(): FloatArray {
        translated({ "${engine.description} failed while the model ran" }) { engine.run(path.tensor, reader.buffer) }
        return reader.read()
    }

    /** Prepares the tensor without running the engine. */
    public fun prepare(
        frame: CameraFrame,
        box: FaceBox?,
    ) {
        path.prepare(frame, box)
    }

    /** Never throws: what broke down while it ran may not close either. */
    override fun close() {
        try {
            translated({ "${engine.description} does not close" }) { engine.close() }
        } catch (_: EngineException) {
            // There is nothing left to do with it.
        }
    }
}
