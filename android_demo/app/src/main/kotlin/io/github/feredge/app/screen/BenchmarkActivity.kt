package io.github.feredge.app.screen

import android.content.Context
import android.content.Intent
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
 * `.error` at the end of its name. Only the shell may start it: the manifest asks the caller for `android.permission.DUMP`, which
 * the system gives to itself and to `adb shell`, and to no app.
 */
class BenchmarkActivity : LongRunActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setTitle(R.string.benchmark)
    }

    override fun begin(): LongRun {
        val measurement = Measurement(applicationContext, intent)
        return LongRun("benchmark") { tell -> measurement.run(tell) }
    }

    override fun onDone() = finish()
}

private class Measurement(
    private val context: Context,
    private val intent: Intent,
) {
    private val results = context.results

    fun run(tell: (String) -> Unit) {
        val name = File(intent.getStringExtra("output") ?: "fer-edge-bench.json").name
        try {
            keep(name, measure(tell))
        } catch (fault: FerEdgeException) {
            fail(name, fault)
        } catch (fault: IllegalArgumentException) {
            fail(name, fault)
        } catch (fault: IOException) {
            fail(name, fault)
        }
    }

    private fun measure(tell: (String) -> Unit): String {
        val bundle = context.parts.openBundle()
        val opener = ModelOpener(bundle, context.parts.engines)
        val benchmark = Benchmark(bundle, opener, environment(), doubts())
        val variants = intent.getStringExtra("variant")?.let(::listOf) ?: opener.variants
        variants.forEach {
            tell(context.getString(R.string.benchmark_variant, it))
            benchmark.run(plan(it))
        }
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
        val power = context.getSystemService(Context.POWER_SERVICE) as PowerManager
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
