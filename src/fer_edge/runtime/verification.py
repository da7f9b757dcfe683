"""Verification records: what was measured about an artifact. They go from the child that measures to the manifest as they are.

``code`` says in one word why a verdict is no ``pass``, for programs; ``reason`` says it for people. What is marked
``Since(2)`` does not exist in ``fer-edge-manifest/1``: its reader leaves it None, its writer leaves it out.

Two questions, two records: :class:`Faithful` (is the file what its quantization of this network says it is?) and
:class:`Parity` (does that quantization keep the answers?). ``Parity.verdict`` is the worse of both.

What is marked ``Since(REPORTED)`` is in the results of tasks and in what commands print, and in no manifest's record: the
manifest keeps it under ``extra``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from fer_edge.runtime.schema import Choice, Length, Range, Sha256, Since, refuse

REPORTED = 3
"""Version of the records between processes and in reports; no manifest has it."""
VERDICTS = ("pass", "fail", "not-run")

Verdict = Annotated[str, Choice(*VERDICTS)]
Share = Annotated[float, Range(0, 1)]
Count = Annotated[int, Range(0, 1 << 40)]
LONGEST_SENTENCE = 4000
"""Characters."""
Sentence = Annotated[str, Length(1, LONGEST_SENTENCE)]


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
    CONSTANT = "constant"
    """The artifact answers the same to black, white and noise, where the original does not."""
    SATURATED = "saturated"
    """The artifact is certain about black, white and noise, where the original is not."""
    DISAGREES = "disagrees"
    """Labels differ where the original is sure, more often than allowed and than chance explains."""
    UNDECIDED = "undecided"
    """Too few pictures: the interval holds the limit."""
    INSENSITIVE = "insensitive"
    """The original itself does not react to its input, so nothing can be judged by it."""
    OVERFLOW = "overflow"
    """Activations are beyond float16, whatever this machine's arithmetic made of them."""
    NO_ENGINE = "no-engine"
    """No engine for the format is installed, or an evaluator lacks an operator of the file."""
    UNFAITHFUL = "unfaithful"
    """A weight, a range, an operator or a layer of the file is not what its quantization of the original makes of it."""
    UNJUDGED = "unjudged"
    """Nobody asked, or nothing here can answer."""
    OPERATOR = "operator"
    """The file has another operator than the float network, or one operator more or less."""
    OPTION = "option"
    """An operator's stride, padding, activation or the like is another one."""
    WEIGHT = "weight"
    """A weight or table is further from the source's than storing it explains, or its scale is wider than it needs."""
    BIAS = "bias"
    """A bias is not the source's in steps of input scale x weight scale."""
    RANGE = "range"
    """The scale or zero point of an activation does not go with what the float network shows there."""
    SATURATION = "saturation"
    """A number is cut off at the end of its integers."""
    LAYER = "layer"
    """A layer answers otherwise than the float network does with the same inputs and weights, by more than its rounding."""
    UNALIGNED = "unaligned"
    """Something in the file has no counterpart in the float network."""
    BRIDGE = "bridge"
    """There is no float file of the same conversion to compare with, or it is itself not like the original."""


@dataclass(frozen=True, slots=True)
class ParityLimit:
    """The differences that parity allows."""

    max_abs: Annotated[float, "largest absolute difference of a probability"]
    top1_agreement: Annotated[Share, "smallest share of inputs with the same first label"]


@dataclass(frozen=True, slots=True)
class ExtremeAnswers:
    """Answers to black, white, single pixels and noise, which no camera gives."""

    inputs: Annotated[Count, "how many"]
    max_abs: Annotated[float, "largest absolute difference of a probability"]
    agreed: Annotated[Count, "those with the same first label"]


@dataclass(frozen=True, slots=True)
class ParityFigures:
    """What was counted beside the members that a manifest has."""

    agreed: Annotated[Count, "inputs with the same first label, all pictures counted"]
    margin: Annotated[float, "what the original's two best probabilities must differ by for top1_agreement"]
    sure: Annotated[Count, "inputs with that margin"]
    extremes: Annotated[ExtremeAnswers | None, "where they were reported apart"] = None


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
    inputs_source: Annotated[Sentence | None, Since(2), "which pictures were compared"] = None
    p99_abs: Annotated[
        float | None, Since(2), "of the inputs' largest differences, the one that 99 % do not exceed"
    ] = None
    agreement_interval: Annotated[
        tuple[Share, Share] | None, Since(2), "95 % interval of top1_agreement, low and high"
    ] = None
    figures: Annotated[ParityFigures | None, Since(REPORTED), "counts"] = None

    @property
    def good(self) -> str:
        """The verdict about the answers alone, without what :func:`take_worse` made of it."""
        if self.code is not Code.UNFAITHFUL:
            return self.verdict
        return "not-run" if self.max_abs is None else "pass"

    def check(self) -> None:
        """not-run needs a reason; pass needs engine, inputs, max_abs and limit."""
        if self.verdict == "not-run" and self.reason is None:
            refuse("reason", None, "a reason where the verdict is not-run")
        if self.verdict == "pass" and None in (self.engine, self.inputs, self.max_abs, self.limit):
            refuse("verdict", "pass", "pass only with engine, inputs, max_abs and limit")


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of one kind that are stored in a file, each against what it must be."""

    verdict: Verdict
    compared: Annotated[Count, "how many"]
    wrong: Annotated[Count, "how many of them are not what they must be"] = 0
    worst: Annotated[float | None, "largest distance from what it must be, in quantization steps"] = None


@dataclass(frozen=True, slots=True)
class WeakestLayer:
    """The layer whose answers are furthest from the original's."""

    module: Annotated[Sentence, "of PyTorch, or the file's own name where there is none"]
    snr_db: Annotated[float, "signal-to-noise ratio in decibels"]


@dataclass(frozen=True, slots=True)
class LayerAnswers:
    """Answers of a file's layers, against those of the original's."""

    aligned: Annotated[Count, "layers that were compared"]
    unaligned: Annotated[Count, "layers of the file without one to compare with"]
    weakest: Annotated[WeakestLayer | None, "where any was compared"] = None


@dataclass(frozen=True, slots=True)
class Faithful:
    """Whether a file is what its quantization of the original says it is, number by number."""

    verdict: Verdict
    code: Annotated[Code | None, "why it is no pass, as a word for programs"] = None
    reason: Annotated[Sentence | None, "why it failed or was not run"] = None
    weights: Annotated[Tally | None, "weights, biases, tables and their scales"] = None
    ranges: Annotated[Tally | None, "scales and zero points of activations"] = None
    layers: Annotated[LayerAnswers | None, "where they were compared"] = None

    def check(self) -> None:
        """What is no pass needs a reason."""
        if self.verdict != "pass" and self.reason is None:
            refuse("reason", None, "a reason where the verdict is no pass")


def take_worse(parity: Parity, faithful: Faithful | None) -> Parity:
    """The parity that is stored: a file that is not faithful fails, however good its answers are.

    One whose numbers were not compared keeps its own verdict; its record says so.
    """
    if faithful is None or faithful.verdict != "fail":
        return parity
    said = "; ".join(filter(None, (f"not faithful: {faithful.reason}", parity.reason)))
    code = parity.code if parity.verdict == "fail" else Code.UNFAITHFUL
    return replace(parity, verdict="fail", reason=said[:LONGEST_SENTENCE], code=code)


UNJUDGED = Faithful("not-run", Code.UNJUDGED, "nothing here compares the numbers of such a file")
"""Of a file whose numbers were not compared."""


@dataclass(frozen=True, slots=True)
class WeightAudit:
    """Every weight read back from a package and compared with the source's."""

    verdict: Verdict
    tensors: Annotated[Count, "how many were compared"]
    max_abs: Annotated[float | None, "largest absolute difference"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of the original and of the artifact, on the same pictures."""

    reference: float
    artifact: float
    worse_interval: Annotated[
        tuple[float, float], "95 % interval of by how much the artifact is worse, low and high"
    ]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Pictures of one label, and how many of them each got right."""

    samples: Count
    reference: Count
    artifact: Count


@dataclass(frozen=True, slots=True)
class AccuracyFigures:
    """What was measured beside the members that a manifest has."""

    reason: Annotated[Sentence | None, "why it is no pass"]
    code: Annotated[Code | None, "the same for programs"]
    needed: Annotated[Count | None, "pictures that would decide, where it is undecided"]
    only_reference: Annotated[Count, "pictures that only the original got right"]
    only_artifact: Annotated[Count, "pictures that only the artifact got right"]
    mcnemar_p: Annotated[Share, "exact two-sided p-value"]
    macro_f1: Comparison
    calibration_error: Annotated[Comparison, "expected, 15 bins of equal width"]
    classes: Annotated[Mapping[str, ClassFigures], "by label, those with pictures"]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Original and artifact on labeled images."""

    source: Annotated[Sentence, "which images"]
    samples: Annotated[Count, "how many"]
    reference: Annotated[Share, "the original's share of right answers"]
    artifact: Annotated[Share, "the artifact's share of right answers"]
    drop_interval: Annotated[tuple[float, float] | None, "interval of reference minus artifact, low and high"]
    verdict: Annotated[Verdict, "not-run where the pictures are too few to decide"]
    figures: Annotated[AccuracyFigures | None, Since(REPORTED), "further ones"] = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The images that activation ranges were measured on."""

    source: Annotated[Sentence, "which images"]
    sha256: Annotated[Sha256, "over them"]
    images: Annotated[Count, "how many"]
    classes: Annotated[Mapping[str, Count], "how many of each label"]
