package io.github.feredge.android

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource
import io.github.feredge.core.camera.FaceBox
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assume.assumeTrue
import org.tensorflow.lite.HostLibrary
import java.io.File
import java.nio.ByteBuffer
import java.util.zip.GZIPInputStream

/** The ready bundle of the repository. */
internal object Ready {
    private val root = File(System.getProperty("fer.edge.root"))

    val source: BundleSource = BundleSource.folder(File(root, "android_demo/bundle"))

    val bundle: Bundle = Bundle.open(source)

    /** The app's drawn face: 320x240 I420, to be turned by 90 degrees. */
    val drawn: File = File(root, "android_demo/app/src/test/resources/face")

    /** Skips where Android's TensorFlow Lite does not run. */
    fun needsTflite() {
        assumeTrue(HostLibrary.reason.orEmpty(), HostLibrary.reason == null)
        HostLibrary.load()
    }
}

/** A picture, a box, and what `fer-predict` answers for both: the files of `tests/support/photographed_face.py` and `drawn_face.py`. */
internal class Expected(
    document: String,
) {
    private val face =
        JSONObject(document)
            .getJSONArray("images")
            .getJSONObject(0)
            .getJSONArray("faces")
            .getJSONObject(0)

    val box: FaceBox = face.getJSONArray("bbox").let { sides -> sides(List(4) { sides.getString(it).toDouble() }) }

    private val probabilities = face.getJSONObject("probabilities")

    fun compare(found: FaceEmotions) {
        assertEquals(found.labels.size, probabilities.length())
        found.labels.forEachIndexed { index, label ->
            assertEquals(label, probabilities.getDouble(label), found.probabilities[index].toDouble(), 1e-5)
        }
    }

    private fun sides(values: List<Double>) = FaceBox(values[0], values[1], values[2], values[3])
}

/** A part of scikit-image's photograph of Eileen Collins. */
internal object Photograph {
    fun bitmap(): Bitmap = resource("face.jpg").use { requireNotNull(BitmapFactory.decodeStream(it)) }

    val expected: Expected by lazy { Expected(resource("expected.json").use { it.readBytes().decodeToString() }) }

    private fun resource(name: String) = requireNotNull(javaClass.getResourceAsStream("/face/$name")) { "no $name" }
}

/** The app's drawn face as a camera delivers it. */
internal object Drawn {
    const val WIDTH = 320
    const val HEIGHT = 240
    const val ROTATION = 90

    private val bytes = GZIPInputStream(File(Ready.drawn, "face.i420.gz").inputStream()).use { it.readBytes() }

    val expected = Expected(File(Ready.drawn, "expected.json").readText())

    fun planes(): List<FramePlane> {
        val chroma = WIDTH / 2 * (HEIGHT / 2)
        return listOf(
            FramePlane(slice(0, WIDTH * HEIGHT), WIDTH, 1),
            FramePlane(slice(WIDTH * HEIGHT, chroma), WIDTH / 2, 1),
            FramePlane(slice(WIDTH * HEIGHT + chroma, chroma), WIDTH / 2, 1),
        )
    }

    private fun slice(
        start: Int,
        length: Int,
    ): ByteBuffer = ByteBuffer.wrap(bytes, start, length).slice()
}
