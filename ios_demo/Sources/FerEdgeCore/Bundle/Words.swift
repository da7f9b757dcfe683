/// Words of formats and documents. Written by `ios_demo/generate_words.py` from `fer_edge.runtime`: do not edit.
enum Words {
    static let contractSchema = "fer-edge-contract/1"

    /// That are read, by version: the first is 1.
    static let manifestSchemas = ["fer-edge-manifest/1", "fer-edge-manifest/2"]
    static let manifestName = "manifest.json"
    static let contractKey = "fer_edge_contract"
    static let contractSuffix = ".contract.json"

    static let formats = ["torchscript", "onnx", "tflite", "coreml", "executorch"]

    /// Extension by format.
    static let extensions = [
        "torchscript": ".pt",
        "onnx": ".onnx",
        "tflite": ".tflite",
        "coreml": ".mlpackage",
        "executorch": ".pte",
    ]

    static let precisions = ["fp32", "fp16", "w8", "dynamic", "int8", "auto"]

    /// Why a verdict is no pass, for programs.
    static let codes = [
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
    ]

    /// Format and precision that may have integer input and output (`-qio`).
    static let quantizedIO = ["tflite-int8"]

    /// What no label may be called.
    static let reservedLabels = ["bbox", "face_id", "probabilities"]

    /// Pixels of an input's width or height, labels, bytes of a manifest: the most that a document may say.
    static let largestSide = 8192
    static let mostLabels = 10000
    static let largestManifest = 16777216
}
