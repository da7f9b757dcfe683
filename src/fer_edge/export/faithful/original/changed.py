"""A float32 file's weights against the original's: which of them were changed after the original was folded.

Every weight that is one of the tensors that the original's may have become is right. One that is none of them was either folded in a
way that is not known here, or changed. It counts as changed if a tensor that is nowhere else in the file has much the same
numbers: most of them, or all of them in another order, or all of them nearly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.findings import Finding
from fer_edge.export.faithful.original.matching import (
    StoredWeight,
    bound,
    find_layouts,
    match,
    may_be_missing,
)
from fer_edge.export.faithful.original.needs import Candidate, Need
from fer_edge.export.faithful.view import View
from fer_edge.runtime.verification import Code

MOST = 0.5
"""Share of a tensor's numbers that are the same where some were changed."""
NEARLY = 0.25
"""Mean difference, relative to the mean magnitude, of a tensor that was scaled or shifted a little."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An operator with weights.

    Attributes:
        word: ``conv``, ``conv_transpose``, ``linear``, ``matmul`` or a normalization.
        axes: of its weight, in PyTorch's order; empty: they are PyTorch's.
    """

    word: str
    axes: tuple[int, ...] = ()


@dataclass
class OriginalReport:
    """What came of it.

    Attributes:
        tensors: weights that were found, changed ones among them.
        findings: those that were changed.
    """

    tensors: int = 0
    findings: list[Finding] = field(default_factory=list)


def compare_with_original(view: View, kinds: Mapping[str, Kind], needs: Sequence[Need]) -> OriginalReport:
    """Compare a float32 file's constants with what the original's weights may have become.

    Args:
        view: of the file.
        kinds: of the format's operators that have weights.
        needs: of the original (``folding.find_needs``).
    """
    report = OriginalReport()
    differences, unknown, present = match(_stored(view, kinds), needs)
    lacking = {id(item): item for need in needs for item in may_be_missing(need, present)}
    report.tensors = len(differences)
    for constant in unknown:
        found = next((word for item in lacking.values() if (word := _changed(constant, item))), "")
        if found:
            report.tensors += 1
            report.findings.append(Finding(Code.WEIGHT, constant.name, found))
    return report


def _stored(view: View, kinds: Mapping[str, Kind]) -> list[StoredWeight]:
    """The floating-point constants in PyTorch's order of axes, with their readers."""
    readers: dict[str, list[tuple[str, str]]] = {}
    axes: dict[str, tuple[int, ...]] = {}
    for step in view.steps:
        kind = kinds.get(step.operator, Kind(step.operator))
        for place, edge in enumerate(step.inputs):
            readers.setdefault(edge.name, []).append((kind.word, str(place)))
            if kind.axes and place == 1:
                axes[edge.name] = kind.axes
    found = []
    for name, constant in view.constants.items():
        values = constant.values
        if constant.stored.dtype.kind == "f" and name in readers:
            order = axes.get(name, ())
            turned = values.transpose(order) if len(order) == values.ndim else values
            own = np.zeros(()), constant.stored.dtype, tuple(readers[name])
            found.append(StoredWeight(name, turned, *own))
    return found


def _changed(constant: StoredWeight, partner: Candidate) -> str:
    """The sentence about a weight that was this one; empty if it was not."""
    if constant.values.size != partner.values.size or constant.values.size < 2:
        return ""
    for wanted in find_layouts(constant, partner):
        word = _likeness(constant, wanted, partner.magnitude)
        if word:
            return word
    return ""


def _likeness(constant: StoredWeight, wanted: NDArray[np.float64], magnitude: float) -> str:
    held = constant.values
    away = np.abs(held - wanted)
    allowed = bound(constant, wanted, magnitude)
    same = away <= allowed
    where = [int(axis) for axis in np.unravel_index(int(np.argmax(away - allowed)), held.shape)]
    place = f"holds {held[tuple(where)]:.6g} at {where}, the original {wanted[tuple(where)]:.6g}"
    count = f"{np.count_nonzero(~same)} of {held.size} weights differ"
    if np.mean(same) >= MOST or np.mean(away) <= NEARLY * np.mean(np.abs(wanted)):
        return f"{place} ({count})"
    if np.allclose(np.sort(held, axis=None), np.sort(wanted, axis=None), atol=float(allowed.max()), rtol=0):
        return f"{place} (the same weights in another order)"
    return ""
