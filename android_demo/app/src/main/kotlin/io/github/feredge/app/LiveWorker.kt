package io.github.feredge.app

import android.graphics.Bitmap
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.model.EmotionModel
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.android.model.OpenedModel
import io.github.feredge.app.camera.Picture
import io.github.feredge.app.camera.PictureListener
import io.github.feredge.app.checks.BundleFiles
import io.github.feredge.app.documents.DumpDocument
import io.github.feredge.app.faces.PictureFaces
import io.github.feredge.core.EngineException
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.answer.ProbabilitySmoother
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FaceBox
import io.github.feredge.core.camera.UprightConverter

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
 * A picture and what was found in it.
 *
 * @property bitmap upright, drawn over again two pictures later.
 * @property isFlipped whether to show it as a mirror does.
 * @property faces largest first.
 * @property cameraNanos camera path of the largest face.
 * @property inferenceNanos of the largest face.
 */
class LiveResult(
    val bitmap: Bitmap,
    val isFlipped: Boolean,
    val faces: List<FaceAnswer>,
    val cameraNanos: Long,
    val inferenceNanos: Long,
)

/** Hears of the worker, on the main thread. */
interface LiveScreen {
    /** A model is open. */
    fun onReady(
        opened: OpenedModel,
        variants: List<String>,
    )

    /** The bundle or the variant cannot be used. */
    fun onRefused(message: String)

    /** A picture was worked through. */
    fun onResult(result: LiveResult)

    /** The camera is gone. */
    fun onCameraProblem(message: String)

    /** A dump for a file. */
    fun onDump(text: String)
}

/** Opens the bundle and works on pictures, on a thread of its own. */
class LiveWorker(
    private val parts: Parts,
    private val screen: LiveScreen,
) : PictureListener {
    private val thread = HandlerThread("pictures").apply { start() }
    private val main = Handler(Looper.getMainLooper())

    /** The worker's thread. */
    val handler: Handler = Handler(thread.looper)

    private val faces: PictureFaces = parts.faces()
    private val frame = CameraFrame()
    private val converter = UprightConverter()
    private val bitmaps = arrayOfNulls<Bitmap>(BITMAPS)
    private var pixels = IntArray(0)
    private var turn = 0
    private var opener: ModelOpener? = null
    private var model: EmotionModel? = null
    private var smoother: ProbabilitySmoother? = null
    private var wantsDump = false

    @Volatile
    private var isStopped = false

    /**
     * Opens a variant; the first time also checks every file of the bundle.
     *
     * @param variant of the bundle; null or unknown: its first one for this app.
     * @param accelerator where to run.
     */
    fun open(
        variant: String?,
        accelerator: Accelerator,
    ) {
        handler.post {
            try {
                openNow(variant, accelerator)
            } catch (fault: FerEdgeException) {
                refuse(fault.message)
            }
        }
    }

    /** Describes the next picture in a document. */
    fun dump() {
        handler.post { wantsDump = true }
    }

    /** Ends the thread and closes the model; the screen hears nothing more. */
    fun stop() {
        isStopped = true
        handler.post { closeModel() }
        thread.quitSafely()
    }

    private fun openNow(
        variant: String?,
        accelerator: Accelerator,
    ) {
        closeModel()
        val ready = opener ?: checkedBundle().also { opener = it }
        val known = ready.variants
        val name = if (variant in known) variant else known.firstOrNull()
        if (name == null) {
            refuse("This bundle has no TFLite variant; export one with fer-export --format tflite.")
            return
        }
        val opened = ready.open(name, accelerator, Device.threads)
        model = opened.model
        smoother = ProbabilitySmoother(opened.model.contract.labels.size)
        tell { screen.onReady(opened, known) }
    }

    private fun checkedBundle(): ModelOpener {
        val bundle = Bundle.open(parts.bundle)
        val fault = BundleFiles.fault(bundle)
        if (fault != null) throw EngineException(fault)
        return ModelOpener(bundle, parts.engines)
    }

    private fun closeModel() {
        model?.close()
        model = null
    }

    private fun refuse(message: String?) {
        closeModel()
        tell { screen.onRefused(message.orEmpty()) }
    }

    private fun tell(news: () -> Unit) {
        main.post { if (!isStopped) news() }
    }

    override fun onCameraError(message: String) {
        tell { screen.onCameraProblem(message) }
    }

    override fun onPicture(picture: Picture) {
        val model = model
        if (model == null || isStopped) return
        try {
            work(picture, model)
        } catch (fault: FerEdgeException) {
            tell { screen.onCameraProblem(fault.message.orEmpty()) }
        } finally {
            frame.clear()
        }
    }

    private fun work(
        picture: Picture,
        model: EmotionModel,
    ) {
        picture.set(frame)
        val isMirrored = model.contract.camera.mirror
        val bitmap = upright(isMirrored)
        val boxes = faces.find(picture, bitmap, isMirrored).take(MOST_FACES)
        var camera = 0L
        var inference = 0L
        val answers =
            boxes.mapIndexed { index, box ->
                val found = model.classify(frame, box)
                if (index > 0) return@mapIndexed FaceAnswer(box, found.clone())
                camera = model.cameraNanos
                inference = model.inferenceNanos
                dumpIfWanted(picture, model, box, found)
                FaceAnswer(box, steadied(found, picture.timestampNanos))
            }
        if (boxes.isEmpty()) {
            smoother?.reset()
            if (wantsDump) dumpIfWanted(picture, model, null, model.classify(frame, null))
        }
        val result = LiveResult(bitmap, picture.isFront && !isMirrored, answers, camera, inference)
        tell { screen.onResult(result) }
    }

    private fun steadied(
        probabilities: FloatArray,
        timestampNanos: Long,
    ): FloatArray = (smoother?.update(probabilities, timestampNanos) ?: probabilities).clone()

    private fun upright(isMirrored: Boolean): Bitmap {
        val width = frame.uprightWidth
        val height = frame.uprightHeight
        if (pixels.size != width * height) pixels = IntArray(width * height)
        converter.argb(frame, isMirrored, pixels)
        turn = (turn + 1) % BITMAPS
        var bitmap = bitmaps[turn]
        if (bitmap == null || bitmap.width != width || bitmap.height != height) {
            bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
            bitmaps[turn] = bitmap
        }
        bitmap.setPixels(pixels, 0, width, 0, 0, width, height)
        return bitmap
    }

    private fun dumpIfWanted(
        picture: Picture,
        model: EmotionModel,
        box: FaceBox?,
        probabilities: FloatArray,
    ) {
        if (!wantsDump) return
        wantsDump = false
        val text =
            DumpDocument.text(picture, box, model.contract, model.tensor, model.variant, probabilities, Device.name)
        tell { screen.onDump(text) }
    }

    private companion object {
        const val BITMAPS = 3
        const val MOST_FACES = 4
    }
}
