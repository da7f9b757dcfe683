package io.github.feredge.core.bundle

import io.github.feredge.core.DocumentException

/** How a check ended. */
public enum class Verdict(
    /** As documents write it. */
    public val word: String,
) {
    /** It ran and said yes. */
    PASS("pass"),

    /** It ran and said no. */
    FAIL("fail"),

    /** It could not run; a reason is given. */
    NOT_RUN("not-run"),
}

/**
 * The original that was exported.
 *
 * @property arch a built-in architecture's name or `package.module:callable`.
 * @property checkpointSha256 of the file with its weights.
 */
public data class Source(
    public val arch: String,
    public val checkpointSha256: String,
)

/**
 * One file of the bundle.
 *
 * @property sha256 of its bytes.
 * @property bytes how many.
 */
public data class FileEntry(
    public val sha256: String,
    public val bytes: Long,
)

/**
 * What parity allowed.
 *
 * @property maxAbs largest absolute difference of a probability.
 * @property top1Agreement smallest share of inputs with the same first label, 0 to 1.
 */
public data class ParityLimit(
    public val maxAbs: Double,
    public val top1Agreement: Double,
)

/**
 * Artifact against the PyTorch original on the same inputs.
 *
 * @property verdict how it ended.
 * @property reason why it failed or was not run, else null.
 * @property engine library and version that ran the artifact.
 * @property inputs how many were compared.
 * @property maxAbs largest absolute difference of a probability.
 * @property meanAbs mean absolute difference.
 * @property top1Agreement share of inputs with the same first label, 0 to 1.
 * @property limit what was allowed.
 * @property code why it is no pass, as a word for programs; null in version 1, and so are the three below.
 * @property inputsSource which pictures were compared.
 * @property p99Abs of the inputs' largest differences, the one that 99 % do not exceed.
 * @property agreementInterval 95 % interval of [top1Agreement], low and high.
 */
public data class Parity(
    public val verdict: Verdict,
    public val reason: String?,
    public val engine: String?,
    public val inputs: Long?,
    public val maxAbs: Double?,
    public val meanAbs: Double?,
    public val top1Agreement: Double?,
    public val limit: ParityLimit?,
    public val code: String? = null,
    public val inputsSource: String? = null,
    public val p99Abs: Double? = null,
    public val agreementInterval: Pair<Double, Double>? = null,
)

/**
 * Numbers of one kind that are stored in a file, each against what it must be.
 *
 * @property verdict how it ended.
 * @property compared how many.
 * @property wrong how many of them are not what they must be.
 * @property worst largest distance from what it must be, in quantization steps.
 */
public data class Tally(
    public val verdict: Verdict,
    public val compared: Long,
    public val wrong: Long,
    public val worst: Double?,
)

/**
 * The layer whose answers are furthest from the original's.
 *
 * @property module of PyTorch, or the file's own name where there is none.
 * @property snrDb signal-to-noise ratio in decibels.
 */
public data class WeakestLayer(
    public val module: String,
    public val snrDb: Double,
)

/**
 * Answers of a file's layers, against those of the original's.
 *
 * @property aligned layers that were compared.
 * @property unaligned layers of the file without one to compare with.
 * @property weakest where any was compared.
 */
public data class LayerAnswers(
    public val aligned: Long,
    public val unaligned: Long,
    public val weakest: WeakestLayer?,
)

/**
 * Whether a file is what its quantization of the original says it is, number by number.
 *
 * @property verdict how it ended.
 * @property code why it is no pass, as a word for programs.
 * @property reason why it failed or was not run, else null.
 * @property weights weights, biases, tables and their scales.
 * @property ranges scales and zero points of activations.
 * @property layers where they were compared.
 */
public data class Faithful(
    public val verdict: Verdict,
    public val code: String?,
    public val reason: String?,
    public val weights: Tally?,
    public val ranges: Tally?,
    public val layers: LayerAnswers?,
)

/**
 * Every weight read back from a package and compared with the source.
 *
 * @property verdict how it ended.
 * @property tensors how many were compared.
 * @property maxAbs largest absolute difference.
 */
public data class WeightAudit(
    public val verdict: Verdict,
    public val tensors: Long,
    public val maxAbs: Double?,
)

/**
 * Original and artifact on labeled images.
 *
 * @property source which images.
 * @property samples how many.
 * @property reference the original's share of right answers, 0 to 1.
 * @property artifact the artifact's.
 * @property dropInterval interval of reference minus artifact, low and high.
 * @property verdict how it ended.
 */
public data class Accuracy(
    public val source: String,
    public val samples: Long,
    public val reference: Double,
    public val artifact: Double,
    public val dropInterval: Pair<Double, Double>?,
    public val verdict: Verdict,
)

/**
 * The images that activation ranges were measured on.
 *
 * @property source which images.
 * @property sha256 over them.
 * @property images how many.
 * @property classes how many of each label.
 */
public data class Calibration(
    public val source: String,
    public val sha256: String,
    public val images: Long,
    public val classes: Map<String, Long>,
)

/**
 * One exported file or package.
 *
 * @property variant its name, `<format>-<precision>[-image][-qio]`.
 * @property format the first word of that.
 * @property precision the second.
 * @property kind tensor or image interface.
 * @property path in the bundle, POSIX.
 * @property bytes of the file, or of all files of the package.
 * @property contract its text.
 * @property parity against the original; its verdict is the worse of both questions, these answers and [faithful].
 * @property faithful number by number; null where nobody asked, as in version 1.
 * @property weightAudit where it was made.
 * @property accuracy where it was measured.
 * @property calibration where the precision needs it.
 */
public data class Artifact(
    public val variant: String,
    public val format: String,
    public val precision: String,
    public val kind: Interface,
    public val path: String,
    public val bytes: Long,
    public val contract: String,
    public val parity: Parity,
    public val faithful: Faithful?,
    public val weightAudit: WeightAudit?,
    public val accuracy: Accuracy?,
    public val calibration: Calibration?,
)

/**
 * A variant that was not written.
 *
 * @property variant its name.
 * @property reason in words.
 */
public data class Skipped(
    public val variant: String,
    public val reason: String,
)

/**
 * What a bundle holds and how it was checked; schema `fer-edge-manifest/2` or `/1`. Its member `extra` is not kept.
 *
 * @property model its name.
 * @property source the original.
 * @property files every file but the manifest, by POSIX path.
 * @property artifacts in table order.
 * @property skipped variants that were not written.
 * @property tools versions by name.
 */
public data class Manifest(
    public val model: String,
    public val source: Source,
    public val files: Map<String, FileEntry>,
    public val artifacts: List<Artifact>,
    public val skipped: List<Skipped>,
    public val tools: Map<String, String>,
) {
    /** Reads stored manifests. */
    public companion object {
        /** The schemas that this library reads. */
        @JvmStatic
        public val SCHEMAS: List<String> = Words.MANIFEST_SCHEMAS.keys.toList()

        /** The file's name in a bundle. */
        public const val FILE: String = "manifest.json"

        /**
         * Reads a manifest.
         *
         * @param data UTF-8 JSON, at most 16 MiB.
         * @throws DocumentException not of the schema, an unsafe path, or an artifact whose file is not listed.
         */
        @JvmStatic
        public fun parse(data: ByteArray): Manifest = ManifestReader.read(data)
    }
}
