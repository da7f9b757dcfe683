package io.github.feredge.core.bundle

import io.github.feredge.core.json.JsonReader
import io.github.feredge.core.json.StrictJson
import io.github.feredge.core.json.isPrintable

/** The strict reader of `fer-edge-manifest`, every version; same rules as the Python one. */
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
        JSON.schema(document, Manifest.SCHEMAS)
        val names = listOf("schema", "model", "source", "files", "artifacts", "skipped", "tools", "extra")
        val members = JSON.members(document, "", names)
        val version = Words.MANIFEST_SCHEMAS.getValue(JSON.choice(members["schema"], "schema", Manifest.SCHEMAS))
        JSON.entries(members["extra"], "extra")
        val files = files(members["files"])
        val artifacts =
            JSON.array(members["artifacts"], "artifacts", most = MOST_ARTIFACTS).mapIndexed { number, entry ->
                artifact(entry, "artifacts[$number]", files, version)
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
        version: Int,
    ): Artifact {
        val words = listOf("variant", "format", "precision", "interface", "path", "bytes", "contract")
        val checks = listOf("parity", "weight_audit", "accuracy", "calibration") + since2(version, "faithful")
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
                parity = parity(members["parity"], "$key.parity", version),
                faithful = members["faithful"]?.let { faithful(it, "$key.faithful") },
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

    /** Members that manifests of version 1 do not have. */
    private fun since2(
        version: Int,
        vararg names: String,
    ): List<String> = if (version >= 2) names.toList() else emptyList()

    private fun parity(
        value: Any?,
        key: String,
        version: Int,
    ): Parity {
        val names = listOf("verdict", "reason", "engine", "inputs", "max_abs", "mean_abs", "top1_agreement", "limit")
        val more = since2(version, "code", "inputs_source", "p99_abs", "agreement_interval")
        val members = JSON.members(value, key, names + more)
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
                code = members["code"]?.let { code(it, "$key.code") },
                inputsSource = members["inputs_source"]?.let { JSON.string(it, "$key.inputs_source", LONG) },
                p99Abs = members["p99_abs"]?.let { JSON.number(it, "$key.p99_abs") },
                agreementInterval =
                    members["agreement_interval"]?.let { interval(it, "$key.agreement_interval", ::share) },
            )
        check(found, key)
        return found
    }

    private fun check(
        found: Parity,
        key: String,
    ) {
        if (found.verdict == Verdict.NOT_RUN && found.reason == null) {
            JSON.fail("$key.reason", null, "a reason where the verdict is not-run")
        }
        val figures = listOf(found.engine, found.inputs, found.maxAbs, found.limit)
        if (found.verdict == Verdict.PASS && figures.any { it == null }) {
            JSON.fail("$key.verdict", "pass", "pass only with engine, inputs, max_abs and limit")
        }
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

    private fun faithful(
        value: Any?,
        key: String,
    ): Faithful {
        val members = JSON.members(value, key, listOf("verdict", "code", "reason", "weights", "ranges", "layers"))
        val found =
            Faithful(
                verdict = verdict(members["verdict"], "$key.verdict"),
                code = members["code"]?.let { code(it, "$key.code") },
                reason = members["reason"]?.let { JSON.string(it, "$key.reason", LONG) },
                weights = members["weights"]?.let { tally(it, "$key.weights") },
                ranges = members["ranges"]?.let { tally(it, "$key.ranges") },
                layers = members["layers"]?.let { layers(it, "$key.layers") },
            )
        if (found.verdict != Verdict.PASS && found.reason == null) {
            JSON.fail("$key.reason", null, "a reason where the verdict is no pass")
        }
        return found
    }

    private fun tally(
        value: Any?,
        key: String,
    ): Tally {
        val members = JSON.members(value, key, listOf("verdict", "compared", "wrong", "worst"))
        return Tally(
            verdict = verdict(members["verdict"], "$key.verdict"),
            compared = count(members["compared"], "$key.compared"),
            wrong = count(members["wrong"], "$key.wrong"),
            worst = members["worst"]?.let { JSON.number(it, "$key.worst") },
        )
    }

    private fun layers(
        value: Any?,
        key: String,
    ): LayerAnswers {
        val members = JSON.members(value, key, listOf("aligned", "unaligned", "weakest"))
        return LayerAnswers(
            aligned = count(members["aligned"], "$key.aligned"),
            unaligned = count(members["unaligned"], "$key.unaligned"),
            weakest =
                members["weakest"]?.let {
                    val weakest = JSON.members(it, "$key.weakest", listOf("module", "snr_db"))
                    WeakestLayer(
                        module = JSON.string(weakest["module"], "$key.weakest.module", LONG),
                        snrDb = JSON.number(weakest["snr_db"], "$key.weakest.snr_db"),
                    )
                },
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
                    interval(it, "$key.drop_interval") { end, place -> JSON.number(end, place) }
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

    private fun interval(
        value: Any?,
        key: String,
        read: (Any?, String) -> Double,
    ): Pair<Double, Double> {
        val (low, high) = JSON.array(value, key, 2, 2)
        return Pair(read(low, key), read(high, key))
    }

    private fun code(
        value: Any?,
        key: String,
    ): String = JSON.choice(value, key, Words.CODES)

    private fun share(
        value: Any?,
        key: String,
    ): Double = JSON.number(value, key, "a number from 0 to 1") { it in 0.0..1.0 }

    private fun count(
        value: Any?,
        key: String,
    ): Long = JSON.integer(value, key, 0, LARGEST_FILE)
}
