"""Weights of a file, found among what the original's weights may have become.

Converters fold BatchNorm, factors and shifts into the products before them. ``folding`` computes by their definition
what the original's weights may have become; each weight of the file must be one of these tensors, and for each
weight of the original the tensors of one legal folding must be there.

| precision | a weight may differ by                                                                    |
|-----------|-------------------------------------------------------------------------------------------|
| fp32      | rounding of the fold: 2^-19 of the largest magnitude in the tensor and its sums           |
| fp16      | half a unit in the last place of float16 (2^-11 relative), 2^-24 near 0, and the above    |
| w8, int8  | half a step of its channel's scale, with a float16 scale 0.2 more, and the above of fp32  |

What passes: the file holds the original's weights within the bound. It says nothing about how they are used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.original.needs import Candidate, Need
from fer_edge.runtime.verification import WeightAudit

ROUNDING = 2.0**-19
"""Of a fold in float32, relative to the largest magnitude in it."""
HALF_RELATIVE, HALF_ABSOLUTE = 2.0**-11, 2.0**-24
"""Half a unit in the last place of a normal float16, and a whole one of a subnormal: the converter rounds what would
become 0 away from it."""
MOST_STEPS = 127
"""Of an int8 weight, each of which is off by half of float16's smallest number where a scale is near 0."""
WEIGHTED = frozenset(
    {"conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm"}
)
"""Operators whose constants are weights; constants of others (gray, normalization) need no partner."""


@dataclass(frozen=True)
class StoredWeight:
    """One constant tensor of a program.

    Attributes:
        name: in the program.
        values: decompressed, float64.
        step: of int8 weights, the distance of neighboring values, of a shape that broadcasts to ``values``; else 0.
        stored: the numpy type of its bytes (float16, float32; int8 if compressed).
        readers: operator type and parameter name of every use, ``("conv", "weight")`` and the like.
        rounding: relative; what float16 may have moved compressed values by beside half a step.
    """

    name: str
    values: NDArray[np.float64]
    step: NDArray[np.float64]
    stored: np.dtype[Any]
    readers: tuple[tuple[str, str], ...]
    rounding: float = 0.0


@dataclass(frozen=True)
class WeightComparison:
    """An artifact's weights against the source's.

    Attributes:
        tensors: how many of its tensors were compared with one of the source.
        max_abs: largest absolute difference among those pairs.
        findings: a sentence for each tensor that is beyond its bound or has no partner; empty if all is well.
    """

    tensors: int
    max_abs: float
    findings: tuple[str, ...]

    @property
    def record(self) -> WeightAudit:
        """The manifest's record of it; it has no figure for a difference that is not finite."""
        worst = self.max_abs if isfinite(self.max_abs) else None
        return WeightAudit("fail" if self.findings else "pass", self.tensors, worst)


def compare(constants: list[StoredWeight], needs: list[Need]) -> WeightComparison:
    """Find each of the package's tensors among what the source may become, and see that nothing is left on either side."""
    differences, unknown, present = match(constants, needs)
    lacking = {id(item): item for need in needs for item in missing(need, present)}
    findings = []
    for constant in unknown:
        partner = _nearest(constant, lacking.values())
        if partner is None:
            findings.append(f"{_describe(constant)} has no counterpart in the source")
            continue
        del lacking[id(partner)]
        worst, sentence = _difference(constant, partner)
        differences.append(worst)
        findings.append(sentence)
    findings += [
        f"a weight of shape {list(item.values.shape)} of the source is not in the package"
        for item in lacking.values()
    ]
    return WeightComparison(len(differences), max((0.0, *differences)), tuple(findings))


def match(
    constants: Sequence[StoredWeight], needs: Sequence[Need]
) -> tuple[list[float], list[StoredWeight], set[int]]:
    """Find each weight of a file among the candidates.

    Returns:
        The differences of those that fit one, the weights that fit none, and the identities of the candidates that are there.
    """
    present = _uniform(constants, needs)
    by_size: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in {id(item): item for need in needs for item in need.candidates()}.values():
        by_size[candidate.values.size].append(candidate)
    differences, unknown = list[float](), list[StoredWeight]()
    for constant in (item for item in constants if item.values.size > 1):
        fits = {id(item): _fit(constant, item) for item in by_size[constant.values.size]}
        found = {key: worst for key, worst in fits.items() if worst is not None}
        present.update(found)
        if found:
            differences.append(min(found.values()))
        elif _is_weight(constant) and not _is_neutral(constant.values):
            unknown.append(constant)
    return differences, unknown, present


def missing(need: Need, present: set[int]) -> list[Candidate]:
    """The fewest additions that would meet the need."""
    return min(_lacking(need, present), key=len)


def may_be_missing(need: Need, present: set[int]) -> list[Candidate]:
    """The additions of every option that needs as few: any of them may be what a weight was before it was changed."""
    found = _lacking(need, present)
    fewest = min(map(len, found))
    return [item for option in found if len(option) == fewest for item in option]


def _lacking(need: Need, present: set[int]) -> list[list[Candidate]]:
    """What each option lacks; one empty list where the need is met."""
    found: list[list[Candidate]] = []
    for option in need.options:
        lacking: list[Candidate] = []
        for part in option:
            if isinstance(part, Need):
                lacking += missing(part, present)
            elif id(part) not in present:
                lacking.append(part)
        if not lacking:
            return [[]]
        found.append(lacking)
    return found


def _uniform(constants: Sequence[StoredWeight], needs: Sequence[Need]) -> set[int]:
    """Tensors of one value throughout that a program holds as a single number, such as slopes of a PReLU."""
    single = [
        replace(item, values=item.values.reshape(1), step=item.step.reshape(-1)[:1])
        for item in constants
        if item.values.size == 1
    ]
    found = set()
    for candidate in (item for need in needs for item in need.candidates()):
        value = candidate.values.flat[0]
        if (candidate.values == value).all():
            one = Candidate(np.full(1, value), candidate.magnitude)
            if any(_fit(item, one) is not None for item in single):
                found.add(id(candidate))
    return found


def _is_weight(constant: StoredWeight) -> bool:
    return any(operator in WEIGHTED for operator, _ in constant.readers)


def _is_neutral(values: NDArray[np.float64]) -> bool:
    """Converters write zeros and ones where a network has no bias or factor, or where a product only moves values."""
    return bool(((values == 0) | (values == 1)).all())


def _fit(constant: StoredWeight, candidate: Candidate) -> float | None:
    """The largest difference, if each is within its bound in one of the layouts."""
    for wanted in find_layouts(constant, candidate):
        if _sample_fits(constant, wanted, candidate.magnitude):
            difference = np.abs(constant.values - wanted)
            if (difference <= bound(constant, wanted, candidate.magnitude)).all():
                return float(difference.max())
    return None


def _sample_fits(constant: StoredWeight, wanted: NDArray[np.float64], magnitude: float) -> bool:
    """Whether some of the values do: most tensors of one shape differ in the first ones."""
    some = np.linspace(0, constant.values.size - 1, min(constant.values.size, 32)).astype(int)
    place = np.unravel_index(some, constant.values.shape)
    step = np.broadcast_to(constant.step, constant.values.shape)[place]
    values, source = constant.values[place], wanted[place]
    some_of_it = replace(constant, values=values, step=step)
    return bool((np.abs(values - source) <= bound(some_of_it, source, magnitude)).all())


def find_layouts(constant: StoredWeight, candidate: Candidate) -> Iterator[NDArray[np.float64]]:
    """The candidate in the constant's shape: as it is, transposed if it is a plain factor, or its axes moved."""
    shape, values = constant.values.shape, candidate.values
    own, other = _shape(values), _shape(constant.values)
    if own == other:
        yield values.reshape(shape)
        if candidate.matrix and len(own) == 2 and own[0] == own[1] and _is_plain(constant):
            yield values.reshape(own).T.reshape(shape)
        return
    yield values.reshape(shape)
    if sorted(own) == sorted(other) and len(own) <= 4:
        for order in permutations(range(len(own))):
            if tuple(own[place] for place in order) == other:
                yield values.reshape(own).transpose(order).reshape(shape)


def _is_plain(constant: StoredWeight) -> bool:
    """True if no reader says that it takes (outputs, inputs)."""
    return all(operator != "linear" for operator, _ in constant.readers)


def _shape(values: NDArray[np.float64]) -> tuple[int, ...]:
    """Without axes of length 1: a mean over pixels lets a linear layer lose or gain them."""
    return tuple(size for size in values.shape if size > 1)


def _nearest(constant: StoredWeight, missing: Iterable[Candidate]) -> Candidate | None:
    same = [item for item in missing if _shape(item.values) == _shape(constant.values)]
    values = np.nan_to_num(constant.values.ravel())
    return min(same, key=lambda item: float(np.abs(item.values.ravel() - values).mean()), default=None)


def _difference(constant: StoredWeight, partner: Candidate) -> tuple[float, str]:
    """The largest difference of a pair that does not fit, and a sentence that names the worst place."""
    wanted = partner.values.reshape(constant.values.shape)
    difference = np.abs(constant.values - wanted)
    allowed = bound(constant, wanted, partner.magnitude)
    index = np.unravel_index(int(np.nan_to_num(difference - allowed, nan=np.inf).argmax()), wanted.shape)
    place, limit = [int(i) for i in index], allowed[index]
    held = f"{_describe(constant)} holds {constant.values[index]:.6g} at index {place}"
    return float(difference.max()), f"{held}, the source {wanted[index]:.6g}; allowed difference {limit:.2g}"


def bound(constant: StoredWeight, source: NDArray[np.float64], magnitude: float) -> NDArray[np.float64]:
    """Allowed difference of each value from the source's, by the type it is stored in (see the table above)."""
    allowed: NDArray[np.float64] = np.full(source.shape, ROUNDING * magnitude)
    if constant.stored == np.float16:
        allowed += np.maximum(np.abs(source) * HALF_RELATIVE, HALF_ABSOLUTE)
    else:
        allowed += constant.step / 2 + np.abs(constant.values) * constant.rounding
        if constant.rounding:
            allowed += MOST_STEPS * HALF_ABSOLUTE / 2
    return allowed


def _describe(constant: StoredWeight) -> str:
    return f"tensor {constant.name!r} {list(constant.values.shape)}"
