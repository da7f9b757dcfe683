package io.github.feredge.app.live

import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.model.EmotionModel
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.app.Device
import io.github.feredge.app.Parts
import io.github.feredge.app.camera.CameraProblem
import io.github.feredge.app.camera.Picture
import io.github.feredge.app.camera.PictureListener
import io.github.feredge.app.documents.DumpDocument
import io.github.feredge.core.EngineException
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.ModelException
import io.github.feredge.core.answer.ProbabilitySmoother
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FaceBox

/** Opens the bundle and works on pictures, on a thread of its own. */
class LiveWorker(
    private val parts: Parts,
    private val screen: LiveScreen,
) : PictureListener {
    private val thread = HandlerThread("pictures").apply { start() }
    private val main = Handler(Looper.getMainLooper())

    /** The worker's thread. */
    val handler: Handler = Handler(thread.looper)

    private val faces = parts.faces()
    private val frame = CameraFrame()
    private val results = Exchange<LiveResult>()
    private val upright = UprightBitmap()
    private var opener: ModelOpener? = null
    private var open: OpenChoice? = null
    private var lastGood: Choice? = null
    private var wantsDump = false

    @Volatile
    private var isStopped = false

    private class OpenChoice(
        val model: EmotionModel,
        val running: RunningModel,
    ) {
        val smoother = ProbabilitySmoother(running.labels.size)
        var isProven = false
    }

    /**
     * Opens a variant; after an installation also checks every file of the bundle.
     *
     * What does not work gives way, with the reason: to the CPU, else to the last choice that worked.
     */
    fun open(choice: Choice) {
        handler.post { openOr(choice, choice, null) { refuse(it) } }
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

    private fun openOr(
        asked: Choice,
        choice: Choice,
        reason: String?,
        refused: (String) -> Unit,
    ) {
        try {
            openNow(asked, choice, reason)
        } catch (fault: FerEdgeException) {
            closeModel()
            val before = lastGood
            // Once: what worked before may fail as well.
            lastGood = null
            if (before == null ||
                before == choice
            ) {
                refused(fault.message.orEmpty())
            } else {
                openOr(asked, before, fault.message, refused)
            }
        }
    }

    private fun openNow(
        asked: Choice,
        choice: Choice,
        reason: String?,
    ) {
        closeModel()
        val ready = opener ?: ModelOpener(parts.openBundle(), parts.engines).also { opener = it }
        val known = ready.variants
        val variant =
            choice.variant?.takeIf { it in known } ?: known.firstOrNull()
                ?: throw EngineException(nothingRuns())
        val opened = ready.open(variant, choice.accelerator, Device.threads)
        val model = opened.model
        val running =
            RunningModel(
                asked,
                variant,
                model.accelerator,
                model.engineDescription,
                model.contract.labels,
                reason ?: opened.fallback,
            )
        open = OpenChoice(model, running)
        tell { screen.onReady(running, known) }
    }

    private fun nothingRuns(): String {
        val formats = parts.engines.flatMap { it.formats }.joinToString(",")
        return "This bundle has no variant that this app runs; export one with fer-export --format $formats."
    }

    private fun closeModel() {
        open?.model?.close()
        open = null
    }

    private fun refuse(message: String) {
        closeModel()
        tell { screen.onRefused(message) }
    }

    private fun tell(news: () -> Unit) {
        main.post { if (!isStopped) news() }
    }

    override fun onCameraProblem(problem: CameraProblem) {
        tell { screen.onCameraProblem(problem) }
    }

    override fun onPicture(picture: Picture) {
        val now = open
        if (now == null || isStopped) return
        try {
            work(picture, now)
        } catch (fault: EngineException) {
            leave(now, fault.message.orEmpty())
        } catch (fault: ModelException) {
            // An answer that is not a number.
            leave(now, fault.message.orEmpty())
        } catch (fault: FerEdgeException) {
            tell { screen.onPictureRefused(fault.message.orEmpty()) }
        } finally {
            frame.clear()
        }
    }

    /** An engine that fails on a picture is not asked again. */
    private fun leave(
        failed: OpenChoice,
        reason: String,
    ) {
        val running = failed.running
        if (lastGood?.accelerator == running.accelerator) lastGood = null
        if (running.accelerator == Accelerator.CPU) {
            val before = lastGood
            if (before == null) refuse(reason) else openOr(running.asked, before, reason, ::refuse)
        } else {
            openOr(running.asked, Choice(running.variant, Accelerator.CPU), reason, ::refuse)
        }
    }

    private fun work(
        picture: Picture,
        now: OpenChoice,
    ) {
        picture.set(frame)
        val isMirrored = now.model.contract.camera.mirror
        val bitmap = upright.draw(frame, isMirrored, results.spare?.bitmap)
        val boxes = faces.find(picture, bitmap, isMirrored).take(MOST_FACES)
        var camera = 0L
        var inference = 0L
        val answers =
            boxes.mapIndexed { index, box ->
                val found = now.model.classify(frame, box)
                if (index > 0) return@mapIndexed FaceAnswer(box, found.clone())
                camera = now.model.cameraNanos
                inference = now.model.inferenceNanos
                dumpIfWanted(picture, now.model, box, found)
                FaceAnswer(box, now.smoother.update(found, picture.timestampNanos).clone())
            }
        if (boxes.isEmpty()) withoutFace(picture, now)
        prove(now)
        publish(LiveResult(bitmap, picture.isFront && !isMirrored, answers, now.running, camera, inference))
    }

    private fun withoutFace(
        picture: Picture,
        now: OpenChoice,
    ) {
        now.smoother.reset()
        if (wantsDump || !now.isProven) {
            dumpIfWanted(picture, now.model, null, now.model.classify(frame, null))
        }
    }

    /** The first picture that was answered. */
    private fun prove(now: OpenChoice) {
        if (now.isProven) return
        now.isProven = true
        lastGood = Choice(now.running.variant, now.running.accelerator)
        tell { screen.onProven(now.running) }
    }

    private fun publish(result: LiveResult) {
        if (results.publish(result)) tell { results.take()?.let(screen::onResult) }
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
        const val MOST_FACES = 4
    }
}
