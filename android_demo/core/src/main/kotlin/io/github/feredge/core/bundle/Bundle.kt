package io.github.feredge.core.bundle

import io.github.feredge.core.BundleException
import io.github.feredge.core.DocumentException
import io.github.feredge.core.golden.GoldenCase
import java.nio.ByteBuffer

/**
 * A model file that was compared with its bundle, and its contract.
 *
 * @property artifact its entry in the manifest.
 * @property contract what it needs and answers.
 * @property model its bytes, direct (mapped from the file where the source can) and in native order, as
 * `org.tensorflow.lite.Interpreter` takes them; not to be written to.
 */
public class LoadedArtifact internal constructor(
    public val artifact: Artifact,
    public val contract: Contract,
    public val model: ByteBuffer,
)

/**
 * A bundle as `fer-export` wrote it. Nothing of it is handed out before its size and hash were compared, unless it was opened
 * as verified; files go through the hash piece by piece.
 *
 * @property manifest strictly read.
 * @property sha256 of the manifest's bytes: the bundle's own hash.
 */
public class Bundle private constructor(
    private val files: BundleFiles,
    public val manifest: Manifest,
    public val sha256: String,
) {
    /** Names of the variants in the manifest's order. */
    public val variants: List<String> get() = manifest.artifacts.map { it.variant }

    /** Paths of the golden cases, sorted. */
    public val goldenPaths: List<String>
        get() =
            manifest.files.keys
                .filter { it.startsWith("golden/") && it.endsWith(".json") }
                .sorted()

    /**
     * The artifact of a variant.
     *
     * @throws BundleException.UnknownVariant the bundle has none.
     */
    public fun artifact(variant: String): Artifact =
        manifest.artifacts.firstOrNull { it.variant == variant } ?: throw BundleException.UnknownVariant(
            "variant $variant is not in this bundle" + whySkipped(variant) +
                "; it has ${variants.joinToString().ifEmpty { "none" }}",
            variant,
        )

    private fun whySkipped(variant: String): String =
        manifest.skipped.firstOrNull { it.variant == variant }?.let { " (skipped at export: ${it.reason})" } ?: ""

    /**
     * A model and its contract, checked: sizes and hashes of both files; the contract beside the model, the one in the
     * manifest and the one inside the model are the same bytes.
     *
     * @param variant a TFLite or ONNX one.
     * @throws BundleException a file is missing or changed, the contracts differ, no such variant.
     * @throws DocumentException the contract is not legal.
     */
    public fun load(variant: String): LoadedArtifact {
        val artifact = artifact(variant)
        val contract = contract(artifact)
        val model = files.direct(artifact.path)
        val inside = EmbeddedContract.find(artifact, model)
        if (inside != contract.text) {
            throw BundleException.ContractDiffers(
                "${artifact.path} holds " + (if (inside == null) "no contract" else "another contract") +
                    " than ${artifact.path}$CONTRACT_SUFFIX; use the files of one export",
                artifact.path,
            )
        }
        return LoadedArtifact(artifact, contract, model)
    }

    /**
     * The contract of an artifact, without reading the model.
     *
     * @throws BundleException its file is missing, changed or differs from the manifest's text.
     * @throws DocumentException it is not legal.
     */
    public fun contract(artifact: Artifact): Contract {
        val path = artifact.path + CONTRACT_SUFFIX
        val contract = Contract.parse(artifact.contract)
        if (!read(path).contentEquals(contract.text.toByteArray(Charsets.UTF_8))) {
            throw BundleException.ContractDiffers(
                "$path differs from the contract of ${artifact.variant} in ${Manifest.FILE}; use the files of one export",
                path,
            )
        }
        if (contract.input.kind != artifact.kind) {
            throw BundleException.ContractDiffers(
                "${artifact.variant} has the interface ${artifact.kind}, its contract says ${contract.input.kind}; " +
                    "export the bundle again",
                path,
            )
        }
        return contract
    }

    /**
     * A golden case of the bundle.
     *
     * @param path one of [goldenPaths].
     * @throws BundleException the file is missing or changed.
     * @throws DocumentException it is not of the schema.
     */
    public fun golden(path: String): GoldenCase = GoldenCase.parse(read(path))

    /**
     * A small file, compared with its size and hash.
     *
     * @param path as in the manifest.
     * @throws BundleException not listed, missing or changed.
     */
    public fun read(path: String): ByteArray = files.read(path)

    /**
     * Compares files with the manifest, whether or not the bundle was opened as verified.
     *
     * @param paths of files that are to be there; every listed one by default.
     * @return one sentence for each that is missing or changed; empty if all is well.
     */
    @JvmOverloads
    public fun faults(paths: Collection<String> = manifest.files.keys): List<String> =
        paths.sorted().mapNotNull { path ->
            try {
                files.verify(path)
                null
            } catch (fault: BundleException) {
                fault.message
            }
        }

    /**
     * The same for callers that go no further.
     *
     * @param paths of files that are to be there.
     * @throws BundleException the first of them that is missing or changed.
     */
    public fun verify(paths: Collection<String>) {
        paths.forEach(files::verify)
    }

    /** Opens bundles. */
    public companion object {
        /** Ends the name of the contract beside an artifact. */
        public const val CONTRACT_SUFFIX: String = ".contract.json"

        /**
         * Reads a bundle's manifest.
         *
         * @param source of its files.
         * @param isVerified whether [verify] went through these very files before: then sizes are compared, hashes not. For an
         * app whose assets cannot change while it is installed; it remembers [sha256].
         * @throws BundleException.MissingFile no manifest.
         * @throws DocumentException the manifest is not of the schema.
         */
        @JvmStatic
        @JvmOverloads
        public fun open(
            source: BundleSource,
            isVerified: Boolean = false,
        ): Bundle {
            val data = BundleFiles.bounded(source, Manifest.FILE, ManifestReader.LARGEST)
            val manifest = Manifest.parse(data)
            return Bundle(BundleFiles(source, manifest.files, isVerified), manifest, sha256(data))
        }
    }
}
