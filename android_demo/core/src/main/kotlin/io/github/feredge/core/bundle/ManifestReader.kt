package io.github.feredge.core.bundle

import io.github.feredge.core.json.JsonReader
import io.github.feredge.core.json.StrictJson
import io.github.feredge.core.json.isPrintable

/** The strict reader of `fer-edge-manifest/1`; same rules as the Python one. */
internal object ManifestReader {
    const val LARGEST: Int = 16 shl 20
    private const val LARGEST_FILE = 1L shl 40
    private const val SHORT = 100
    private const val LONG = 4000
    private const val CONTRACT_LENGTH = 1 shl 20
    private const val MOST_ARTIFACTS = 1000
    private val JSON = StrictJson(Manifest.FILE)

    fun read(data: ByteArray): Manifest {
        val document = JsonReader.read(Manifest.FILE, data, LARGEST)
        JSON.schema(document, Manifest.SCHEMA)
        val names = listOf("schema", "model", "source", "files", "artifacts", "skipped", "tools", "extra")
        val members = JSON.members(document, "", names)
        JSON.choice(members["schema"], "schema", listOf(Manifest.SCHEMA))
        JSON.entries(members["extra"], "extra")
        val files = files(members["files"])
        val artifacts =
            JSON.array(members["artifacts"], "artifacts", most = MOST_ARTIFACTS).mapIndexed { number, entry ->
                artifact(entry, "artifacts[$number]", files)
            }
        artifacts.groupBy { it.variant }.values.firstOrNull { it.size > 1 }?.let {
            JSON.fail("artifacts", it[0].variant, "each variant once")
        }
        // One file must not pass as two precisions.
        artifacts.groupBy { it.path }.values.firstOrNull { it.size > 1 }?.let {
            JSON.fail("artifacts", it[0].path, "each path once")
        }
        return Manifest(
            model = JSON.string(members["model"], "model", SHORT),
            source = source(members["source"]),
            files = files,
            artifacts = artifacts,
            skipped =
                JSON.array(members["skipped"], "skipped", most = MOST_ARTIFACTS).mapIndexed { number, entry ->
                    skipped(entry, "skipped[$number]")
                },
            tools = mapping(members["tools"], "tools") { value, key -> JSON.string(value, key) },
        )
    }

    private fun source(value: Any?): Source {
        val members = JSON.members(value, "source", listOf("arch", "checkpoint_sha256"))
        return Source(
            arch = JSON.string(members["arch"], "source.arch"),
            checkpointSha256 = JSON.sha256(members["checkpoint_sha256"], "source.checkpoint_sha256"),
        )
    }

    private fun files(value: Any?): Map<String, FileEntry> =
        JSON.entries(value, "files").entries.associate { (name, entry) ->
            val path = path(name, "a path in files")
            if (path == Manifest.FILE) JSON.fail("a path in files", path, "every file but the manifest itself")
            val key = "files[$path]"
            val members = JSON.members(entry, key, listOf("sha256", "bytes"))
            val size = JSON.integer(members["bytes"], "$key.bytes", 0, LARGEST_FILE)
            path to FileEntry(JSON.sha256(members["sha256"], "$key.sha256"), size)
        }

    /** A path that stays inside the bundle, in one spelling. */
    private fun path(
        value: Any?,
        key: String,
    ): String {
        val path = JSON.string(value, key)
        if (!isSafePath(path)) JSON.fail(key, path, "a relative POSIX path that stays inside the bundle")
        return path
    }

    fun isSafePath(path: String): Boolean =
        path.split('/').none { it == "" || it == "." || it == ".." } &&
            path.none { it in "\\:*?\"<>|" } &&
            isPrintable(path)

    private fun skipped(
        value: Any?,
        key: String,
    ): Skipped {
        val members = JSON.members(value, key, listOf("variant", "reason"))
        return Skipped(
            variant = JSON.string(members["variant"], "$key.variant", SHORT),
            reason = JSON.string(members["reason"], "$key.reason"),
        )
    }

    private fun artifact(
        value: Any?,
        key: String,
        files: Map<String, FileEntry>,
    ): Artifact {
        val words = listOf("variant", "format", "precision", "interface", "path", "bytes", "contract")
        val checks = listOf("parity", "weight_audit", "accuracy", "calibration")
        val members = JSON.members(value, key, words + checks)
        val kind = JSON.choice(members["interface"], "$key.interface", Words.INTERFACES)
        val found =
            Artifact(
                variant = JSON.string(members["variant"], "$key.variant", SHORT),
                format = JSON.choice(members["format"], "$key.format", Words.EXTENSIONS.keys.toList()),
                precision = JSON.choice(members["precision"], "$key.precision", Words.PRECISIONS),
                kind = if (kind == "image") Interface.IMAGE else Interface.TENSOR,
                path = path(members["path"], "$key.path"),
                bytes = JSON.integer(members["bytes"], "$key.bytes", 0, LARGEST_FILE),
                contract = JSON.string(members["contract"], "$key.contract", CONTRACT_LENGTH),
                parity = parity(members["parity"], "$key.parity"),
                weightAudit = members["weight_audit"]?.let { weightAudit(it, "$key.weight_audit") },
                accuracy = members["accuracy"]?.let { accuracy(it, "$key.accuracy") },
                calibration = members["calibration"]?.let { calibration(it, "$key.calibration") },
            )
        check(found, key, files)
        return found
    }

    private fun check(
        artifact: Artifact,
        key: String,
        files: Map<String, FileEntry>,
    ) {
        val image = if (artifact.kind == Interface.IMAGE) "-image" else ""
        val name = "${artifact.format}-${artifact.precision}$image"
        val isQuantizedName = artifact.variant == "$name-qio" && (artifact.format to artifact.precision) in Words.QUANTIZED_IO
        if (artifact.variant != name && !isQuantizedName) JSON.fail("$key.variant", artifact.variant, name)
        val extension = Words.EXTENSIONS.getValue(artifact.format)
        if (!artifact.path.endsWith(extension)) JSON.fail("$key.path", artifact.path, "a path that ends with $extension")
        if (artifact.path !in files && files.keys.none { it.startsWith(artifact.path + "/") }) {
            JSON.fail("$key.path", artifact.path, "a path that is listed under files")
        }
    }

    private fun verdict(
        value: Any?,
        key: String,
    ): Verdict {
        val word = JSON.choice(value, key, Verdict.values().map { it.word })
        return Verdict.values().first { it.word == word }
    }

    private fun parity(
        value: Any?,
        key: String,
    ): Parity {
        val names = listOf("verdict", "reason", "engine", "inputs", "max_abs", "mean_abs", "top1_agreement", "limit")
        val members = JSON.members(value, key, names)
        val found =
            Parity(
                verdict = verdict(members["verdict"], "$key.verdict"),
                reason = members["reason"]?.let { JSON.string(it, "$key.reason", LONG) },
                engine = members["engine"]?.let { JSON.string(it, "$key.engine", LONG) },
                inputs = members["inputs"]?.let { count(it, "$key.inputs") },
                maxAbs = members["max_abs"]?.let { JSON.number(it, "$key.max_abs") },
                meanAbs = members["mean_abs"]?.let { JSON.number(it, "$key.mean_abs") },
                top1Agreement = members["top1_agreement"]?.let { share(it, "$key.top1_agreement") },
                limit = members["limit"]?.let { limit(it, "$key.limit") },
            )
        if (found.verdict == Verdict.NOT_RUN && found.reason == null) {
            JSON.fail("$key.reason", null, "a reason where the verdict is not-run")
        }
        val figures = listOf(found.engine, found.inputs, found.maxAbs, found.limit)
        if (found.verdict == Verdict.PASS && figures.any { it == null }) {
            JSON.fail("$key.verdict", "pass", "pass only with engine, inputs, max_abs and limit")
        }
        return found
    }

    private fun limit(
        value: Any?,
        key: String,
    ): ParityLimit {
        val members = JSON.members(value, key, listOf("max_abs", "top1_agreement"))
        return ParityLimit(
            maxAbs = JSON.number(members["max_abs"], "$key.max_abs"),
            top1Agreement = share(members["top1_agreement"], "$key.top1_agreement"),
        )
    }

    private fun weightAudit(
        value: Any?,
        key: String,
    ): WeightAudit {
        val members = JSON.members(value, key, listOf("verdict", "tensors", "max_abs"))
        return WeightAudit(
            verdict = verdict(members["verdict"], "$key.verdict"),
            tensors = count(members["tensors"], "$key.tensors"),
            maxAbs = members["max_abs"]?.let { JSON.number(it, "$key.max_abs") },
        )
    }

    private fun accuracy(
        value: Any?,
        key: String,
    ): Accuracy {
        val names = listOf("source", "samples", "reference", "artifact", "drop_interval", "verdict")
        val members = JSON.members(value, key, names)
        return Accuracy(
            source = JSON.string(members["source"], "$key.source", LONG),
            samples = count(members["samples"], "$key.samples"),
            reference = share(members["reference"], "$key.reference"),
            artifact = share(members["artifact"], "$key.artifact"),
            dropInterval =
                members["drop_interval"]?.let {
                    val (low, high) = JSON.array(it, "$key.drop_interval", 2, 2)
                    Pair(JSON.number(low, "$key.drop_interval"), JSON.number(high, "$key.drop_interval"))
                },
            verdict = verdict(members["verdict"], "$key.verdict"),
        )
    }

    private fun calibration(
        value: Any?,
        key: String,
    ): Calibration {
        val members = JSON.members(value, key, listOf("source", "sha256", "images", "classes"))
        return Calibration(
            source = JSON.string(members["source"], "$key.source", LONG),
            sha256 = JSON.sha256(members["sha256"], "$key.sha256"),
            images = count(members["images"], "$key.images"),
            classes = mapping(members["classes"], "$key.classes", ::count),
        )
    }

    private fun <T> mapping(
        value: Any?,
        key: String,
        read: (Any?, String) -> T,
    ): Map<String, T> =
        JSON.entries(value, key).entries.associate { (name, entry) ->
            JSON.string(name, "a name in $key") to read(entry, "$key.$name")
        }

    private fun share(
        value: Any?,
        key: String,
    ): Double = JSON.number(value, key, "a number from 0 to 1") { it in 0.0..1.0 }

    private fun count(
        value: Any?,
        key: String,
    ): Long = JSON.integer(value, key, 0, LARGEST_FILE)
}
