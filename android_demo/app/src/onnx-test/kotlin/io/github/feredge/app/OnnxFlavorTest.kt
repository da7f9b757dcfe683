package io.github.feredge.app

import ai.onnxruntime.OrtEnvironment
import android.os.Looper
import android.widget.TextView
import io.github.feredge.android.engine.OnnxEngines
import io.github.feredge.app.checks.SelfTest
import io.github.feredge.app.screen.BarsView
import io.github.feredge.app.screen.MainActivity
import io.github.feredge.app.screen.PORTRAIT
import io.github.feredge.app.screen.Settings
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import java.io.File

/**
 * The app with ONNX Runtime and a bundle of .onnx files. Its library is the one that the APK packs, made loadable by module
 * tflite-host, or the one for Linux where that cannot be.
 */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = PORTRAIT)
class OnnxFlavorTest {
    private val app get() = RuntimeEnvironment.getApplication() as FerEdgeApplication

    @Test
    fun theAppTakesTheEngineThatItHas() {
        assertTrue("onnx" in app.parts.engines.flatMap { it.formats })
    }

    @Test
    fun everyVariantAnswersTheGoldenCases() {
        val bundle = Bundles.open()
        val results = SelfTest(bundle, listOf(OnnxEngines()), { null }, threads = 2).run { }
        assertEquals(emptyList<String>(), results.mapNotNull { it.fault })
        val variants =
            bundle.manifest.artifacts
                .filter { it.format == "onnx" }
                .map { it.variant }
        assertTrue(variants.isNotEmpty())
        assertEquals(variants, results.filter { it.difference != null }.map { it.name })
    }

    @Test
    fun theLibraryIsAndroidsOwn() {
        assumeTrue("not made for this computer: gcc and Linux on x86-64 are needed", HostOnnx.isThere)
        OrtEnvironment.getEnvironment()
        val mapped = File("/proc/self/maps").readLines().filter { "onnxruntime" in it && ".so" in it }
        val loaded = mapped.map { File(it.substring(it.indexOf('/'))) }.distinct()
        val expected = listOf("liblog.so", "libonnxruntime.so", "libonnxruntime4j_jni.so")
        assertEquals(expected, loaded.map { it.name }.sorted())
        assertTrue("$loaded", loaded.all { it.parent.endsWith("onnxruntime/host/x86_64") })
    }

    @Test
    fun theLiveScreenShowsWhatFerPredictAnswers() {
        app.parts = Bundles.parts(engines = OnnxEngines())
        Settings(app).isDeveloper = true
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val screen = controller.setup().get()
            val bars = screen.findViewById<BarsView>(R.id.bars)
            repeat(TRIES) {
                shadowOf(Looper.getMainLooper()).idle()
                if (bars.probabilities.isEmpty()) Thread.sleep(PAUSE_MILLIS)
            }
            val expected = RenderedFace.probabilities.values.toList()
            assertEquals(expected.size, bars.probabilities.size)
            expected.forEachIndexed { index, value -> assertEquals(value, bars.probabilities[index].toDouble(), LIMIT) }
            val note = screen.findViewById<TextView>(R.id.note).text.toString()
            assertTrue(note, "ONNX Runtime" in note)
        }
    }

    /** Before ONNX Runtime looks for its libraries. */
    private object HostOnnx {
        private val folder = File(System.getProperty("fer.edge.onnx.host"))
        val isThere = File(folder, "liblog.so").exists()

        fun load() {
            if (!isThere || System.getProperty(PATH) != null) return
            System.load(File(folder, "liblog.so").canonicalPath)
            System.setProperty(PATH, folder.canonicalPath)
        }

        private const val PATH = "onnxruntime.native.path"
    }

    @Before
    fun library() = HostOnnx.load()

    private companion object {
        const val TRIES = 200
        const val PAUSE_MILLIS = 50L
        const val LIMIT = 1e-3
    }
}
