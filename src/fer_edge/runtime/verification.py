"""Verification records: what was measured about an artifact. They go from the child that measures to the manifest as they are.

``code`` says in one word why a verdict is no ``pass``, for programs; ``reason`` says it for people. ``fer-edge-manifest/1``
has no ``code``: its reader leaves it None, its writer leaves it out.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fer_edge.runtime.schema import Choice, Length, Range, Sha256, Since, refuse

VERDICTS = ("pass", "fail", "not-run")

Verdict = Annotated[str, Choice(*VERDICTS)]
Share = Annotated[float, Range(0, 1)]
Count = Annotated[int, Range(0, 1 << 40)]
Sentence = Annotated[str, Length(1, 4000)]


class Code(enum.StrEnum):
    """Reasons of a verdict, as words for programs."""

    SHAPE = "shape"
    """The answers have another shape than the original's."""
    NOT_FINITE = "not-finite"
    """An answer is NaN or infinite."""
    DIFFERENT = "different"
    """Answers are further from the original's than allowed."""
    STIFF = "stiff"
    """The artifact reacts to its input less than half as much as the original."""
    BYTECODE = "bytecode"
    """The program that phones run answers differently from the one that runs here."""
    INSENSITIVE = "insensitive"
    """The original itself does not react to its input, so nothing can be judged by it."""
    OVERFLOW = "overflow"
    """Activations are beyond float16, whatever this machine's arithmetic made of them."""
    NO_ENGINE = "no-engine"
    """No engine for the format is installed, or an evaluator lacks an operator of the file."""


@dataclass(frozen=True, slots=True)
class ParityLimit:
    """The differences that parity allows."""

    max_abs: Annotated[float, "largest absolute difference of a probability"]
    top1_agreement: Annotated[Share, "smallest share of inputs with the same first label"]


@dataclass(frozen=True, slots=True)
class Parity:
    """Artifact against the PyTorch original on the same inputs."""

    verdict: Verdict
    reason: Annotated[Sentence | None, "why it failed or was not run"] = None
    engine: Annotated[Sentence | None, "library and version that ran the artifact"] = None
    inputs: Annotated[Count | None, "how many were compared"] = None
    max_abs: Annotated[float | None, "largest absolute difference of a probability"] = None
    mean_abs: Annotated[float | None, "mean absolute difference"] = None
    top1_agreement: Annotated[Share | None, "share of inputs with the same first label"] = None
    limit: Annotated[ParityLimit | None, "what was allowed"] = None
    code: Annotated[Code | None, Since(2), "why it is no pass, as a word for programs"] = None

    def check(self) -> None:
        """not-run needs a reason; pass needs engine, inputs, max_abs and limit."""
        if self.verdict == "not-run" and self.reason is None:
            refuse("reason", None, "a reason where the verdict is not-run")
        if self.verdict == "pass" and None in (self.engine, self.inputs, self.max_abs, self.limit):
            refuse("verdict", "pass", "pass only with engine, inputs, max_abs and limit")


@dataclass(frozen=True, slots=True)
class WeightAudit:
    """Every weight read back from a package and compared with the source's."""

    verdict: Verdict
    tensors: Annotated[Count, "how many were compared"]
    max_abs: Annotated[float | None, "largest absolute difference"]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Original and artifact on labeled images."""

    source: Annotated[Sentence, "which images"]
    samples: Annotated[Count, "how many"]
    reference: Annotated[Share, "the original's share of right answers"]
    artifact: Annotated[Share, "the artifact's share of right answers"]
    drop_interval: Annotated[tuple[float, float] | None, "interval of reference minus artifact, low and high"]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Calibration:
    """The images that activation ranges were measured on."""

    source: Annotated[Sentence, "which images"]
    sha256: Annotated[Sha256, "over them"]
    images: Annotated[Count, "how many"]
    classes: Annotated[Mapping[str, Count], "how many of each label"]
