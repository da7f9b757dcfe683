package io.github.feredge.app

import android.os.Handler
import io.github.feredge.app.camera.Picture
import io.github.feredge.app.camera.PictureListener
import io.github.feredge.app.camera.PicturePlane
import io.github.feredge.app.camera.PictureSource
import io.github.feredge.core.camera.FaceBox
import org.json.JSONObject
import java.io.File
import java.nio.ByteBuffer
import java.util.zip.GZIPInputStream
import kotlin.concurrent.thread

/**
 * A drawn face as a phone held upright delivers it: 320x240 I420, to be turned by 90 degrees.
 *
 * `tests/support/drawn_face.py` writes it, its upright picture `face.png`, its box `faces.json`, and what `fer-predict` answers for
 * that picture and that box.
 */
object RenderedFace {
    private const val WIDTH = 320
    private const val HEIGHT = 240
    private const val ROTATION = 90

    private val bytes: ByteArray = GZIPInputStream(resource("face.i420.gz")).use { it.readBytes() }

    /** The box that `fer-predict --faces` was given. */
    val box: FaceBox = box(JSONObject(text("faces.json")))

    private val answer = face(JSONObject(File(System.getProperty("fer.edge.expected")).readText()))

    /** What `fer-predict` answers, by label. */
    val probabilities: Map<String, Double> =
        answer.getJSONObject("probabilities").let { found -> found.keys().asSequence().associateWith(found::getDouble) }

    /** The same picture anew, with its own buffers. */
    fun picture(timestampNanos: Long = 0): Picture {
        val chroma = WIDTH / 2 * (HEIGHT / 2)
        return Picture(
            WIDTH,
            HEIGHT,
            PicturePlane(slice(0, WIDTH * HEIGHT), WIDTH, 1),
            PicturePlane(slice(WIDTH * HEIGHT, chroma), WIDTH / 2, 1),
            PicturePlane(slice(WIDTH * HEIGHT + chroma, chroma), WIDTH / 2, 1),
            ROTATION,
            timestampNanos,
            isFront = true,
            sensorFaces = null,
        )
    }

    private fun slice(
        start: Int,
        length: Int,
    ): ByteBuffer = ByteBuffer.wrap(bytes, start, length).slice()

    private fun resource(name: String) = requireNotNull(javaClass.getResourceAsStream("/face/$name")) { "no $name" }

    private fun text(name: String) = resource(name).use { it.readBytes().decodeToString() }

    private fun face(document: JSONObject): JSONObject =
        document
            .getJSONArray("images")
            .getJSONObject(0)
            .getJSONArray("faces")
            .getJSONObject(0)

    private fun box(document: JSONObject): FaceBox {
        val values = face(document).getJSONArray("bbox")
        val sides = List(4) { values.getString(it).toDouble() }
        return FaceBox(sides[0], sides[1], sides[2], sides[3])
    }
}

/** A camera that delivers [RenderedFace] again and again. */
class DrawnCamera : PictureSource {
    override val needsPermission: Boolean = false

    @Volatile
    private var isRunning = false

    override fun start(
        isFront: Boolean,
        displayDegrees: Int,
        handler: Handler,
        listener: PictureListener,
    ) {
        isRunning = true
        val began = System.nanoTime()
        thread(isDaemon = true) {
            while (isRunning) {
                handler.post { if (isRunning) listener.onPicture(RenderedFace.picture(System.nanoTime() - began)) }
                Thread.sleep(PAUSE_MILLIS)
            }
        }
    }

    override fun turn(displayDegrees: Int) = Unit

    override fun retry() = Unit

    override fun stop() {
        isRunning = false
    }

    private companion object {
        const val PAUSE_MILLIS = 40L
    }
}
