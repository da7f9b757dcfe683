package io.github.feredge.app.live

import android.graphics.Bitmap
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.app.camera.CameraProblem
import io.github.feredge.core.camera.FaceBox

/**
 * What a user can choose.
 *
 * @property variant of the bundle; null: its first one for this app.
 * @property accelerator where to run.
 */
data class Choice(
    val variant: String?,
    val accelerator: Accelerator,
)

/**
 * What runs, whatever was asked for.
 *
 * @property asked what the user chose.
 * @property variant of the bundle.
 * @property accelerator where it runs.
 * @property engine library, accelerator and threads, for people.
 * @property labels in the order of the probabilities.
 * @property reason why it is not what was asked, in one sentence; null: it is.
 */
class RunningModel(
    val asked: Choice,
    val variant: String,
    val accelerator: Accelerator,
    val engine: String,
    val labels: List<String>,
    val reason: String?,
)

/**
 * A face and its answer.
 *
 * @property box in the upright picture.
 * @property probabilities in label order; of the largest face steadied over time.
 */
class FaceAnswer(
    val box: FaceBox,
    val probabilities: FloatArray,
)

/**
 * A picture and what was found in that very picture.
 *
 * @property bitmap upright; nobody draws over it while it is shown.
 * @property isFlipped whether to show it as a mirror does.
 * @property faces largest first.
 * @property model that answered.
 * @property cameraNanos camera path of the largest face.
 * @property inferenceNanos of the largest face.
 */
class LiveResult(
    val bitmap: Bitmap,
    val isFlipped: Boolean,
    val faces: List<FaceAnswer>,
    val model: RunningModel,
    val cameraNanos: Long,
    val inferenceNanos: Long,
)

/** Hears of the worker, on the main thread. */
interface LiveScreen {
    /** A model is open and answered the golden cases. */
    fun onReady(
        model: RunningModel,
        variants: List<String>,
    )

    /** It answered a picture of the camera too. */
    fun onProven(model: RunningModel)

    /** The bundle, or every way to run it, is refused. */
    fun onRefused(message: String)

    /** The newest picture; older ones that were not shown yet are left out. */
    fun onResult(result: LiveResult)

    /** There are no pictures now. */
    fun onCameraProblem(problem: CameraProblem)

    /** A picture does not fit the model. */
    fun onPictureRefused(message: String)

    /** A dump for a file. */
    fun onDump(text: String)
}
