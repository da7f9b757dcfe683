"""Tolerances: how far an artifact's answers may be from PyTorch's, per precision.

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
        max_abs: largest difference of any probability on any input.
        top1_agreement: least share of inputs (with a margin over ``max_abs``) with the same first label.
        accuracy_drop: drop of accuracy (0..1) that is allowed; more, proven by the interval, fails.
        reason: why these numbers.
        next_step: what to try after a check refused a file.
        worth: why to ship such a file, for those that ``FormatEntry`` names for shipping.
    """

    max_abs: float
    top1_agreement: float
    accuracy_drop: float
    reason: str
    next_step: str = ""
    worth: str = ""

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


_QUANTIZED = "take fp16, or set --max-abs, --min-agreement or --max-accuracy-drop if you can live with it (--keep-failed keeps the file)"
TOLERANCES: dict[str, Tolerance] = {
    "fp32": Tolerance(
        1e-4, 1.0, 0.002,
        "the same arithmetic in another order: seen 1e-6 (fer-mini) to 1e-5; 1e-4 leaves room for fused kernels",
        "take another format, and look at the file with --keep-failed and fer-verify; fp32 should differ by rounding only",
        "the original's arithmetic",
    ),
    "fp16": Tolerance(
        1e-2, 0.995, 0.005,
        "weights rounded to 11 bits, relative 5e-4 each: seen 1e-3 (fer-mini) to 8e-3 (a briefly trained ShuffleNet)",
        "take fp32; float16 ends at 65,504, and some values of this network may lie beyond it",
        "weights rounded to half the size of fp32, nothing else",
    ),
    "w8": Tolerance(
        0.12, 0.99, 0.01,
        "weights rounded to 8 bits a channel, arithmetic in float: seen 0.05 (fer-mini) to 0.09 at worst, 0.01 on average",
        _QUANTIZED,
        "weights rounded to 8 bits, arithmetic in float",
    ),
    "dynamic": Tolerance(
        0.15, 0.99, 0.01,
        "as w8, and activations rounded to 8 bits by each run's range: seen 0.04 (fer-mini) to 0.11 at worst",
        _QUANTIZED,
        "weights rounded to 8 bits, activations at run time",
    ),
    "int8": Tolerance(
        0.25, 0.99, 0.015,
        "all at 8 bits with calibrated ranges: seen 0.05 to 0.08 on single inputs (fer-mini), under 0.01 on average; networks "
        "that were trained briefly reach 0.4 and are refused; a wrong scale, layout or normalization gives 0.9 and more",
        f"calibrate on faces like those of the app (--calibration DIR), train with fer-train --qat, {_QUANTIZED}",
        "integer arithmetic; its accuracy on labelled pictures was measured and passed",
    ),
    "auto": Tolerance(
        0.25, 0.99, 0.015,
        "as int8, of which it is made: layers that cost accuracy stay in float until the answers on held-out pictures are near "
        "the original's, and the others are rounded as in int8",
        f"lower --max-drop, calibrate on faces like those of the app (--calibration DIR), {_QUANTIZED}",
        "integer arithmetic but for the layers that cost accuracy",
    ),
}  # fmt: skip


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
    def of(cls, manifest: Manifest) -> Tolerances:
        """Those that a bundle was judged by; what is no number from 0 to 1 there is taken for absent."""
        stored = manifest.extra.get("limits")
        found = stored if isinstance(stored, dict) else {}
        return cls(**{name: _share(found.get(name)) for name in cls.__slots__})

    def list_chosen(self) -> dict[str, float]:
        """Those that were set, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def of_precision(self, precision: str) -> Tolerance:
        """The limits of a precision (a word that the variant grammar has checked)."""
        usual = TOLERANCES[precision]
        return replace(
            usual,
            max_abs=usual.max_abs if self.max_abs is None else self.max_abs,
            top1_agreement=usual.top1_agreement if self.min_agreement is None else self.min_agreement,
            accuracy_drop=usual.accuracy_drop if self.max_accuracy_drop is None else self.max_accuracy_drop,
        )


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
