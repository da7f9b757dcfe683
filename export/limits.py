"""How far an artifact's answers may be from PyTorch's, per precision.

Differences are of probabilities (0..1), so they mean the same whatever the network and its logits. The tolerance
``max_abs`` is also the margin: top-1 agreement is counted on inputs whose two best PyTorch probabilities
differ by more than it, because below it either answer is within the tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """What one precision must keep.

    Attributes:
        max_abs: largest difference of any probability on any input.
        top1_agreement: least share of inputs (with a margin over ``max_abs``) with the same first label.
        accuracy_drop: drop of accuracy (0..1) that is allowed; more, proven by the interval, fails.
        reason: why these numbers.
    """

    max_abs: float
    top1_agreement: float
    accuracy_drop: float
    reason: str

    @property
    def least_spread(self) -> float:
        """Least spread of the original for which passing means anything (``parity.spread``): ten tolerances.

        Never more than a half, since no probability can move by more than one.
        """
        return min(10 * self.max_abs, 0.5)


LIMITS: dict[str, Limit] = {
    "fp32": Limit(
        1e-4, 1.0, 0.002,
        "the same arithmetic in another order: seen 1e-7 to 1e-5; 1e-4 leaves room for fused kernels",
    ),
    "fp16": Limit(
        3e-2, 0.995, 0.005,
        "weights rounded to 11 bits, relative 5e-4 each: seen 7e-3 to 1.2e-2 at worst, 5e-4 on average",
    ),
    "w8": Limit(
        2e-1, 0.98, 0.01,
        "weights rounded to 8 bits a channel, arithmetic in float: seen 0.09 to 0.17 at worst, 0.01 on average",
    ),
    "dynamic": Limit(
        2.5e-1, 0.97, 0.01,
        "as w8, and activations rounded to 8 bits by each run's range: seen 0.07 to 0.18 at worst, 0.015 on average",
    ),
    "int8": Limit(
        4e-1, 0.97, 0.015,
        "all at 8 bits with calibrated ranges: seen 0.22 to 0.4 on single inputs near a border, 0.01 to 0.03 on average; "
        "a wrong scale, layout or normalization moves probabilities by 0.9 and more",
    ),
}  # fmt: skip


def limit_of(precision: str) -> Limit:
    """The limits of a precision (a word that the variant grammar has checked)."""
    return LIMITS[precision]
