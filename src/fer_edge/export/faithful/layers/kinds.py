"""What kind of fault a layer has, told from its answer and from what it should have answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.recording import Grid

ROUNDING, SATURATION, LAYOUT = "rounding", "saturation", "layout"
WEIGHT, OPERATOR, ACTIVATION, OVERFLOW = "weight", "operator", "activation", "overflow"
KINDS = (ROUNDING, SATURATION, LAYOUT, WEIGHT, OPERATOR, ACTIVATION, OVERFLOW)
EXPLAINS = 0.1
"""A cause explains a fault when not more than this share of the error's energy is left without it."""
MOST_CHANNELS = 1024
STEPS_OF_ROUNDING = 4.0
"""Errors of so few steps, spread over the whole layer, are the kernel's rounding."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes:
        word: one of ``KINDS``.
        evidence: what says so.
    """

    word: str
    evidence: str


_ACTIVATIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "ReLU": lambda values: np.maximum(values, 0),
    "ReLU6": lambda values: np.clip(values, 0, 6),
    "ReLU to -1..1": lambda values: np.clip(values, -1, 1),
}


def name_kind(
    answers: Sequence[NDArray[Any]],
    replayed: Sequence[NDArray[Any]],
    grid: Grid | None,
    channel_axis: int,
) -> Kind:
    """The kind of fault of a layer that is under its floor.

    Args:
        answers: the layer's answers, one array an input.
        replayed: what they should have been before they were put on the grid.
        grid: None: float32.
        channel_axis: of these arrays.
    """
    if not answers:
        return Kind(OPERATOR, "its answers differ a little, all over")
    answer, wanted = (_channels_last(values, channel_axis) for values in (answers, replayed))
    if not np.isfinite(answer).all():
        share = np.count_nonzero(~np.isfinite(answer)) / answer.size
        return Kind(OVERFLOW, f"{share:.1%} of its numbers are not finite")
    inside = wanted if grid is None else np.clip(wanted, *grid.bounds)
    error = _energy(answer - inside)
    for test in (_activation, _layout, _saturation, _shifted, _rounding, _linear):
        found = test(answer, inside, error, grid)
        if found is not None:
            return found
    return Kind(OPERATOR, "no single cause explains its answers; its options or its inputs differ")


def _activation(answer: NDArray[Any], wanted: NDArray[Any], error: float, grid: Grid | None) -> Kind | None:
    """A missing one brings back the negative values; another one cuts what should be there."""
    bounds = grid.bounds if grid is not None else (-np.inf, np.inf)
    for name, function in _ACTIVATIONS.items():
        if _energy(function(answer) - wanted) <= EXPLAINS * error:
            return Kind(ACTIVATION, f"with {name} behind it its answers are right: that is missing")
        cut = np.clip(function(wanted), *bounds)
        if _energy(answer - cut) <= EXPLAINS * error:
            return Kind(ACTIVATION, f"it has a {name} that should not be there")
    return None


def _layout(answer: NDArray[Any], wanted: NDArray[Any], error: float, grid: Grid | None) -> Kind | None:  # noqa: ARG001
    count = answer.shape[-1]
    if not 1 < count <= MOST_CHANNELS:
        return None
    order = _best_order(answer.reshape(-1, count), wanted.reshape(-1, count))
    moved = np.flatnonzero(order != np.arange(count))
    if moved.size and _energy(answer[..., order] - wanted) <= EXPLAINS * error:
        first = int(moved[0])
        return Kind(
            LAYOUT,
            f"{moved.size} of {count} channels are permuted: channel {first} is at {int(order[first])}",
        )
    return None


def find_permutation(values: NDArray[Any], wanted: NDArray[Any]) -> str | None:
    """How the channels of a constant were permuted, or None: no order of them gives the other constant."""
    error = _energy(values - wanted)
    for axis in range(values.ndim):
        left, right = (np.moveaxis(array, axis, -1).astype(np.float64) for array in (values, wanted))
        kind = _layout(left, right, error, None)
        if kind is not None:
            return f"{kind.evidence} (axis {axis} of a constant)"
    return None


def _best_order(answer: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.int64]:
    """For each channel of ``wanted`` the one of ``answer`` nearest to it; each is taken once, the clearest first."""
    squares = (answer**2).sum(0)[None, :] + (wanted**2).sum(0)[:, None] - 2 * wanted.T @ answer
    order = np.full(len(squares), -1)
    # Those that fit where they are stay there, however alike others are.
    for row in np.argsort(squares.min(axis=1)):
        best = (
            int(row) if squares[row, row] <= squares[row].min() * (1 + 1e-6) else int(np.argmin(squares[row]))
        )
        order[row] = best
        squares[:, best] = np.inf
    return order


def _saturation(answer: NDArray[Any], wanted: NDArray[Any], error: float, grid: Grid | None) -> Kind | None:
    if grid is None:
        return None
    for value in (float(answer.max()), float(answer.min())):
        at_end = answer == value
        share = np.count_nonzero(at_end) / answer.size
        outside = np.abs(wanted) > abs(value)
        if share > 0.001 and _energy((answer - wanted)[at_end & outside]) >= (1 - EXPLAINS) * error:
            return Kind(
                SATURATION, f"{share:.1%} of its numbers stand at {value:.3g}, where more was to be held"
            )
    return None


def _shifted(answer: NDArray[Any], wanted: NDArray[Any], error: float, grid: Grid | None) -> Kind | None:  # noqa: ARG001
    if answer.ndim != 4 or min(answer.shape[1:3]) < 3:
        return None
    if answer.shape[1] == answer.shape[2] and _energy(answer.swapaxes(1, 2) - wanted) <= EXPLAINS * error:
        return Kind(LAYOUT, "rows and columns have changed places")
    for axis, word in ((1, "row"), (2, "column")):
        for by in (-1, 1):
            kept = np.roll(answer, by, axis)
            inner = (slice(None), slice(1, -1), slice(1, -1))
            if _energy((kept - wanted)[inner]) <= EXPLAINS * _energy((answer - wanted)[inner]):
                return Kind(OPERATOR, f"its answers are one {word} off: padding or strides begin elsewhere")
    return None


def _rounding(answer: NDArray[Any], wanted: NDArray[Any], error: float, grid: Grid | None) -> Kind | None:  # noqa: ARG001
    if grid is None or not grid.scale:
        return None
    steps = np.abs(answer - wanted) / grid.scale
    if steps.max() <= STEPS_OF_ROUNDING and _spread(steps) > 0.5:
        return Kind(ROUNDING, f"errors of up to {steps.max():.1f} steps all over it")
    return None


def _linear(answer: NDArray[Any], wanted: NDArray[Any], error: float, grid: Grid | None) -> Kind | None:  # noqa: ARG001
    """A factor or an offset for each channel: what wrong scales, weights and biases do."""
    factor, offset = _fit(answer, wanted)
    whole = _energy(answer - (factor * wanted + offset))
    energies = ((answer - wanted) ** 2).reshape(-1, answer.shape[-1]).sum(0)
    worst = int(np.argmax(energies))
    concentrated = energies[worst] >= 0.5 * energies.sum() and answer.shape[-1] > 2
    if whole <= EXPLAINS * error:
        shown = f"channel {worst} is {factor[worst]:.3g} times what it should be, and {offset[worst]:+.3g}"
        return Kind(WEIGHT, f"each channel is right but for a factor and an offset: {shown}")
    if concentrated:
        return Kind(WEIGHT, f"channel {worst} alone has {energies[worst] / energies.sum():.0%} of the error")
    return None


def _fit(answer: NDArray[Any], wanted: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Least squares of ``answer = factor * wanted + offset`` for each channel."""
    left, right = (values.reshape(-1, answer.shape[-1]) for values in (answer, wanted))
    spread = right.var(axis=0)
    joint = ((left - left.mean(0)) * (right - right.mean(0))).mean(0)
    factor = np.where(spread > 0, joint / np.where(spread > 0, spread, 1), 1.0)
    return factor, left.mean(0) - factor * right.mean(0)


def _spread(steps: NDArray[Any]) -> float:
    """Share of channels in which there is an error of more than a step."""
    beyond = (steps > 1).reshape(-1, steps.shape[-1]).any(axis=0)
    return float(beyond.mean())


def _channels_last(rows: Sequence[NDArray[Any]], axis: int) -> NDArray[np.float64]:
    found = np.concatenate([np.atleast_2d(row) for row in rows], axis=0).astype(np.float64)
    return np.moveaxis(found, axis, -1) if found.ndim == 4 else found


def _energy(values: NDArray[Any]) -> float:
    return float(np.sum(np.square(values)))
