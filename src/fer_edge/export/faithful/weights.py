"""Every constant of a file read back, dequantized and held against the source's, element by element.

| stored as             | held to                                                                                       |
|-----------------------|-----------------------------------------------------------------------------------------------|
| float32, whole numbers | the source's numbers themselves                                                              |
| float16               | the nearest float16 of each, ties to even; the smallest one may stand for what would become 0 |
| int8, uint8           | half a step, with a float16 scale 0.2 more; no scale more than 5 % wider than its channel needs |
| int32 with a scale    | a bias: round(b / scale) within one, scale = input scale x weight scale, not at the end of int32 |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.align import Alignment, ConstantPair
from fer_edge.export.faithful.findings import Finding
from fer_edge.export.faithful.view import INTEGERS, Constant
from fer_edge.runtime.verification import Code

HALF = 0.501
"""Half a step, and what rounding in float32 adds to it."""
EXACT = 1e-6
"""Relative; of constants that were not to be changed."""
WIDER = 1.05
"""A scale beyond this factor of what its channel needs loses bits."""
SCALES = 1e-5
"""Relative; of a bias's scale and the product that it should be: three roundings of float32."""
LEAST_SCALE = 1e-9 / 127
"""Below which quantizers take no smaller one."""
FLOOR = 2.0**-28
"""Weight scales are raised until a bias fits into 30 bits; beyond a quarter of that there is no reason to."""
BIAS = "int32"
SMALLEST_HALF = np.float16(2.0**-24)
"""Core ML's converter keeps this, with its sign, of what float16 would round to 0."""


@dataclass
class WeightReport:
    """What came of it.

    Attributes:
        tensors: constants that were compared.
        worst: largest difference in steps of its grid; 0 where nothing was rounded.
        findings: what is beyond its bound.
    """

    tensors: int = 0
    worst: float = 0.0
    findings: list[Finding] = field(default_factory=list)


def least_scale(operator: str) -> float:
    """Of quantizers that treat all constants alike, as most do; see ``Prover``."""
    del operator
    return LEAST_SCALE


def compare_weights(found: Alignment, least: Callable[[str], float] = least_scale) -> WeightReport:
    """Compare the constants of two networks that were laid beside each other.

    Args:
        found: what belongs together.
        least: scale that the format's quantizer gives a constant, by the operator that reads it.
    """
    report = WeightReport()
    weights = {
        id(pair.step): pair for pair in found.constants if pair.held.grid and pair.held.stored.dtype != BIAS
    }
    biases = {
        id(pair.step): pair for pair in found.constants if pair.held.stored.dtype == BIAS and pair.held.grid
    }
    for pair in found.constants:
        report.tensors += 1
        if pair.source.stored.size != pair.held.stored.size or (
            pair.source.stored.shape != pair.held.stored.shape
        ):
            shapes = list(pair.held.stored.shape), list(pair.source.stored.shape)
            report.findings.append(_finding(Code.WEIGHT, pair, f"has the shape {shapes[0]}, not {shapes[1]}"))
        elif pair.held.grid is None:
            report.findings += _plain(pair)
        elif pair.held.stored.dtype == BIAS:
            report.findings += _bias(pair, weights.get(id(pair.step)), report)
        else:
            report.findings += _rounded(pair, biases.get(id(pair.step)), report, least(pair.step.operator))
    return report


def _finding(code: Code, pair: ConstantPair, sentence: str) -> Finding:
    return Finding(code, pair.name, f"input {pair.place} of {pair.step.operator} {sentence}")


def _plain(pair: ConstantPair) -> list[Finding]:
    """Numbers that are meant as they are stored."""
    source, held = pair.source.stored, pair.held.stored
    if held.dtype == np.float16 and source.dtype != np.float16:
        with np.errstate(over="ignore"):
            nearest = source.astype(np.float16)
        smallest = (nearest == 0) & (held == np.copysign(SMALLEST_HALF, source)) & (source != 0)
        wrong = ~((nearest == held) | smallest | (np.isnan(nearest) & np.isnan(held)))
        return _first(pair, wrong, nearest.astype(np.float64), "the nearest float16 is")
    mine, theirs = pair.source.values, pair.held.values
    with np.errstate(invalid="ignore"):
        same = (mine == theirs) | (np.abs(mine - theirs) <= EXACT * np.abs(mine))
    return _first(pair, ~(same | (np.isnan(mine) & np.isnan(theirs))), mine, "the source has")


def _first(
    pair: ConstantPair,
    wrong: NDArray[np.bool_],
    wanted: NDArray[np.float64],
    words: str,
    code: Code = Code.WEIGHT,
) -> list[Finding]:
    """A finding about the first number that is wrong, and how many are."""
    count = int(np.count_nonzero(wrong))
    if not count:
        return []
    place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    held = pair.held.values[place]
    index = [int(axis) for axis in place]
    sentence = f"holds {held:.6g} at {index}, {words} {wanted[place]:.6g} ({count} of {wrong.size} values)"
    return [_finding(code, pair, sentence)]


def _rounded(
    pair: ConstantPair, bias: ConstantPair | None, report: WeightReport, least: float
) -> list[Finding]:
    source, held, step = pair.source.values, pair.held.values, pair.held.step
    away = np.abs(held - source) / step
    report.worst = max(report.worst, float(away.max(initial=0.0)))
    assert pair.held.grid is not None
    rounding = pair.held.grid.quantization.rounding
    # A scale near 0 is off by half of float16's smallest number.
    moved = rounding * np.abs(held) + (rounding > 0) * np.abs(held / step) * float(SMALLEST_HALF) / 2
    wrong = ~(away <= HALF + moved / step)
    if wrong.any():
        code = Code.SATURATION if _is_cut(pair, wrong, source) else Code.WEIGHT
        return _first(
            pair, wrong, source, "half a step beside it is all that rounding explains; the source has", code
        )
    wide = _too_wide(pair, source, bias, least)
    return [_finding(Code.WEIGHT, pair, wide)] if wide else []


def _is_cut(pair: ConstantPair, wrong: NDArray[np.bool_], source: NDArray[np.float64]) -> bool:
    """Whether every number that is wrong lies at the end of its integers, and should lie beyond it."""
    assert pair.held.grid is not None
    low, high = INTEGERS[pair.held.grid.dtype]
    stored, held = pair.held.stored[wrong], pair.held.values[wrong]
    top, bottom = stored >= high, stored <= low + 1
    return bool((top & (source[wrong] > held) | bottom & (source[wrong] < held)).all())


def _too_wide(
    pair: ConstantPair, source: NDArray[np.float64], bias: ConstantPair | None, least: float
) -> str:
    """The sentence about a scale that is wider than its channel; empty where none is."""
    assert pair.held.grid is not None
    grid = pair.held.grid
    scale = grid.quantization.scale.astype(np.float64)
    needed = _needed(pair.held, source)
    excused = (needed <= LEAST_SCALE) | (scale <= WIDER * np.maximum(needed, least))
    excused |= _is_floor(pair, bias, scale)
    if excused.all():
        return ""
    channel = int(np.argmin(excused))
    return f"has the scale {scale[channel]:.4g} for channel {channel}; its weights need {needed[channel]:.4g}, so that bits are lost"


def _needed(held: Constant, source: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest scale of each channel: of a symmetric grid by magnitude, of another by the span with 0 in it."""
    assert held.grid is not None
    quantization = held.grid.quantization
    count = quantization.scale.size
    rows = (
        np.moveaxis(source, quantization.axis, 0).reshape(count, -1) if count > 1 else source.reshape(1, -1)
    )
    low, high = INTEGERS[held.grid.dtype]
    if (quantization.zero_point == 0).all() and low < 0:
        found: NDArray[np.float64] = np.abs(rows).max(axis=1) / high
        return found
    spans: NDArray[np.float64] = np.maximum(rows.max(axis=1), 0) - np.minimum(rows.min(axis=1), 0)
    return spans / (high - low)


def _is_floor(pair: ConstantPair, bias: ConstantPair | None, scale: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Channels whose scale was raised so that the bias fits into int32, or the factor of the sums into its bits."""
    grid = pair.step.inputs[0].grid if pair.step.inputs else None
    if grid is None:
        return np.zeros(scale.shape, bool)
    largest = np.zeros(scale.shape) if bias is None else np.abs(bias.source.values).reshape(-1)
    if largest.size not in (1, scale.size):
        largest = np.full(scale.shape, largest.max(initial=0.0))
    return np.asarray(grid.scale * scale <= FLOOR * np.maximum(largest, grid.scale))


def _bias(pair: ConstantPair, weight: ConstantPair | None, report: WeightReport) -> list[Finding]:
    source, held, step = pair.source.values, pair.held.stored.astype(np.float64), pair.held.step
    assert pair.held.grid is not None
    away = np.abs(held - source / step)
    # Beyond 2^24 steps a float32 quotient is itself off by more than one.
    allowed = 1 + np.abs(held) * 2.0**-22
    report.worst = max(report.worst, float(np.minimum(away, away / allowed).max(initial=0.0)))
    low, high = INTEGERS[BIAS]
    cut = (pair.held.stored <= low + 1) | (pair.held.stored >= high)
    findings = _first(pair, cut, source, "which is the end of int32; the source has", Code.SATURATION)
    findings += _first(pair, ~cut & ~(away <= allowed), source, "the source has", Code.BIAS)
    if (pair.held.grid.quantization.zero_point != 0).any():
        findings.append(_finding(Code.BIAS, pair, "has a zero point that is not 0"))
    grid = pair.step.inputs[0].grid if pair.step.inputs else None
    if weight is not None and weight.held.grid is not None and grid is not None:
        product = grid.scale * weight.held.grid.quantization.scale.astype(np.float64)
        own = pair.held.grid.quantization.scale.astype(np.float64)
        if own.size not in (1, product.size) and product.size != 1:
            findings.append(_finding(Code.BIAS, pair, f"has {own.size} scales, its weights {product.size}"))
        elif not np.allclose(own, product, rtol=SCALES, atol=0):
            worst = int(np.argmax(np.abs(own - product) / product)) if own.size == product.size else 0
            sentence = f"has the scale {own[worst]:.6g}; input scale x weight scale is {product[worst]:.6g}"
            findings.append(_finding(Code.BIAS, pair, sentence))
    return findings
