package io.github.feredge.app.screen

import android.os.Looper
import android.widget.Spinner
import android.widget.TextView
import io.github.feredge.app.Bundles
import io.github.feredge.app.FerEdgeApplication
import io.github.feredge.app.R
import io.github.feredge.app.RenderedFace
import io.github.feredge.app.parts
import io.github.feredge.app.results
import org.json.JSONObject
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.tensorflow.lite.HostLibrary

/** The real screen with the app's own resources and assets, TensorFlow Lite, and a drawn face before the camera. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = PORTRAIT)
class MainActivityTest {
    private var controller: ActivityController<MainActivity>? = null

    @Before
    fun drawnCamera() {
        HostLibrary.load()
        app.parts = Bundles.parts()
    }

    private val app get() = RuntimeEnvironment.getApplication() as FerEdgeApplication

    @After
    fun close() {
        controller?.close()
    }

    private fun launch(): MainActivity {
        val controller = Robolectric.buildActivity(MainActivity::class.java)
        this.controller = controller
        return controller.setup().get()
    }

    private fun waitFor(
        what: String,
        condition: () -> Boolean,
    ) {
        repeat(TRIES) {
            shadowOf(Looper.getMainLooper()).idle()
            if (condition()) return
            Thread.sleep(PAUSE_MILLIS)
        }
        throw AssertionError("waited in vain for $what; the screen says: ${controller?.get()?.let(::words)}")
    }

    private fun words(screen: MainActivity): String =
        listOf(R.id.answer, R.id.note, R.id.refusal).mapNotNull { screen.findViewById<TextView>(it)?.text }.joinToString(" | ")

    private fun withFace(): MainActivity {
        val screen = launch()
        waitFor("a face") { screen.findViewById<BarsView>(R.id.bars)?.probabilities?.isNotEmpty() == true }
        return screen
    }

    @Test
    fun showsWhatFerPredictAnswers() {
        val screen = withFace()
        val bars = screen.findViewById<BarsView>(R.id.bars)
        val expected = RenderedFace.probabilities
        assertEquals(expected.size, bars.probabilities.size)
        expected.values.forEachIndexed { index, probability ->
            assertEquals(expected.keys.elementAt(index), probability, bars.probabilities[index].toDouble(), 1e-3)
        }
        val first = EmotionNames.of(screen, expected.maxByOrNull { it.value }!!.key)
        val answer = screen.findViewById<TextView>(R.id.answer).text.toString()
        assertEquals(first, answer)
        assertTrue(bars.contentDescription.startsWith("$first "))
    }

    @Test
    fun goesOnAfterAPause() {
        val screen = withFace()
        val running = requireNotNull(controller)
        running.pause().stop()
        screen.findViewById<BarsView>(R.id.bars).clear()
        running.restart().start().resume()
        waitFor("a face after the pause") { screen.findViewById<BarsView>(R.id.bars).probabilities.isNotEmpty() }
    }

    @Test
    fun offersEveryTfliteVariant() {
        val spinner = withFace().findViewById<Spinner>(R.id.variant)
        val offered = List(spinner.adapter.count) { spinner.adapter.getItem(it) }
        assertEquals(
            Bundles
                .open()
                .manifest.artifacts
                .filter { it.format == "tflite" }
                .map { it.variant },
            offered,
        )
    }

    @Test
    fun dumpsTheFrame() {
        val screen = withFace()
        screen.findViewById<android.widget.Button>(R.id.dump).performClick()
        waitFor("a dump") {
            screen.results
                .listFiles()
                .orEmpty()
                .any { it.name.startsWith("dump-") }
        }
        val file = requireNotNull(screen.results.listFiles()).first { it.name.startsWith("dump-") }
        val document = JSONObject(file.readText())
        assertEquals("fer-edge-dump/1", document.getString("schema"))
        assertEquals(320, document.getJSONObject("frame").getInt("width"))
    }

    @Test
    fun aChangedByteIsRefused() {
        val model =
            Bundles
                .open()
                .manifest.artifacts
                .first { it.format == "tflite" }
                .path
        app.parts = Bundles.parts(Bundles.changed(model))
        val screen = launch()
        waitFor("the refusal") { screen.findViewById<TextView>(R.id.refusal) != null }
        val message = screen.findViewById<TextView>(R.id.refusal).text.toString()
        assertTrue(message, message.startsWith("$model was changed: its SHA-256 is "))
        assertNotNull(screen.findViewById(R.id.start_over))
        Screenshot.save(screen, "android-refused.png")
    }

    private companion object {
        const val TRIES = 200
        const val PAUSE_MILLIS = 50L
    }
}

/** A phone held upright, 411 x 891 dp, two pixels a dp. */
const val PORTRAIT: String = "w411dp-h891dp-xhdpi"
