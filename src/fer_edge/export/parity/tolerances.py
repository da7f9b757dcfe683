"""Tolerances: how far an artifact's answers may be from PyTorch's, per precision, and per format where its arithmetic differs.

Differences are of probabilities (0..1), so they mean the same whatever the network and its logits. The tolerance
``max_abs`` is also the margin: top-1 agreement is counted on inputs whose two best PyTorch probabilities
differ by more than it, because below it either answer is within the tolerance.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from fer_edge.runtime.verification import ParityLimit

if TYPE_CHECKING:
    from fer_edge.runtime.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The tolerance of one precision.

    Attributes:
        max_abs: largest difference of any probability that ``quantile`` of the inputs may have.
        top1_agreement: least share of inputs (with a margin over ``max_abs``) with the same first label; refused where the
            whole 95 % interval of the share lies below.
        accuracy_drop: drop of accuracy (0..1) that is allowed; more, proven by the interval, fails.
        reason: why these numbers.
        next_step: what to try after a check refused a file.
        worth: why to ship such a file, for those that ``FormatEntry`` names for shipping.
        quantile: share of the inputs that must be within ``max_abs``. 1: every one, black, white and noise as well. Less:
            one odd picture decides nothing, and extremes are judged for NaN, constancy and saturation only. The coarser the
            arithmetic, the more faces near a boundary of a network that is always sure go over it.
    """

    max_abs: float
    top1_agreement: float
    accuracy_drop: float
    reason: str
    next_step: str = ""
    worth: str = ""
    quantile: float = 1.0

    @property
    def limit(self) -> ParityLimit:
        """The record of it."""
        return ParityLimit(self.max_abs, self.top1_agreement)

    @property
    def least_spread(self) -> float:
        """Least spread of the original for which passing means anything (``compare.spread``): ten tolerances.

        Never more than a tenth: what moves by more than that does react, and is judged by what ``at`` says.
        """
        return min(10 * self.max_abs, 0.1)

    def at(self, spread: float) -> Tolerance:
        """The limit for an original whose answers move by ``spread`` (0..1): the same share of that as usual, never more.

        Ten tolerances, or a half, since no probability can move by more than one, are the spread that the usual limit is
        made for; a difference that is small beside it would be most of what a calmer network ever says.
        """
        usual = min(10 * self.max_abs, 0.5)
        return (
            self if spread >= usual else replace(self, max_abs=float(f"{self.max_abs * spread / usual:.3g}"))
        )


_QUANTIZED = "take fp16 or --precision auto, or set --max-abs, --min-agreement or --max-accuracy-drop if you can live with it (--keep-failed keeps the file)"
TOLERANCES: dict[str, Tolerance] = {
    "fp32": Tolerance(
        1e-4, 1.0, 0.002,
        "the same arithmetic in another order: seen 1e-6 (fer-mini) to 1e-5; 1e-4 leaves room for fused kernels",
        "take another format, and look at the file with --keep-failed and fer-verify; fp32 should differ by rounding only",
        "the original's arithmetic",
    ),
    "fp16": Tolerance(
        2e-2, 0.995, 0.005,
        "weights rounded to 11 bits, relative 5e-4 each: 99 % of faces within 1e-3 (fer-mini) to 0.012 (PyEmotion, which is nearly "
        "always sure), every label kept",
        "take fp32; float16 ends at 65,504, and some values of this network may lie beyond it",
        "weights rounded to half the size of fp32, nothing else",
        0.99,
    ),
    "w8": Tolerance(
        0.12, 0.985, 0.01,
        "weights rounded to 8 bits a channel, arithmetic in float: 99 % of faces within 0.05 (fer-mini, mini-XCEPTION); of a network "
        "that is nearly always sure (PyEmotion) 3.6 % are beyond 0.12 and 0.8 % of labels change",
        _QUANTIZED,
        "weights rounded to 8 bits, arithmetic in float",
        0.95,
    ),
    "dynamic": Tolerance(
        0.15, 0.985, 0.01,
        "as w8, and activations rounded to 8 bits by each run's range: 99 % of faces within 0.05; PyEmotion 2 % beyond 0.15",
        _QUANTIZED,
        "weights rounded to 8 bits, activations at run time",
        0.95,
    ),
    "int8": Tolerance(
        0.25, 0.97, 0.015,
        "all at 8 bits with calibrated ranges: 99 % of faces within 0.08 (fer-mini) and 0.22 (mini-XCEPTION); PyEmotion, nearly always "
        "sure, 7 % beyond 0.25 and 2.5 to 4 % of labels changed; a wrong scale, layout or normalization moves nearly every face by 0.9",
        f"calibrate on more or other faces, like those of the app (--calibration DIR), train with fer-train --qat, {_QUANTIZED}",
        "integer arithmetic; its accuracy on labelled pictures was measured and passed",
        0.9,
    ),
    "auto": Tolerance(
        0.25, 0.985, 0.015,
        "as int8, of which it is made: layers that cost accuracy stay in float until the answers on held-out pictures are near "
        "the original's, and the others are rounded as in int8",
        f"lower --max-drop, calibrate on faces like those of the app (--calibration DIR), {_QUANTIZED}",
        "integer arithmetic but for the layers that cost accuracy",
        0.95,
    ),
}  # fmt: skip
BY_FORMAT: dict[tuple[str, str], Tolerance] = {
    ("coreml", "fp16"): replace(
        TOLERANCES["fp16"], max_abs=5e-2,
        reason="Core ML rounds to 11 bits after each operator, so rounding grows with depth: seen 0.034 (ResNet152) and 0.031 "
        "(MobileNetV2), random weights, with every label kept",
    ),
}  # fmt: skip
"""Where a format computes a precision in another way than the others."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """Tolerances of the user's own, for every precision; None: what ``TOLERANCES`` says.

    Attributes:
        max_abs: ``--max-abs``, above 0 to 1.
        min_agreement: ``--min-agreement``, 0 to 1.
        max_accuracy_drop: ``--max-accuracy-drop``, 0 to 1.
    """

    max_abs: float | None = None
    min_agreement: float | None = None
    max_accuracy_drop: float | None = None

    @classmethod
    def recorded(cls, manifest: Manifest) -> Tolerances:
        """Those that a bundle was judged by; what is no number from 0 to 1 there is taken for absent."""
        stored = manifest.extra.get("limits")
        found = stored if isinstance(stored, dict) else {}
        return cls(**{name: _share(found.get(name)) for name in cls.__slots__})

    def list_chosen(self) -> dict[str, float]:
        """Those that were set, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def of(self, form: str, precision: str) -> Tolerance:
        """The limits of a format's precision (words that the variant grammar has checked)."""
        return self._chosen(BY_FORMAT.get((form, precision), TOLERANCES[precision]))

    def of_other_pictures(self, form: str, precision: str) -> Tolerance:
        """The same for pictures that nobody chose them on: never stricter than usual, since what was measured elsewhere decided them."""
        chosen, usual = self.of(form, precision), Tolerances().of(form, precision)
        return replace(
            chosen,
            max_abs=max(chosen.max_abs, usual.max_abs),
            top1_agreement=min(chosen.top1_agreement, usual.top1_agreement),
        )

    def of_precision(self, precision: str) -> Tolerance:
        """The limits of a precision in most formats."""
        return self._chosen(TOLERANCES[precision])

    def _chosen(self, usual: Tolerance) -> Tolerance:
        return replace(
            usual,
            max_abs=usual.max_abs if self.max_abs is None else self.max_abs,
            top1_agreement=usual.top1_agreement if self.min_agreement is None else self.min_agreement,
            accuracy_drop=usual.accuracy_drop if self.max_accuracy_drop is None else self.max_accuracy_drop,
        )


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
