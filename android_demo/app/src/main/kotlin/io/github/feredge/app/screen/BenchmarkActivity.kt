package io.github.feredge.app.screen

import android.app.Activity
import android.content.Context
import android.os.Build
import android.os.Bundle
import android.os.PowerManager
import android.util.Log
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.app.Device
import io.github.feredge.app.R
import io.github.feredge.app.checks.Benchmark
import io.github.feredge.app.checks.BenchmarkPlan
import io.github.feredge.app.parts
import io.github.feredge.app.results
import io.github.feredge.core.FerEdgeException
import java.io.File
import java.io.IOException
import kotlin.concurrent.thread
import io.github.feredge.core.bundle.Bundle as FerEdgeBundle

/**
 * Measures without a hand on the screen:
 *
 * ```
 * adb shell am start -W -n io.github.feredge.app/.screen.BenchmarkActivity \
 *     --es variant tflite-fp32 --es accelerator cpu --ei threads 2 --ei warmup 20 --ei runs 200 --es output bench.json
 * adb pull /sdcard/Android/data/io.github.feredge.app/files/bench.json
 * ```
 *
 * Without `variant`: every one. The file appears when all is done; on an error it holds one sentence instead, in a file with
 * `.error` at the end of its name.
 */
class BenchmarkActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.text)
        setTitle(R.string.benchmark)
        thread(name = "benchmark") { run() }
    }

    private fun run() {
        val name = File(intent.getStringExtra("output") ?: "fer-edge-bench.json").name
        try {
            keep(name, measure())
        } catch (fault: FerEdgeException) {
            fail(name, fault)
        } catch (fault: IllegalArgumentException) {
            fail(name, fault)
        } catch (fault: IOException) {
            fail(name, fault)
        } finally {
            runOnUiThread { finish() }
        }
    }

    private fun measure(): String {
        val bundle = FerEdgeBundle.open(parts.bundle)
        val opener = ModelOpener(bundle, parts.engines)
        val benchmark = Benchmark(bundle, opener, environment(), doubts())
        val variants = intent.getStringExtra("variant")?.let(::listOf) ?: opener.variants
        variants.forEach { benchmark.run(plan(it)) }
        return benchmark.text()
    }

    private fun plan(variant: String) =
        BenchmarkPlan(
            variant,
            Accelerator.of(intent.getStringExtra("accelerator")),
            intent.getIntExtra("threads", Device.threads).coerceIn(1, MOST_THREADS),
            intent.getIntExtra("warmup", WARMUP).coerceIn(0, MOST_RUNS),
            intent.getIntExtra("runs", RUNS).coerceIn(1, MOST_RUNS),
        )

    private fun environment(): Map<String, Any> =
        linkedMapOf(
            "device" to Device.name,
            "hardware" to Build.HARDWARE,
            "abis" to Build.SUPPORTED_ABIS.toList(),
            "cores" to Runtime.getRuntime().availableProcessors(),
        )

    private fun doubts(): List<String> {
        val power = getSystemService(Context.POWER_SERVICE) as PowerManager
        return listOfNotNull(
            "the battery saver is on".takeIf { power.isPowerSaveMode },
            "this is an emulator".takeIf { Build.HARDWARE == "goldfish" || Build.HARDWARE == "ranchu" },
        )
    }

    /** In one step, so that nobody reads half a document. */
    private fun keep(
        name: String,
        text: String,
    ) {
        val part = File(results, "$name.part")
        part.writeText(text)
        if (!part.renameTo(File(results, name))) throw IOException("$part cannot be renamed to $name")
        Log.i(TAG, "wrote ${File(results, name)}")
    }

    private fun fail(
        name: String,
        fault: Exception,
    ) {
        Log.e(TAG, fault.message, fault)
        File(results, "$name.error").writeText(fault.message.orEmpty())
    }

    private companion object {
        const val TAG = "fer-edge"
        const val WARMUP = 20
        const val RUNS = 200
        const val MOST_RUNS = 100_000
        const val MOST_THREADS = 16
    }
}
