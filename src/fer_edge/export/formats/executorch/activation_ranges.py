"""What PT2E's observers make of a float file's values: computed by torch's observers on values computed from the file.

Values that only move (a pool, a concatenation) share one observer, which sees each of them in the graph's order. What XNNPACK
moves for itself (the order of axes) it does not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.ranges import Observed, Searched, find_families, joint
from fer_edge.export.formats.executorch.evaluation import evaluate
from fer_edge.export.formats.executorch.float_view import CLIP
from fer_edge.export.formats.executorch.quantization import LEAST_SCALE

if TYPE_CHECKING:
    from fer_edge.export.faithful.view import View

UNSEEN = "StaticTranspose"
_STEPS, _LOWEST, _HIGHEST = 255, -128, 127


class Shown(dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]):
    """Extremes by value, and what histograms give.

    Attributes:
        histograms: value, or ``ranges.joint`` of several, -> range.
    """

    histograms: Searched = Searched()


def observe_values(view: View, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Shown:
    """Compute a float file on some inputs.

    Args:
        view: of the file.
        values: asked for.
        inputs: (1, C, H, W) float32 each.
    """
    groups = _groups(view, values)
    unseen = {name for step in view.steps if step.operator == UNSEEN for name in step.outputs}
    observers = {key: _observer() for key in (*values, *groups)}
    extremes: dict[str, list[tuple[float, float]]] = {name: [] for name in values}
    count = 0
    for given in inputs:
        count += 1
        for name, value in evaluate(view, given):
            if name in extremes:
                extremes[name].append((float(value.min()), float(value.max())))
                observers[name](value)
            for key, group in groups.items():
                if name in group and name not in unseen:
                    observers[key](value)
    shown, known = Shown(), {name for name in values if len(extremes[name]) == count}
    for name in values:
        rows = extremes[name] if name in known else [(np.nan, np.nan)] * count
        table = np.asarray(rows, np.float32).reshape(-1, 2)
        shown[name] = table[:, 0], table[:, 1]
    whole = [key for key, group in groups.items() if group <= known]
    shown.histograms = Searched({key: _range(observers[key]) for key in (*known, *whole)})
    shown.histograms.costs = {key: partial(_cost, observers[key]) for key in shown.histograms}
    return _without_halves(shown, groups, known)


def _without_halves(shown: Shown, groups: Mapping[str, set[str]], known: set[str]) -> Shown:
    """Leave out what shares an observer with a value that cannot be computed."""
    for group in groups.values():
        if not group <= known:
            for name in group & set(shown):
                shown[name] = tuple(np.full_like(ends, np.nan) for ends in shown[name])  # type: ignore[assignment]
    return shown


def _groups(view: View, values: Sequence[str]) -> dict[str, set[str]]:
    """Families, and what a clip that is quantized on its own shares with what it cuts."""
    families, asked = find_families(view), set(values)
    own = {name: families.get(name, (name,)) for name in values}
    groups = {joint(family): set(family) for family in own.values()}
    for step in view.steps:
        ends = {step.inputs[0].name, *step.outputs} if step.operator == CLIP else set()
        if ends and ends <= asked:
            merged = set().union(ends, *(group for group in groups.values() if ends & group))
            groups.update({key: merged for key, group in groups.items() if ends & group})
    alone = {joint((name,)) for name in values}
    return {key: group for key, group in groups.items() if len(group) > 1 or key not in alone}


def _observer() -> Any:
    import torch
    from torchao.quantization.pt2e import HistogramObserver

    return HistogramObserver(
        dtype=torch.int8,
        qscheme=torch.per_tensor_affine,
        quant_min=_LOWEST,
        quant_max=_HIGHEST,
        eps=LEAST_SCALE,
    )


def _range(observer: Any) -> tuple[float, float]:
    scale, zero = (each.item() for each in observer.calculate_qparams())
    return (_LOWEST - zero) * scale, (_HIGHEST - zero) * scale


def _cost(observer: Any, low: float, high: float) -> float:
    """What the search makes small: the squared error of the histogram's values in 256 steps of a range."""
    first, width = observer.min_val.item(), (observer.max_val - observer.min_val).item() / observer.bins
    ends = (round((low - first) / width), round((high - first) / width) - 1) if width else (0, observer.bins)
    start, end = (min(max(end, 0), observer.bins - 1) for end in ends)
    return float(observer._compute_quantization_error(start, end))


def by_histogram(observed: Observed) -> Mapping[str, tuple[float, float]]:
    """XNNPACK's usual rule."""
    return observed.histograms if isinstance(observed, Shown) else {}


def by_extremes(observed: Observed) -> Mapping[str, tuple[float, float]]:
    """Smallest and largest value of all."""
    found = {}
    for name, (lows, highs) in observed.items():
        low, high = min(float(lows.min()), 0.0), max(float(highs.max()), 0.0)
        found[name] = (low, max(high, low + _STEPS * LEAST_SCALE))
    return found
