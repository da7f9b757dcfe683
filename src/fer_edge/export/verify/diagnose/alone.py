"""A tensor without its frame: which arithmetic gives such values, and in which order they lie."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.mistakes.catalog import applicable
from fer_edge.export.mistakes.values import SCALINGS, Numbers
from fer_edge.export.verify.diagnose.candidates import Bounds, Candidate, rank
from fer_edge.export.verify.diagnose.inputs import rarity
from fer_edge.runtime.contract import Contract

ODDITY = Bounds(floor=0.05, explained=8.0)
"""Of values that are no face's: gray levels outside 0 to 255, away from whole numbers, of too little contrast or too rough."""
FLAT = 12.0
"""Gray levels of standard deviation that the picture of a face has at least."""
RAGGED, ROUGH = 20.0, 40.0
"""Weights of gray levels that are no whole numbers, and of neighbors that differ more than in pictures."""
SMOOTH = 0.35
"""Difference of neighbors, in standard deviations, that pictures have at most."""
PALE = 110.0
"""Gray level that the darkest twentieth of a face does not exceed."""
COLD = 4.0
"""Gray levels by which blue may exceed red in a face."""
UNSEEN = "without a frame, colors of the camera, rotation, mirror, box and scaler cannot be judged"


def rank_alone(observed: NDArray[Any], contract: Contract) -> list[Candidate]:
    """Explanations of a tensor by itself, best first; distances are oddities.

    Args:
        observed: in the contract's shape and dtype.
        contract: of the artifact.
    """
    with np.errstate(all="ignore"):  # exchanged bytes are any numbers
        if np.ptp(observed.astype(np.float64)) == 0:
            return [Candidate(("never-written",), 0.0, 0.0), Candidate((), 255.0, 255.0)]
        found = [one for one in _candidates(observed, contract) if len(one.mistakes) <= 2]
    return rank(found, ODDITY, rarity)


def _candidates(observed: NDArray[Any], contract: Contract) -> Iterator[Candidate]:
    names = {one.name for one in applicable(contract, None, boxed=True)}
    floats = observed.dtype == np.float32
    memories = ("right", "big-endian") if floats else ("right",)
    layouts = ("right", "layout") if "layout" in names else ("right",)
    levels = ("right", "signed-bytes") if floats else ("right",)
    scalings = [name for name in SCALINGS if name == "right" or name in names] if floats else ["right"]
    halves = ("right", "half-written")
    for memory, layout, half in product(memories, layouts, halves):
        told = observed.byteswap() if memory == "big-endian" else observed
        values = (
            _as_picture(told, layout, contract) if half == "right" else _first_half(told, layout, contract)
        )
        if values is None:
            continue
        for scaling, level in product(scalings, levels):
            for order, oddity in _odd(values, scaling, level, contract):
                steps = (order, level, scaling, layout, half if half != "right" else memory)
                yield Candidate(tuple(step for step in steps if step != "right"), oddity, oddity)


def _as_picture(observed: NDArray[Any], layout: str, contract: Contract) -> NDArray[np.float64]:
    """(h, w, c) of the tensor read in a layout."""
    size = contract.input
    planar = (size.layout == "NCHW") != (layout == "layout")
    flat = observed.astype(np.float64)
    if planar:
        return flat.reshape(size.channels, size.height, size.width).transpose(1, 2, 0)
    return flat.reshape(size.height, size.width, size.channels)


def _first_half(observed: NDArray[Any], layout: str, contract: Contract) -> NDArray[np.float64] | None:
    """The upper half of a picture whose lower one was never written; None where it was, or cannot be told."""
    flat = observed.reshape(-1)
    if (
        contract.input.channels != 1
        or np.ptp(flat[flat.size // 2 :].astype(np.float64)) != 0
        or layout != "right"
    ):
        return None
    found: NDArray[np.float64] = _as_picture(observed, layout, contract)[: contract.input.height // 2]
    return found


def _odd(
    values: NDArray[np.float64], scaling: str, level: str, contract: Contract
) -> Iterator[tuple[str, float]]:
    """How odd the gray levels are that such a scaling must have come from, by order of the channels."""
    if contract.input.dtype != "float32":
        found = _of_integers(values, contract)
    elif scaling == "standardized":
        # Any picture has mean 0 and deviation 1 then; no other arithmetic ends exactly there.
        odd = abs(values.mean()) + abs(values.std() - 1)
        if odd < 1e-3:
            yield "right", float(odd)
        return
    else:
        zero, one = _ends(scaling, contract)
        with np.errstate(all="ignore"):
            found = (values - zero) / (one - zero)
    if level == "signed-bytes":
        if not (found < -0.5).any():
            return
        found = np.where(found < -0.5, found + 256, found)
    oddity = _oddity(found)
    yield "right", oddity + _cold(found)
    if contract.input.channels == 3:
        yield "bgr", oddity + _cold(found[:, :, ::-1])


def _of_integers(values: NDArray[np.float64], contract: Contract) -> NDArray[np.float64]:
    parameters, numbers = contract.quantization.input, Numbers.of(contract)
    if parameters is None:
        return values
    real = (values - parameters.zero_point) * parameters.scale
    return np.rint(real if numbers.is_none else (real * numbers.std + numbers.mean) * 255)


def _ends(scaling: str, contract: Contract) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What 0 and 1 become, by channel: all these scalings are straight lines."""
    numbers, count = Numbers.of(contract), contract.input.channels
    ends = (SCALINGS[scaling](np.full((1, 1, count), value, np.float32), numbers) for value in (0, 255))
    zero, white = (np.asarray(end, np.float64)[0, 0] for end in ends)
    return zero, zero + (white - zero) / 255


def _oddity(levels: NDArray[np.float64]) -> float:
    if not np.isfinite(levels).all():
        return 255.0
    beyond = np.minimum(np.maximum(-levels - 0.5, 0) + np.maximum(levels - 255.5, 0), 255).mean()
    ragged = RAGGED * np.abs(levels - np.rint(levels)).mean()
    spread = float(levels.std())
    flat, pale = max(0.0, FLAT - spread), max(0.0, float(np.percentile(levels, 5)) - PALE) / 10
    between = sum(np.abs(np.diff(levels, axis=axis)).mean() for axis in (0, 1)) / 2
    rough = ROUGH * max(0.0, min(between / max(spread, 1e-6), 1.0) - SMOOTH) ** 2
    return float(beyond + ragged + flat + pale + rough)


def _cold(levels: NDArray[np.float64]) -> float:
    if levels.shape[2] != 3 or not np.isfinite(levels).all():
        return 0.0
    colder = float(levels[:, :, 2].mean() - levels[:, :, 0].mean())
    return max(0.0, colder - COLD) * 0.5
