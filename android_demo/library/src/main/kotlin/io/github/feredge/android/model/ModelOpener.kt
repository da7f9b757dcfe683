package io.github.feredge.android.model

import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.core.EngineException
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.golden.GoldenCase
import kotlin.math.abs

/**
 * A model that answered the bundle's golden cases as the original does.
 *
 * @property model ready to use.
 * @property fallback why the wanted accelerator was not taken, in one sentence; null if it was.
 * @property largestDifference from the original's probabilities over the golden cases.
 */
public class OpenedModel(
    public val model: EmotionModel,
    public val fallback: String?,
    public val largestDifference: Float,
)

/**
 * Opens a variant on the wanted accelerator, proves it on the bundle's golden cases, and falls back to the CPU where the
 * accelerator fails or answers otherwise. Free of Android.
 */
public class ModelOpener(
    private val bundle: Bundle,
    private val engines: EngineFactory,
) {
    private val cases: List<GoldenCase> by lazy { bundle.goldenPaths.map(bundle::golden).filter { it.error == null } }

    /** Variants that this app can run. */
    public val variants: List<String>
        get() =
            bundle.manifest.artifacts
                .filter { it.format == "tflite" }
                .map { it.variant }

    /**
     * Opens a variant.
     *
     * @param variant of [variants].
     * @param wanted accelerator.
     * @param threads of the CPU.
     * @throws FerEdgeException the bundle or the model does not fit its contract.
     * @throws EngineException the CPU does not run it, or answers otherwise than the original.
     */
    public fun open(
        variant: String,
        wanted: Accelerator,
        threads: Int,
    ): OpenedModel {
        if (wanted == Accelerator.CPU) return proven(variant, wanted, threads, null)
        return try {
            proven(variant, wanted, threads, null)
        } catch (fault: FerEdgeException) {
            proven(variant, Accelerator.CPU, threads, fault.message)
        }
    }

    private fun proven(
        variant: String,
        accelerator: Accelerator,
        threads: Int,
        fallback: String?,
    ): OpenedModel {
        val model = unproven(variant, accelerator, threads)
        var isProven = false
        try {
            val difference = largestDifference(model)
            val limit = limit(variant)
            if (difference > limit) {
                throw EngineException(
                    "$variant on ${model.engineDescription} answers otherwise than the original: probabilities of the bundle's " +
                        "golden cases differ by up to $difference, allowed is $limit; take another variant or a newer runtime",
                )
            }
            isProven = true
            return OpenedModel(model, fallback, difference)
        } finally {
            if (!isProven) model.close()
        }
    }

    /**
     * Opens without the proof, for the benchmark's figures of opening alone.
     *
     * @throws FerEdgeException the bundle or the model does not fit its contract.
     * @throws EngineException the engine refuses the model.
     */
    public fun unproven(
        variant: String,
        accelerator: Accelerator,
        threads: Int,
    ): EmotionModel {
        val loaded = bundle.load(variant)
        val engine = engines.open(loaded.model, accelerator, threads)
        var model: EmotionModel? = null
        try {
            model = EmotionModel(loaded, engine, accelerator)
            return model
        } finally {
            if (model == null) engine.close()
        }
    }

    /** Largest difference from the original over the golden cases; 0 if the bundle has none. */
    public fun largestDifference(model: EmotionModel): Float {
        val frame = CameraFrame()
        return cases.maxOfOrNull { difference(model, it, frame) } ?: 0f
    }

    private fun difference(
        model: EmotionModel,
        case: GoldenCase,
        frame: CameraFrame,
    ): Float {
        val expected = case.probabilities() ?: return 0f
        val found = model.classify(case.setFrame(frame), case.box)
        return expected.indices.maxOf { abs(expected[it] - found[it]) }
    }

    /** What parity allowed at export; a little more, since another processor rounds otherwise. */
    private fun limit(variant: String): Float {
        val parity = bundle.artifact(variant).parity
        return (parity.limit?.maxAbs ?: WITHOUT_PARITY).toFloat() + ROUNDING
    }

    private companion object {
        const val WITHOUT_PARITY = 0.05
        const val ROUNDING = 1e-3f
    }
}
