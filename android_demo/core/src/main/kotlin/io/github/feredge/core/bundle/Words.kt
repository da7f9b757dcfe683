package io.github.feredge.core.bundle

/** Words of formats and documents. Written by `android_demo/generate_words.py` from `fer_edge.runtime`: do not edit. */
internal object Words {
    const val CONTRACT_SCHEMA: String = "fer-edge-contract/1"

    /** That are read, by version. */
    val MANIFEST_SCHEMAS: Map<String, Int> = mapOf("fer-edge-manifest/1" to 1, "fer-edge-manifest/2" to 2)
    const val CONTRACT_KEY: String = "fer_edge_contract"

    /** Extension by format. */
    val EXTENSIONS: Map<String, String> =
        mapOf(
            "torchscript" to ".pt",
            "onnx" to ".onnx",
            "tflite" to ".tflite",
            "coreml" to ".mlpackage",
            "executorch" to ".pte",
        )

    val PRECISIONS: List<String> = listOf("fp32", "fp16", "w8", "dynamic", "int8", "auto")
    val INTERFACES: List<String> = listOf("tensor", "image")

    /** Why a verdict is no pass, for programs. */
    val CODES: List<String> =
        listOf(
            "shape",
            "not-finite",
            "different",
            "stiff",
            "bytecode",
            "constant",
            "saturated",
            "disagrees",
            "undecided",
            "insensitive",
            "overflow",
            "no-engine",
            "unfaithful",
            "unjudged",
            "operator",
            "option",
            "weight",
            "bias",
            "range",
            "saturation",
            "layer",
            "unaligned",
            "bridge",
        )

    /** Format and precision that may have integer input and output (`-qio`). */
    val QUANTIZED_IO: Set<Pair<String, String>> = setOf("tflite" to "int8")

    /** What no label may be called. */
    val RESERVED_LABELS: Set<String> = setOf("bbox", "face_id", "probabilities")
}
