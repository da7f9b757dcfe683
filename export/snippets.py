"""Code to paste for one artifact, with its file, names, shapes and numbers filled in.

One function a format, each giving Kotlin, Swift, JavaScript and Python; where a language has no runtime for the format,
one sentence says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.manifest import Artifact


@dataclass(frozen=True)
class Snippet:
    """Code in one language, or a sentence where there is none.

    Attributes:
        language: as shown.
        fence: of the code block; None: ``text`` is a sentence.
        text: code or sentence.
    """

    language: str
    fence: str | None
    text: str


def snippets(artifact: Artifact, contract: Contract) -> list[Snippet]:
    """The four languages for an artifact."""
    return [*_BY_FORMAT[artifact.format](artifact, contract), _python(artifact)]


def _code(language: str, text: str) -> Snippet:
    return Snippet(language, language.lower(), dedent(text).strip())


def _none(language: str, text: str) -> Snippet:
    return Snippet(language, None, text)


def _python(artifact: Artifact) -> Snippet:
    return _code(
        "Python",
        f"""
        from fer_edge.runtime import Frame, load

        model = load("{artifact.path}")
        frame = Frame.from_rgba(buffer, width=640, height=480, row_stride=2560, rotation=90)
        prediction = model.predict(frame, box=(177, 66, 272, 161))
        print(prediction.label, prediction.top(2))
        """,
    )


def _labels(contract: Contract) -> str:
    """String literals of JavaScript and Swift: a label may hold quotes and backslashes."""
    return ", ".join(json.dumps(label, ensure_ascii=False) for label in contract.labels)


def _kotlin(text: str) -> str:
    """The same text inside a Kotlin literal, where a dollar begins a template."""
    return text.replace("$", "\\$")


def _count(contract: Contract) -> int:
    _, first, second, third = contract.input.shape
    return first * second * third


def _given(contract: Contract) -> str:
    """What the input's numbers are, for a comment."""
    if contract.input.interface == "image":
        return f"{contract.input.dtype}: R, G, B of each pixel, 0 to 255"
    parameters = contract.quantization.input
    if parameters is None:
        return f"{contract.input.dtype}: what the camera path of the contract gives"
    return (
        f"{contract.input.dtype}: what the camera path of the contract gives, "
        f"each number x as round(x / {parameters.scale!r}) + ({parameters.zero_point}), at least -128, at most 127"
    )


def _real(contract: Contract, value: str) -> str:
    """An expression that turns an output value into a probability."""
    parameters = contract.quantization.output
    if parameters is None:
        return value
    return f"({value} - ({parameters.zero_point})) * {parameters.scale!r}"


def _tflite(artifact: Artifact, contract: Contract) -> list[Snippet]:
    integer = contract.input.dtype != "float32"
    unit = 1 if integer else 4
    kotlin_type = "ByteArray" if integer else "FloatArray"
    read = "(scores[0][it].toInt() and 0xFF)" if contract.input.dtype == "uint8" else "scores[0][it]"
    swift_type = {"float32": "Float32", "int8": "Int8", "uint8": "UInt8"}[contract.input.dtype]
    size = len(contract.labels)
    shape = list(contract.input.shape)
    kotlin = f"""
        // implementation("org.tensorflow:tensorflow-lite:2.16.1")
        // implementation("org.tensorflow:tensorflow-lite-support:0.4.4"); {artifact.path} lies in assets, uncompressed
        val labels = listOf({_kotlin(_labels(contract))})
        val interpreter = Interpreter(FileUtil.loadMappedFile(context, "{_kotlin(artifact.path)}"))
        // {contract.input.layout} {shape}, {_given(contract)}
        val input = ByteBuffer.allocateDirect({_count(contract) * unit}).order(ByteOrder.nativeOrder())
        val scores = arrayOf({kotlin_type}({size}))
        interpreter.run(input, scores)
        val probabilities = labels.indices.associate {{ labels[it] to {_real(contract, read)} }}
        """
    swift = f"""
        // pod "TensorFlowLiteSwift"
        let labels = [{_labels(contract)}]
        let path = Bundle.main.path(forResource: "{artifact.path.removesuffix(".tflite")}", ofType: "tflite")!
        let interpreter = try Interpreter(modelPath: path)
        try interpreter.allocateTensors()
        try interpreter.copy(input, toInputAt: 0)  // Data: {shape}, {_given(contract)}
        try interpreter.invoke()
        let scores = try interpreter.output(at: 0).data.withUnsafeBytes {{ Array($0.bindMemory(to: {swift_type}.self)) }}
        let probabilities = zip(labels, scores.map {{ {_real(contract, "Float($0)")} }})
        """
    return [_code("Kotlin", kotlin), _code("Swift", swift), _tflite_javascript(artifact, contract)]


def _tflite_javascript(artifact: Artifact, contract: Contract) -> Snippet:
    if contract.input.dtype == "int8":
        return _none(
            "JavaScript", "LiteRT.js refuses int8 input and output; take the variant without `-qio`."
        )
    array = "Uint8Array" if contract.input.dtype == "uint8" else "Float32Array"
    return _code(
        "JavaScript",
        f"""
        // npm install @litertjs/core
        import {{ loadLiteRt, loadAndCompile, Tensor }} from "@litertjs/core";
        const labels = [{_labels(contract)}];
        await loadLiteRt("./wasm/");
        const model = await loadAndCompile("{artifact.path}", {{ accelerator: "wasm" }});
        // {_given(contract)}
        const input = new Tensor(new {array}({_count(contract)}), {list(contract.input.shape)});
        const [output] = await model.run(input);
        const scores = await output.data();
        const probabilities = Array.from(scores, (v, i) => [labels[i], {_real(contract, "v")}]);
        """,
    )


def _onnx(artifact: Artifact, contract: Contract) -> list[Snippet]:
    shape, name, out = list(contract.input.shape), contract.input.name, contract.output.name
    longs = ", ".join(map(str, shape))
    kotlin = f"""
        // implementation("com.microsoft.onnxruntime:onnxruntime-android:1.20.0")
        val labels = listOf({_kotlin(_labels(contract))})
        val environment = OrtEnvironment.getEnvironment()
        val session = environment.createSession(context.assets.open("{_kotlin(artifact.path)}").readBytes())
        // {contract.input.layout} {shape}, {_given(contract)}
        val input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), longArrayOf({longs}))
        val scores = (session.run(mapOf("{name}" to input))["{out}"].get().value as Array<FloatArray>)[0]
        val probabilities = labels.zip(scores.toList()).toMap()
        """
    swift = f"""
        // pod "onnxruntime-objc"
        let labels = [{_labels(contract)}]
        let path = Bundle.main.path(forResource: "{artifact.path.removesuffix(".onnx")}", ofType: "onnx")!
        let session = try ORTSession(env: ORTEnv(loggingLevel: .warning), modelPath: path, sessionOptions: nil)
        let input = try ORTValue(tensorData: values, elementType: .float, shape: {shape})  // NSMutableData
        let answer = try session.run(withInputs: ["{name}": input], outputNames: ["{out}"], runOptions: nil)
        let data = try answer["{out}"]!.tensorData() as Data
        let probabilities = zip(labels, data.withUnsafeBytes {{ Array($0.bindMemory(to: Float.self)) }})
        """
    javascript = f"""
        // npm install onnxruntime-web
        import * as ort from "onnxruntime-web";
        const labels = [{_labels(contract)}];
        const session = await ort.InferenceSession.create("{artifact.path}");
        const input = new ort.Tensor("float32", new Float32Array({_count(contract)}), {shape});  // {_given(contract)}
        const answer = await session.run({{ {name}: input }});
        const probabilities = Array.from(answer.{out}.data, (value, i) => [labels[i], value]);
        """
    return [_code("Kotlin", kotlin), _code("Swift", swift), _code("JavaScript", javascript)]


def _torchscript(artifact: Artifact, contract: Contract) -> list[Snippet]:
    shape = list(contract.input.shape)
    kotlin = f"""
        // implementation("org.pytorch:pytorch_android:2.1.0")
        val labels = listOf({_kotlin(_labels(contract))})
        // copied there from assets: the library opens files only
        val module = Module.load(File(context.filesDir, "{_kotlin(artifact.path)}").path)
        val input = Tensor.fromBlob(values, longArrayOf({", ".join(map(str, shape))}))  // FloatArray, NCHW
        val scores = module.forward(IValue.from(input)).toTensor().dataAsFloatArray
        val probabilities = labels.zip(scores.toList()).toMap()
        """
    return [
        _code("Kotlin", kotlin),
        _none("Swift", "LibTorch has no Swift interface; take the `coreml` or `tflite` variant."),
        _none("JavaScript", "There is no TorchScript runtime for JavaScript; take `onnx` or `tflite`."),
    ]


def _coreml(artifact: Artifact, contract: Contract) -> list[Snippet]:
    name, out = contract.input.name, contract.output.name
    load = f"""
        // iOS 16+; drag {artifact.path} into Xcode, which compiles it
        let url = Bundle.main.url(forResource: "{artifact.path.removesuffix(".mlpackage")}", withExtension: "mlmodelc")!
        let model = try MLModel(contentsOf: url)
        """
    if contract.input.interface == "image":
        rest = f"""
        // pixelBuffer: {contract.input.width}x{contract.input.height}, cut out and scaled by the camera path
        let image = MLFeatureValue(pixelBuffer: pixelBuffer)
        let answer = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: ["{name}": image]))
        let probabilities = answer.featureValue(for: "{out}")!.dictionaryValue
        """
    else:
        rest = f"""
        let labels = [{_labels(contract)}]
        let input = try MLMultiArray(shape: {list(contract.input.shape)}, dataType: .float32)  // NCHW
        let answer = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: ["{name}": input]))
        let scores = answer.featureValue(for: "{out}")!.multiArrayValue!
        let probabilities = labels.indices.map {{ (labels[$0], scores[$0].floatValue) }}
        """
    return [
        _none("Kotlin", "Core ML runs on Apple devices only; take the `tflite` or `onnx` variant."),
        _code("Swift", dedent(load).strip() + "\n" + dedent(rest).strip()),
        _none("JavaScript", "Core ML runs on Apple devices only; take `tflite` or `onnx`."),
    ]


_BY_FORMAT: dict[str, Callable[[Artifact, Contract], list[Snippet]]] = {
    "tflite": _tflite,
    "onnx": _onnx,
    "torchscript": _torchscript,
    "coreml": _coreml,
}
