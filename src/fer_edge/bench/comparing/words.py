"""A ratio in words, and as JSON has it."""

from __future__ import annotations

import math
from typing import Any

from fer_edge.stats.ratio import Ratio


def by_how_much(ratio: Ratio) -> str:
    """``slower by 3.1 % (95 %: 2.7 to 3.4 %)``, or that it is not distinguishable and how small it must be."""
    interval = f"95 %: {_signed(ratio.low)} to {_signed(ratio.high)}"
    if ratio.verdict == "not distinguishable":
        return f"not distinguishable ({_signed(ratio.value)}; {interval})"
    return f"{ratio.verdict} by {abs(ratio.value - 1):.2%} ({interval})"


def members(ratio: Ratio) -> dict[str, Any]:
    """For JSON: both ends null where nothing is known of them."""
    known = ratio.low > 0 and math.isfinite(ratio.high)
    return {
        "value": ratio.value,
        "low": ratio.low if known else None,
        "high": ratio.high if known else None,
        "clusters": ratio.clusters,
    }


def _signed(value: float) -> str:
    return "any" if not math.isfinite(value) or value <= 0 else f"{100 * (value - 1):+.2f} %"
