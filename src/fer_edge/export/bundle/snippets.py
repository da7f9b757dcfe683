"""Code to paste for one artifact. The sources lie in ``paste/``; the suite compiles or runs them as they are.

Nothing of the model is written into the code but a variant's or a file's name: size, labels and numbers are read from
the contract, so what was tested with one model holds for another.
"""

from __future__ import annotations

import json
from importlib.resources import files

from fer_edge.runtime.manifest import Artifact

KOTLIN = {"tflite": "Emotions.kt", "onnx": "EmotionsOnnx.kt"}
JAVASCRIPT = {"onnx": "onnx.mjs", "tflite": "tflite.mjs"}


def source(name: str) -> str:
    """The text of a file in ``paste/``."""
    return (files("fer_edge.export.bundle") / "paste" / name).read_text("utf-8")


def kotlin(artifact: Artifact) -> str:
    """A class around the artifact of a format of ``KOTLIN``, without its package line."""
    text = source(KOTLIN[artifact.format]).partition("\n\n")[2]
    return _filled(text, f"{artifact.format}-fp32", artifact.variant)


def python(artifact: Artifact) -> str:
    """From a photograph to its emotions."""
    return _filled(source("python.txt"), "tflite-fp32", artifact.variant)


def javascript(artifact: Artifact) -> str:
    """The camera path, and a function around the artifact of a format of ``JAVASCRIPT``."""
    text = source(JAVASCRIPT[artifact.format])
    stored = f'"bundle/fer-mini-fp32.{artifact.format}"'
    # A model's name may hold any letter; the others' variants have none in their code.
    imports, _, rest = _filled(text, stored, _literal(f"bundle/{artifact.path}")).partition("\n\n")
    return f"{imports}\n\n{source('camera.mjs')}\n{rest}"


def swift(artifact: Artifact) -> str:
    """A class around a Core ML package with the tensor interface."""
    text = source("coreml.swift")
    return _filled(text, '"fer-mini-fp16"', _literal(artifact.path.removesuffix(".mlpackage")))


def _literal(text: str) -> str:
    """A string literal of JavaScript and Swift."""
    return json.dumps(text, ensure_ascii=False)


def _filled(text: str, stored: str, wanted: str) -> str:
    if text.count(stored) != 1:
        raise ValueError(f"the code to paste holds {stored!r} {text.count(stored)} times; allowed: once")
    return text.replace(stored, wanted).strip()
