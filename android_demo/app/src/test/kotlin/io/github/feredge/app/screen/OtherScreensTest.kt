package io.github.feredge.app.screen

import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.os.Looper
import android.widget.ListView
import android.widget.TextView
import io.github.feredge.app.Bundles
import io.github.feredge.app.FerEdgeApplication
import io.github.feredge.app.R
import io.github.feredge.app.results
import io.github.feredge.app.shown
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotSame
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
        (RuntimeEnvironment.getApplication() as FerEdgeApplication).parts = Bundles.parts()
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

    /** The phone is turned while the test runs: the run goes on, and the new screen shows every line once. */
    @Test
    fun theSelfTestSurvivesARotation() {
        val controller = Robolectric.buildActivity(SelfTestActivity::class.java).setup()
        val first = controller.get()
        val file = File(first.results, "self-test.json")
        controller.recreate()
        val second = controller.get()
        assertNotSame(first, second)
        waitFor(file)
        repeat(100) {
            shadowOf(Looper.getMainLooper()).idle()
            if (file.shown !in text(second)) Thread.sleep(20)
        }
        val lines = text(second).lines()
        assertEquals(1, lines.count { "tflite-fp32" in it })
        assertTrue(text(second), file.shown in text(second))
    }

    @Test
    fun theBenchmarkSurvivesARotation() {
        val intent = Intent().putExtra("variant", "tflite-fp32").putExtra("runs", 50).putExtra("output", "turned.json")
        val controller = Robolectric.buildActivity(BenchmarkActivity::class.java, intent).setup()
        controller.recreate()
        val file = File(RuntimeEnvironment.getApplication().results, "turned.json")
        waitFor(file)
        assertEquals("measured once", 5, JSONObject(file.readText()).getJSONArray("records").length())
    }

    /** Whoever holds DUMP, which is the shell and the system, may start it; other apps may not. */
    @Test
    fun onlyTheShellStartsTheBenchmark() {
        val context = RuntimeEnvironment.getApplication()
        val activities = context.packageManager.getPackageInfo(context.packageName, PackageManager.GET_ACTIVITIES).activities
        val open = activities.orEmpty().filter { it.exported }.associate { it.name.substringAfterLast('.') to it.permission }
        assertEquals(mapOf("MainActivity" to null, "BenchmarkActivity" to "android.permission.DUMP"), open)
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
        val list = screen.findViewById<ListView>(R.id.paragraphs)
        val rows = List(list.adapter.count) { "${list.adapter.getItem(it) ?: ""}" }
        for (sentence in listOf(R.string.limits, R.string.privacy)) assertTrue(screen.getString(sentence) in rows)
        assertTrue("manifest.json ${Bundles.open().sha256}" in rows)
        assertTrue("$rows", "What it is not for" in rows)
        val card = rows.subList(rows.indexOf("Model card"), rows.indexOf("Licenses"))
        for (mark in listOf("**", "```", "|--", "import ")) assertEquals(mark, emptyList<String>(), card.filter { mark in it })
        val licenses = rows.drop(rows.indexOf("Licenses")).joinToString("\n")
        for (license in listOf("TensorFlow Lite:", "Kotlin standard", "END OF TERMS AND CONDITIONS")) {
            assertTrue(license in licenses)
        }
        // As many rows are laid out as are seen, however many licenses there are.
        assertTrue("${list.childCount} of ${rows.size}", list.childCount < rows.size / 2)
        Screenshot.save(screen, "android-about.png")
        list.setSelection(rows.indexOf("Model card"))
        shadowOf(Looper.getMainLooper()).idle()
        Screenshot.save(screen, "android-card.png")
    }

    @Test
    fun aModelCardIsReadWithoutItsMarks() {
        val card =
            listOf(
                "# net\n\nA `net`\nof [ours](https://x.org).\n\n## Kotlin\n\n```kotlin\n# no title\n```\n\n## Files\n",
                "| file | kB | note |\n|---|---|---|\n| `a` | 1 | - |\n| **b** | 2 | new |\n",
                "| | |\n|---|---|\n| size | 64 x 64 |\n",
                "- fp32: exact\n- int8: near\n",
            ).joinToString("\n")
        val wanted =
            listOf(
                "net",
                "A net of ours.",
                "Files",
                "a\nkB: 1\n\nb\nkB: 2\nnote: new",
                "size: 64 x 64",
                "• fp32: exact\n• int8: near",
            )
        assertEquals(wanted, ModelCard.paragraphs(card).map { it.text })
    }
}
