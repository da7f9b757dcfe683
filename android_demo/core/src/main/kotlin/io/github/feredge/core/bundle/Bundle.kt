package io.github.feredge.core.bundle

import io.github.feredge.core.BundleException
import io.github.feredge.core.DocumentException
import io.github.feredge.core.golden.GoldenCase
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest

/**
 * A model file that was compared with its bundle, and its contract.
 *
 * @property artifact its entry in the manifest.
 * @property contract what it needs and answers.
 * @property model its bytes in a direct buffer in native order, as `org.tensorflow.lite.Interpreter` takes them.
 */
public class LoadedArtifact internal constructor(
    public val artifact: Artifact,
    public val contract: Contract,
    public val model: ByteBuffer,
)

/**
 * A bundle as `fer-export` wrote it. Nothing of it is handed out before its size and hash were compared.
 *
 * @property manifest strictly read.
 * @property sha256 of the manifest's bytes: the bundle's own hash.
 */
public class Bundle private constructor(
    private val source: BundleSource,
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
        val model = readDirect(artifact.path)
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
    public fun read(path: String): ByteArray {
        val entry = entry(path)
        val out = ByteArrayOutputStream(entry.bytes.toInt())
        copy(path, entry) { chunk, count -> out.write(chunk, 0, count) }
        return out.toByteArray()
    }

    /**
     * Compares every listed file.
     *
     * @return one sentence for each that is missing or changed; empty if all is well.
     */
    public fun faults(): List<String> =
        manifest.files.keys.sorted().mapNotNull { path ->
            try {
                copy(path, entry(path)) { _, _ -> }
                null
            } catch (fault: BundleException) {
                fault.message
            }
        }

    private fun readDirect(path: String): ByteBuffer {
        val entry = entry(path)
        val buffer = ByteBuffer.allocateDirect(entry.bytes.toInt()).order(ByteOrder.nativeOrder())
        copy(path, entry) { chunk, count -> buffer.put(chunk, 0, count) }
        buffer.rewind()
        return buffer
    }

    private fun entry(path: String): FileEntry {
        if (!ManifestReader.isSafePath(path)) {
            throw BundleException.UnsafePath("$path could leave the bundle; allowed: a path of ${Manifest.FILE}", path)
        }
        val entry =
            manifest.files[path]
                ?: throw BundleException.MissingFile("$path is not listed in ${Manifest.FILE}; export again", path)
        if (entry.bytes > LARGEST_FILE) {
            throw BundleException.WrongSize("$path has ${entry.bytes} bytes; allowed: at most $LARGEST_FILE", path)
        }
        return entry
    }

    /** Hands the file to [take] piece by piece, never more than the manifest says, and compares size and hash. */
    private fun copy(
        path: String,
        entry: FileEntry,
        take: (chunk: ByteArray, count: Int) -> Unit,
    ) {
        val digest = MessageDigest.getInstance("SHA-256")
        val size =
            try {
                source.open(path).use { stream ->
                    each(stream, entry.bytes) { chunk, count ->
                        digest.update(chunk, 0, count)
                        take(chunk, count)
                    }
                }
            } catch (error: IOException) {
                throw missing(path, error)
            }
        if (size != entry.bytes) {
            val found = if (size > entry.bytes) "more than ${entry.bytes}" else "$size"
            throw BundleException.WrongSize(
                "$path has $found bytes, but ${Manifest.FILE} says ${entry.bytes}; it was changed: export or copy it again",
                path,
            )
        }
        val hash = hexadecimal(digest.digest())
        if (hash != entry.sha256) {
            throw BundleException.WrongHash(
                "$path was changed: its SHA-256 is $hash, but ${Manifest.FILE} says ${entry.sha256}; " +
                    "export or copy it again",
                path,
            )
        }
    }

    /** Opens bundles. */
    public companion object {
        /** Ends the name of the contract beside an artifact. */
        public const val CONTRACT_SUFFIX: String = ".contract.json"

        private const val CHUNK = 1 shl 16
        private const val LARGEST_FILE = 1L shl 30

        /**
         * Reads a bundle's manifest.
         *
         * @param source of its files.
         * @throws BundleException.MissingFile no manifest.
         * @throws DocumentException the manifest is not of the schema.
         */
        @JvmStatic
        public fun open(source: BundleSource): Bundle {
            val data =
                try {
                    source.open(Manifest.FILE).use { bounded(it) }
                } catch (error: IOException) {
                    throw missing(Manifest.FILE, error)
                }
            return Bundle(source, Manifest.parse(data), sha256(data))
        }

        /** One byte more than a manifest may have is enough to refuse it. */
        private fun bounded(stream: InputStream): ByteArray {
            val out = ByteArrayOutputStream()
            val size = each(stream, ManifestReader.LARGEST.toLong()) { chunk, count -> out.write(chunk, 0, count) }
            if (size > ManifestReader.LARGEST) {
                throw BundleException.WrongSize(
                    "${Manifest.FILE} has more than ${ManifestReader.LARGEST} bytes, so it is none of ours; export again",
                    Manifest.FILE,
                )
            }
            return out.toByteArray()
        }

        /**
         * Hands a stream on piece by piece, and stops at the first piece that goes beyond [limit].
         *
         * @return how many bytes came, the piece too many included.
         */
        private inline fun each(
            stream: InputStream,
            limit: Long,
            take: (chunk: ByteArray, count: Int) -> Unit,
        ): Long {
            val chunk = ByteArray(CHUNK)
            var size = 0L
            var count = stream.read(chunk)
            while (count >= 0) {
                size += count
                if (size > limit) return size
                take(chunk, count)
                count = stream.read(chunk)
            }
            return size
        }

        private fun missing(
            path: String,
            error: IOException,
        ) = BundleException.MissingFile("$path cannot be opened (${error.message}); copy the whole bundle", path)
    }
}
