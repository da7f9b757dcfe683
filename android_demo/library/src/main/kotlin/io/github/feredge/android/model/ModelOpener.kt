package io.github.feredge.android.model

import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.Engine
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.engine.translated
import io.github.feredge.core.EngineException
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.ModelException
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.LoadedArtifact
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
 * accelerator fails or answers otherwise, at once or later ([reopenOnCpu]). Free of Android.
 *
 * @param bundle to open variants of.
 * @param engines libraries that run them; of several that know a format the first is taken.
 */
public class ModelOpener(
    private val bundle: Bundle,
    private val engines: List<EngineFactory>,
) {
    /** With one library. */
    public constructor(bundle: Bundle, engine: EngineFactory) : this(bundle, listOf(engine))

    private val cases: List<GoldenCase> by lazy { bundle.goldenPaths.map(bundle::golden).filter { it.error == null } }

    /** Variants that these libraries can run, in the bundle's order. */
    public val variants: List<String>
        get() =
            bundle.manifest.artifacts
                .filter { engine(it.format) != null }
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

    /**
     * Goes on after a failure while a model ran: closes it and opens the same variant on the CPU.
     *
     * ```kotlin
     * val answer = try {
     *     opened.model.classify(frame, box)
     * } catch (fault: FerEdgeException) {
     *     opened = opener.reopenOnCpu(opened, fault, threads)     // show opened.fallback, keep CPU as the choice
     *     opened.model.classify(frame, box)
     * }
     * ```
     *
     * @param failed what threw; not to be used again.
     * @param fault that it threw; its message becomes [OpenedModel.fallback].
     * @param threads of the CPU.
     * @throws FerEdgeException [fault] itself if the model ran on the CPU or the frame was wrong, so that nothing is gained (it
     *   is then still open), or the CPU refuses the model too.
     */
    public fun reopenOnCpu(
        failed: OpenedModel,
        fault: FerEdgeException,
        threads: Int,
    ): OpenedModel {
        val isOfAccelerator = fault is EngineException || fault is ModelException
        if (!isOfAccelerator || failed.model.accelerator == Accelerator.CPU) throw fault
        failed.model.close()
        return proven(failed.model.variant, Accelerator.CPU, threads, fault.message)
    }

    private fun words(formats: List<String>) = formats.joinToString().ifEmpty { "none" }

    private fun engine(format: String): EngineFactory? = engines.firstOrNull { format in it.formats }

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
        val engine = opened(loaded, accelerator, threads)
        var model: EmotionModel? = null
        try {
            model = EmotionModel(loaded, engine, accelerator)
            return model
        } finally {
            if (model == null) engine.close()
        }
    }

    private fun opened(
        loaded: LoadedArtifact,
        accelerator: Accelerator,
        threads: Int,
    ): Engine {
        val format = loaded.artifact.format
        val factory =
            engine(format) ?: throw EngineException(
                "${loaded.artifact.variant} needs an engine for $format; this app has ${words(engines.flatMap { it.formats })}",
            )
        return translated({ "${loaded.artifact.variant} cannot be opened on ${accelerator.word}" }) {
            factory.open(loaded.model, accelerator, threads)
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
