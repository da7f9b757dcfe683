package io.github.feredge.app.screen

import android.app.Activity
import android.content.Intent
import android.os.Looper
import android.widget.TextView
import io.github.feredge.app.Bundles
import io.github.feredge.app.R
import io.github.feredge.app.results
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tensorflow.lite.HostLibrary
import java.io.File

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = PORTRAIT)
class OtherScreensTest {
    @Before
    fun library() {
        HostLibrary.load()
    }

    private fun waitFor(file: File) {
        repeat(400) {
            shadowOf(Looper.getMainLooper()).idle()
            if (file.exists()) return
            Thread.sleep(50)
        }
        throw AssertionError("$file did not appear")
    }

    private fun text(screen: Activity) = screen.findViewById<TextView>(R.id.text).text.toString()

    @Test
    fun theSelfTestSavesItsVerdict() {
        val screen = Robolectric.buildActivity(SelfTestActivity::class.java).setup().get()
        val file = File(screen.results, "self-test.json")
        waitFor(file)
        val document = JSONObject(file.readText())
        val checks = document.getJSONArray("checks")
        val faults =
            List(
                checks.length(),
            ) { checks.getJSONObject(it) }.filter { !it.isNull("fault") }.map { it.getString("name") }
        assertEquals(text(screen), emptyList<String>(), faults)
        assertEquals("pass", document.getString("verdict"))
        repeat(5) {
            Thread.sleep(20)
            shadowOf(Looper.getMainLooper()).idle()
        }
        assertTrue(text(screen).contains("tflite-fp32"))
        Screenshot.save(screen, "android-self-test.png")
    }

    @Test
    fun theBenchmarkWritesItsFile() {
        val intent =
            Intent()
                .putExtra("variant", "tflite-fp32")
                .putExtra("threads", 1)
                .putExtra("warmup", 1)
                .putExtra("runs", 3)
                .putExtra("output", "../bench.json")
        Robolectric.buildActivity(BenchmarkActivity::class.java, intent).setup()
        val file = File(RuntimeEnvironment.getApplication().results, "bench.json")
        waitFor(file)
        val document = JSONObject(file.readText())
        assertEquals("fer-edge-bench/1", document.getString("schema"))
        assertEquals(Bundles.open().sha256, document.getString("bundle_sha256"))
        val records = document.getJSONArray("records")
        val stages = List(records.length()) { records.getJSONObject(it).getString("stage") }
        assertEquals(listOf("load", "first", "inference", "camera", "whole"), stages)
        assertEquals(3, records.getJSONObject(4).getJSONArray("samples").length())
    }

    @Test
    fun anUnknownVariantIsASentence() {
        val intent = Intent().putExtra("variant", "tflite-fp64").putExtra("output", "unknown.json")
        Robolectric.buildActivity(BenchmarkActivity::class.java, intent).setup()
        val file = File(RuntimeEnvironment.getApplication().results, "unknown.json.error")
        waitFor(file)
        repeat(20) { if (file.length() == 0L) Thread.sleep(20) }
        assertTrue(file.readText(), file.readText().startsWith("variant tflite-fp64 is not in this bundle"))
    }

    @Test
    fun aboutHoldsTheModelCardAndTheLimits() {
        val screen = Robolectric.buildActivity(AboutActivity::class.java).setup().get()
        assertTrue(text(screen).contains(Bundles.open().read("README.md").decodeToString()))
        assertTrue(text(screen).contains(screen.getString(R.string.limits)))
        Screenshot.save(screen, "android-about.png")
    }
}
