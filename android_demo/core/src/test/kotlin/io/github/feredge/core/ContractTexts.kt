package io.github.feredge.core

import java.security.MessageDigest

/** Contracts as fer-export writes them, sealed here by the rule of the schema. */
internal object ContractTexts {
    private const val LABELS = "[\"neutral\",\"happiness\"]"
    const val QUANTIZED: String =
        "{\"input\":{\"scale\":0.0078125,\"zero_point\":-1},\"output\":{\"scale\":0.00390625,\"zero_point\":-128}}"

    fun body(
        labels: String = LABELS,
        input: String = input(),
        camera: String = "{\"spec\":1,\"crop_margin\":0.1,\"mirror\":false}",
        normalization: String = "{\"mean\":[0.5],\"std\":[0.5]}",
        quantization: String = "{\"input\":null,\"output\":null}",
        output: String = "{\"name\":\"probabilities\",\"kind\":\"probabilities\"}",
    ): String =
        "{\"schema\":\"fer-edge-contract/1\",\"model\":\"tiny\",\"labels\":$labels,\"input\":$input,\"camera\":$camera," +
            "\"normalization\":$normalization,\"quantization\":$quantization,\"output\":$output}"

    fun input(
        kind: String = "tensor",
        width: String = "64",
        channels: Int = 1,
        layout: String = "NHWC",
        type: String = "float32",
    ): String =
        "{\"name\":\"image\",\"interface\":\"$kind\",\"width\":$width,\"height\":64,\"channels\":$channels," +
            "\"layout\":\"$layout\",\"dtype\":\"$type\"}"

    /** SHA-256 of the bytes before `,"sha256":"`, plus `}`; put last. */
    fun seal(body: String): String {
        val digest = MessageDigest.getInstance("SHA-256").digest(body.toByteArray())
        return body.dropLast(1) + ",\"sha256\":\"" + digest.joinToString("") { "%02x".format(it) } + "\"}"
    }

    fun gray(): String = seal(body())

    fun color(): String =
        seal(body(input = input(channels = 3, layout = "NCHW"), normalization = "{\"mean\":[0.5,0.4,0.3],\"std\":[0.2,0.3,0.4]}"))

    fun quantized(): String = seal(body(input = input(type = "int8"), quantization = QUANTIZED))
}
