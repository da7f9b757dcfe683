"""Code to paste for one artifact, from ``templates/``; the suite compiles or runs what they give.

Nothing of the model is written into the code but a variant's or a file's name: size, labels and numbers are read from
the contract, so what was tested with one model holds for another.
"""

from __future__ import annotations

from fer_edge.console.rendering import render
from fer_edge.runtime.manifest import Artifact

KOTLIN = {"tflite": "Emotions.kt.j2", "onnx": "EmotionsOnnx.kt.j2"}
JAVASCRIPT = {"onnx": "onnx.mjs.j2", "tflite": "tflite.mjs.j2"}


def kotlin(artifact: Artifact) -> str:
    """A class around the artifact of a format of ``KOTLIN``, without its package line."""
    return _render(KOTLIN[artifact.format], variant=artifact.variant)


def python(artifact: Artifact) -> str:
    """From a photograph to its emotions."""
    return _render("predict.py.j2", variant=artifact.variant)


def javascript(artifact: Artifact) -> str:
    """The camera path, and a function around the artifact of a format of ``JAVASCRIPT``."""
    return _render(JAVASCRIPT[artifact.format], file=f"bundle/{artifact.path}")


def swift(artifact: Artifact) -> str:
    """A class around a Core ML package with the tensor interface."""
    return _render("coreml.swift.j2", package=artifact.path.removesuffix(".mlpackage"))


def _render(template: str, **names: str) -> str:
    return render("fer_edge.export.bundle", template, **names).strip()
