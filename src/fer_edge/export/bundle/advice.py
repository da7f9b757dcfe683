"""Which file of a bundle to ship, by what was measured and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.runtime.manifest import Artifact, Manifest

PLATFORMS = (
    ("Android", "tflite"),
    ("iPhone, iPad", "coreml"),
    ("browser, server", "onnx"),
    ("PyTorch", "torchscript"),
)
"""What a format is for, in the order in which the card shows them."""

MEASURED = {"tflite": ("int8", "fp16", "fp32"), "onnx": ("int8", "fp32"), "coreml": ("fp16", "fp32")}
"""Which precision first, where the accuracy on labelled pictures was measured and held; the smallest file that is fast."""

UNMEASURED = {"tflite": ("fp16", "fp32"), "onnx": ("fp32",), "coreml": ("fp16", "fp32")}
"""Where it was not: what differs from the original by rounding only (fp16 halves the file; ONNX's CPU computes it slowly)."""


@dataclass(frozen=True)
class Choice:
    """One file to ship.

    Attributes:
        platform: in words.
        artifact: the file.
        why: a sentence without its full stop.
    """

    platform: str
    artifact: Artifact
    why: str


def choices(manifest: Manifest) -> list[Choice]:
    """The file to ship for each platform that the bundle has one for; nothing that a check refused."""
    found = []
    for platform, name in PLATFORMS:
        fit = [entry for entry in manifest.artifacts if entry.format == name and _is_fit(entry)]
        if fit:
            found.append(_choose(platform, fit))
    return found


def _is_fit(artifact: Artifact) -> bool:
    audited = artifact.weight_audit is not None and artifact.weight_audit.verdict == "pass"
    sound = artifact.parity.verdict == "pass" or (artifact.parity.verdict == "not-run" and audited)
    return sound and (artifact.accuracy is None or artifact.accuracy.verdict == "pass")


def _choose(platform: str, fit: Sequence[Artifact]) -> Choice:
    """The first in the order above; a tensor interface with floats before others, since the code below feeds it."""
    plain = [entry for entry in fit if entry.variant == f"{entry.format}-{entry.precision}"] or list(fit)
    measured = [entry for entry in plain if entry.accuracy is not None]
    for order, candidates in ((MEASURED, measured), (UNMEASURED, plain)):
        for precision in order.get(plain[0].format, ("fp32",)):
            for entry in candidates:
                if entry.precision == precision:
                    return Choice(platform, entry, _why(entry, plain))
    return Choice(platform, plain[0], "the only kind in this bundle")


def _why(entry: Artifact, others: Sequence[Artifact]) -> str:
    if entry.precision == "int8":
        return "integer arithmetic; its accuracy on labelled pictures was measured and passed"
    smaller = [other for other in others if other.bytes < entry.bytes]
    if entry.precision == "fp16":
        return "weights rounded to half the size of fp32, nothing else" + _doubt(smaller)
    return "the original's arithmetic" + _doubt(smaller)


def _doubt(smaller: Sequence[Artifact]) -> str:
    """Why a smaller file was not taken."""
    if not smaller:
        return ""
    if all(other.accuracy is None for other in smaller):
        return "; smaller files: measure first (`fer-export --accuracy DIR`)"
    return ""
