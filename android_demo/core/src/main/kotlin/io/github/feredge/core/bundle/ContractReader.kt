package io.github.feredge.core.bundle

import io.github.feredge.core.DocumentException
import io.github.feredge.core.json.JsonReader
import io.github.feredge.core.json.StrictJson
import io.github.feredge.core.json.isPrintable

/** The strict reader of `fer-edge-contract/1`; same rules as the Python one. */
internal object ContractReader {
    private const val LIMIT = 1 shl 20
    private const val LARGEST_SIDE = 8192L
    private const val MOST_LABELS = 10_000
    private const val NAME_LENGTH = 200
    private const val MODEL_LENGTH = 100
    private val MEMBERS =
        listOf("schema", "model", "labels", "input", "camera", "normalization", "quantization", "output", "sha256")
    private val ENDING = Regex(",\"sha256\":\"([0-9a-f]{64})\"\\}\\z")
    private val JSON = StrictJson("contract")

    fun read(data: ByteArray): Contract {
        val document = JsonReader.read("contract", data, LIMIT)
        val text = JsonReader.decode("contract", data, LIMIT)
        JSON.schema(document, listOf(Contract.SCHEMA))
        val members = JSON.members(document, "", MEMBERS, isOrdered = true)
        JSON.choice(members["schema"], "schema", listOf(Contract.SCHEMA))
        val stated = JSON.sha256(members["sha256"], "sha256")
        val input = input(members["input"])
        val (inputQuantization, outputQuantization) = quantization(members["quantization"], input)
        return Contract(
            model = model(members["model"]),
            labels = labels(members["labels"]),
            input = input,
            camera = camera(members["camera"]),
            normalization = normalization(members["normalization"], "normalization", input.kind, input.channels, JSON),
            inputQuantization = inputQuantization,
            outputQuantization = outputQuantization,
            output = output(members["output"]),
            sha256 = checkedHash(text, stated),
            text = text,
        )
    }

    /** The hash is over the stored bytes before `,"sha256":"`, plus the closing brace. */
    private fun checkedHash(
        text: String,
        stated: String,
    ): String {
        val ending =
            ENDING.find(text)
                ?: throw DocumentException.WrongOrder(
                    "contract: it must end with ,\"sha256\":\"<64 hexadecimal digits>\"} and nothing after that",
                    "sha256",
                )
        if (hasBlanks(text)) {
            throw DocumentException.WrongOrder(
                "contract: it has blanks between its members; allowed: compact JSON on one line",
                "",
            )
        }
        val found = sha256((text.substring(0, ending.range.first) + "}").toByteArray(Charsets.UTF_8))
        if (found != stated) {
            throw DocumentException.WrongHash(
                "contract: sha256 is $stated; allowed: $found, the hash of these bytes; the contract was changed after " +
                    "it was written: take it from the bundle again",
                "sha256",
            )
        }
        return found
    }

    private fun hasBlanks(text: String): Boolean {
        var isInside = false
        var index = 0
        while (index < text.length) {
            when (text[index]) {
                '"' -> isInside = !isInside
                '\\' -> index++
                ' ', '\t', '\r', '\n' -> if (!isInside) return true
            }
            index++
        }
        return false
    }

    private fun model(value: Any?): String {
        val model = JSON.string(value, "model", MODEL_LENGTH)
        if (!isPrintable(model) || model[0] in ". -" || model.any { it in "/\\:*?\"<>|" }) {
            JSON.fail(
                "model",
                value,
                "a name that can begin a file name: printable, without / \\ : * ? \" < > | and no dot first",
            )
        }
        return model
    }

    private fun labels(value: Any?): List<String> {
        val found = LinkedHashSet<String>()
        JSON.array(value, "labels", 1, MOST_LABELS).forEachIndexed { number, entry ->
            val key = "labels[$number]"
            val label = JSON.printable(entry, key, NAME_LENGTH)
            if (label.isBlank()) JSON.fail(key, entry, "printable text on one line")
            if (label in Words.RESERVED_LABELS) {
                JSON.fail(key, entry, "any label but ${Words.RESERVED_LABELS.sorted().joinToString()}")
            }
            if (!found.add(label)) JSON.fail("labels", label, "each label once")
        }
        return found.toList()
    }

    private fun input(value: Any?): InputSpec {
        val names = listOf("name", "interface", "width", "height", "channels", "layout", "dtype")
        val members = JSON.members(value, "input", names, isOrdered = true)
        val channels = JSON.integer(members["channels"], "input.channels", 1, 3).toInt()
        if (channels == 2) JSON.fail("input.channels", members["channels"], "1, 3")
        val kind = JSON.choice(members["interface"], "input.interface", Words.INTERFACES)
        val found =
            InputSpec(
                name = JSON.printable(members["name"], "input.name", NAME_LENGTH),
                kind = if (kind == "image") Interface.IMAGE else Interface.TENSOR,
                width = JSON.integer(members["width"], "input.width", 1, LARGEST_SIDE).toInt(),
                height = JSON.integer(members["height"], "input.height", 1, LARGEST_SIDE).toInt(),
                channels = channels,
                layout = Layout.valueOf(JSON.choice(members["layout"], "input.layout", Layout.values().map { it.name })),
                type = elementType(members["dtype"], "input.dtype", JSON),
            )
        if (found.kind == Interface.IMAGE) {
            if (channels != 3) JSON.fail("input.channels", channels, "3 where input.interface is image")
            if (found.type == ElementType.INT8) {
                JSON.fail("input.dtype", members["dtype"], "float32, uint8 where input.interface is image")
            }
        }
        return found
    }

    private fun camera(value: Any?): CameraSettings {
        val members = JSON.members(value, "camera", listOf("spec", "crop_margin", "mirror"), isOrdered = true)
        return CameraSettings(
            spec = JSON.integer(members["spec"], "camera.spec", 1, 1).toInt(),
            cropMargin =
                JSON.number(members["crop_margin"], "camera.crop_margin", "a finite number, 0 or more") { it >= 0 },
            mirror = JSON.boolean(members["mirror"], "camera.mirror"),
        )
    }

    private fun quantization(
        value: Any?,
        input: InputSpec,
    ): Pair<QuantizationParameters?, QuantizationParameters?> {
        val members = JSON.members(value, "quantization", listOf("input", "output"), isOrdered = true)
        val ofInput = parameters(members["input"], "quantization.input", 127)
        val ofOutput = parameters(members["output"], "quantization.output", 255)
        if (input.type == ElementType.INT8 && ofInput == null) {
            JSON.fail("quantization.input", null, "scale and zero_point where input.dtype is int8")
        }
        if (input.type != ElementType.INT8 && ofInput != null) {
            JSON.fail("quantization.input", members["input"], "null where input.dtype is ${input.type.word}")
        }
        return Pair(ofInput, ofOutput)
    }

    private fun parameters(
        value: Any?,
        key: String,
        largest: Long,
    ): QuantizationParameters? {
        if (value == null) return null
        val members = JSON.members(value, key, listOf("scale", "zero_point"), isOrdered = true)
        return QuantizationParameters(
            scale = scale(members["scale"], "$key.scale", JSON),
            zeroPoint = JSON.integer(members["zero_point"], "$key.zero_point", -128, largest).toInt(),
        )
    }

    private fun output(value: Any?): OutputSpec {
        val members = JSON.members(value, "output", listOf("name", "kind"), isOrdered = true)
        val kind = JSON.choice(members["kind"], "output.kind", listOf("probabilities", "dictionary", "logits"))
        return OutputSpec(
            name = JSON.printable(members["name"], "output.name", NAME_LENGTH),
            kind = OutputKind.values().first { it.name.lowercase() == kind },
        )
    }
}

/** A dtype by its word; also of golden cases. */
internal fun elementType(
    value: Any?,
    key: String,
    json: StrictJson,
): ElementType {
    val word = json.choice(value, key, ElementType.values().map { it.word })
    return ElementType.values().first { it.word == word }
}

/** A quantization's scale; also of golden cases. */
internal fun scale(
    value: Any?,
    key: String,
    json: StrictJson,
): Double = json.number(value, key, "a positive float32 number") { it > 1e-37 && it < 1e37 }

/** Mean and std, one value a channel; also of golden cases. */
internal fun normalization(
    value: Any?,
    key: String,
    kind: Interface,
    channels: Int,
    json: StrictJson,
): Normalization? {
    if (value == null) return null
    if (kind == Interface.IMAGE) {
        json.fail(key, value, "null where input.interface is image (the graph normalizes)")
    }
    val members = json.members(value, key, listOf("mean", "std"), isOrdered = true)
    return Normalization(means(members["mean"], "$key.mean", channels, json), stds(members["std"], "$key.std", channels, json))
}

internal fun means(
    value: Any?,
    key: String,
    channels: Int,
    json: StrictJson,
): List<Double> =
    json.array(value, key, channels, channels).map { entry ->
        json.number(entry, key, "finite float32 numbers") { Math.abs(it) < 1e30 }
    }

// Smaller ones have no inverse in float32.
internal fun stds(
    value: Any?,
    key: String,
    channels: Int,
    json: StrictJson,
): List<Double> =
    json.array(value, key, channels, channels).map { entry ->
        json.number(entry, key, "positive float32 numbers") { it >= 1e-6 && it < 1e30 }
    }
