package io.github.feredge.app.checks

import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.model.EmotionModel
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.app.documents.JsonText
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.golden.GoldenCase

/**
 * What to measure.
 *
 * @property variant of the bundle.
 * @property accelerator where to run.
 * @property threads of the CPU.
 * @property warmup runs before the first that counts.
 * @property runs that count, for each stage.
 */
class BenchmarkPlan(
    val variant: String,
    val accelerator: Accelerator,
    val threads: Int,
    val warmup: Int,
    val runs: Int,
)

/**
 * Measures a variant and writes `fer-edge-bench/1`. Free of Android.
 *
 * @param doubts reasons not to trust the device's figures, such as an emulator; known before the first run.
 */
class Benchmark(
    private val bundle: Bundle,
    private val opener: ModelOpener,
    private val environment: Map<String, Any>,
    private val doubts: List<String>,
) {
    private val records = ArrayList<Map<String, Any>>()

    /** Runs the plan; [text] then holds one record a stage more. */
    fun run(plan: BenchmarkPlan) {
        val start = System.nanoTime()
        val model = opener.unproven(plan.variant, plan.accelerator, plan.threads)
        val load = System.nanoTime() - start
        model.use { measure(plan, it, load) }
    }

    private fun measure(
        plan: BenchmarkPlan,
        model: EmotionModel,
        load: Long,
    ) {
        val case = case()
        val frame = case.setFrame(CameraFrame())
        model.prepare(frame, case.box)
        val first = time { model.infer() }
        val isRight = opener.largestDifference(model) <= LARGEST_DIFFERENCE
        val doubts = if (isRight) doubts else doubts + "the answers differ from the original's"
        val add = { stage: String, samples: List<Long> -> records.add(record(plan, model, stage, samples, doubts)) }
        add("load", listOf(load))
        add("first", listOf(first))
        add("inference", samples(plan) { model.infer() })
        add("camera", samples(plan) { model.prepare(frame, case.box) })
        add("whole", samples(plan) { model.classify(frame, case.box) })
    }

    private fun case(): GoldenCase {
        val cases = bundle.goldenPaths.map(bundle::golden).filter { it.error == null }
        // The largest picture is nearest to a camera's.
        return requireNotNull(cases.maxByOrNull { it.setFrame(CameraFrame()).run { width * height } }) {
            "this bundle has no golden case to measure with; export it again"
        }
    }

    private fun samples(
        plan: BenchmarkPlan,
        work: () -> Unit,
    ): List<Long> {
        repeat(plan.warmup) { work() }
        return List(plan.runs) { time(work) }
    }

    private inline fun time(work: () -> Unit): Long {
        val start = System.nanoTime()
        work()
        return System.nanoTime() - start
    }

    private fun record(
        plan: BenchmarkPlan,
        model: EmotionModel,
        stage: String,
        nanos: List<Long>,
        doubts: List<String>,
    ): Map<String, Any> =
        linkedMapOf(
            "variant" to plan.variant,
            "engine" to model.engineDescription,
            "threads" to plan.threads,
            "stage" to stage,
            "unit" to "seconds",
            "samples" to nanos.map { it * SECONDS },
            "trusted" to doubts.isEmpty(),
            "reasons" to doubts,
        )

    /** The document. */
    fun text(): String =
        JsonText.of(
            linkedMapOf(
                "schema" to "fer-edge-bench/1",
                "bundle_sha256" to bundle.sha256,
                "environment" to environment,
                "records" to records,
            ),
        )

    private companion object {
        const val SECONDS = 1e-9
        const val LARGEST_DIFFERENCE = 0.1f
    }
}
