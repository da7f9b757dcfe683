"""A file's float network laid beside the one that it was made of: from the answers back to the inputs, operand by operand.

Nothing goes by names or by order in the file: two values belong together because the same operator makes them of values
that belong together. So a swapped operand, a step left out or put in, and an option that differs are found where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from fer_edge.export.faithful.findings import Finding
from fer_edge.export.faithful.view import Constant, Edge, Grid, Step, View
from fer_edge.runtime.verification import Code

CLIPS: Mapping[str, tuple[float, float]] = {
    "Relu": (0.0, np.inf), "Clip": (-np.inf, np.inf), "RELU": (0.0, np.inf), "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}  # fmt: skip
"""Activations that only cut off: a grid that ends where they cut does the same, and quantizers leave them out."""
NOT_THE_SAME = frozenset({"asymmetricQuantizeInputs", "quantizedBiasType", "potScaleInt16", "quantSpec"})
"""Options about how integers are made and stored, which a float network has no use for."""
COMMUTATIVE = frozenset({"Add", "Mul", "ADD", "MUL", "add", "mul"})
MOVES = frozenset({
    "PAD", "PADV2", "MIRROR_PAD", "SLICE", "STRIDED_SLICE", "TRANSPOSE", "REVERSE_V2", "Pad", "Slice", "Transpose", "pad",
    "slice_by_index", "slice_by_size", "transpose", "reverse", "StaticConstantPad", "StaticSlice", "StaticTranspose",
})  # fmt: skip
"""Operators that only move values: one too many is a fault of the layer that reads it, not of the one that it reads."""
MOST_MOVES = 4
"""Of them, one after the other, are looked behind."""
_EXACT = 1e-6
"""Relative; of bounds and of options that are numbers."""


_Known = TypeVar("_Known", Step, Constant)


@dataclass(frozen=True, slots=True)
class ConstantPair:
    """A constant of the source and what the file has in its place.

    Attributes:
        name: of the source's constant.
        source: it itself.
        held: the file's.
        step: who reads it in the file.
        place: as which input.
    """

    name: str
    source: Constant
    held: Constant
    step: Step
    place: int


@dataclass
class Alignment:
    """What belongs together.

    Attributes:
        values: value of the source -> value of the file.
        steps: operators of the source and of the file.
        constants: each as often as it is read.
        findings: what does not.
    """

    values: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[Step, Step]] = field(default_factory=list)
    constants: list[ConstantPair] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def align(source: View, held: View) -> Alignment:
    """Lay a file beside its source.

    Args:
        source: the float network that was converted.
        held: the float network that the file stands for.
    """
    return _Aligner(source, held).run()


class _Aligner:
    def __init__(self, source: View, held: View) -> None:
        self._source, self._held = source, held
        self._makers, self._file_makers = source.producers(), held.producers()
        self._found = Alignment()
        self._taken: dict[str, str] = {}
        self._pending: list[tuple[str, str, str]] = []
        """Value of the source, of the file, and what the source's operator makes that reads it."""

    def run(self) -> Alignment:
        ends = (self._source.outputs, self._held.outputs), (self._source.inputs, self._held.inputs)
        for mine, theirs in ends:
            if len(mine) != len(theirs):
                self._report(Code.UNALIGNED, "", f"the file has {len(theirs)} ends where {len(mine)} belong")
        self._found.values.update(zip(self._source.inputs, self._held.inputs, strict=False))
        self._taken = {theirs: mine for mine, theirs in self._found.values.items()}
        outputs = zip(self._source.outputs, self._held.outputs, strict=False)
        self._pending = [(mine, theirs, "") for mine, theirs in outputs]
        while self._pending:
            self._values(*self._pending.pop())
        return self._found

    def _report(self, code: Code, where: str, sentence: str) -> None:
        self._found.findings.append(Finding(code, where, sentence))

    def _values(self, mine: str, theirs: str, reader: str) -> None:
        known = self._found.values.get(mine)
        if known == theirs:
            return
        if known is not None or theirs in self._taken:
            other = self._taken.get(theirs, known)
            self._report(
                Code.OPERATOR, mine, f"the file reads another value here ({other!r} belongs elsewhere)"
            )
            return
        made, by = self._makers.get(mine), self._file_makers.get(theirs)
        if made is not None and self._is_left_out(made, by, theirs):
            self._found.values[mine] = theirs
            self._pending.append((made.inputs[0].name, theirs, reader))
            return
        if made is None or by is None:
            self._report(Code.UNALIGNED, mine, "the file has no operator that makes this value")
            return
        # A value that was left out leads to the same value of the file.
        self._found.values[mine] = theirs
        self._taken[theirs] = mine
        inner = self._behind_moves(made, by)
        if inner is not None:
            self._report(
                Code.OPERATOR, reader or mine, f"the file has {by.operator} before it, where nothing belongs"
            )
        self._steps(mine, made, inner or by)

    def _behind_moves(self, made: Step, by: Step) -> Step | None:
        """The file's operator of the right kind that stands before some that only move values; None: there are none."""
        if made.operator in MOVES:
            return None
        step: Step | None = by
        for _ in range(MOST_MOVES):
            if step is not None and step.operator in MOVES and step.inputs:
                step = self._file_makers.get(step.inputs[0].name)
        return step if step is not None and step is not by and step.operator == made.operator else None

    def _is_left_out(self, made: Step, by: Step | None, theirs: str) -> bool:
        """Whether an activation is missing in the file because the grid of its input ends where it cuts."""
        if made.operator not in CLIPS or (
            by is not None and by.operator in CLIPS and not self._twice(made, by)
        ):
            return False
        low, high = self._bounds(self._source, made)
        grids = self._held.grids.get(theirs, [])
        return any(_within(grid, low, high) for grid in grids)

    def _twice(self, made: Step, by: Step) -> bool:
        """Whether two activations follow each other in the source, of which the file has the first."""
        before = self._makers.get(made.inputs[0].name)
        return before is not None and before.operator == by.operator

    def _bounds(self, view: View, step: Step) -> tuple[float, float]:
        low, high = CLIPS[step.operator]
        found = [low, high]
        for place in (1, 2):
            constant = view.constants.get(step.inputs[place].name) if place < len(step.inputs) else None
            if constant is not None:
                found[place - 1] = float(constant.values)
        return found[0], found[1]

    def _steps(self, value: str, made: Step, by: Step) -> None:
        if made.operator == "Gemm" and by.operator in ("Add", "MatMul") and self._split_product(made, by):
            return
        if made.operator != by.operator:
            self._report(Code.OPERATOR, value, f"the file has {by.operator} where {made.operator} belongs")
            if made.operator in CLIPS and by.operator in CLIPS:
                self._inputs(value, by, 0, made.inputs[0].name, by.inputs[0].name)
            return
        self._found.steps.append((made, by))
        self._options(value, made, by)
        if made.operator in CLIPS and len(made.inputs) > 1:
            self._cuts(value, made, by)
            return
        mine, theirs = _filled(made.inputs), _filled(by.inputs)
        if len(mine) != len(theirs):
            self._report(Code.OPERATOR, value, f"{by.operator} reads {len(theirs)} values, not {len(mine)}")
            return
        if made.operator in COMMUTATIVE and self._is_constant(mine[0]) != self._is_constant(theirs[0]):
            theirs = theirs[::-1]
        for place, (own, other) in enumerate(zip(mine, theirs, strict=True)):
            self._inputs(value, by, place, own.name, other.name)
        for own_name, other_name in zip(made.outputs, by.outputs, strict=False):
            if own_name != value and own_name and other_name:
                self._found.values.setdefault(own_name, other_name)
                self._taken.setdefault(other_name, own_name)

    def _is_constant(self, edge: Edge) -> bool:
        return edge.name in self._source.constants or edge.name in self._held.constants

    def _inputs(self, value: str, by: Step, place: int, own: str, other: str) -> None:
        mine, theirs = self._source.constants.get(own), self._held.constants.get(other)
        if not own and not other:
            return
        if mine is not None and theirs is not None:
            self._found.constants.append(ConstantPair(own, mine, theirs, by, place))
        elif mine is None and theirs is None and own and other:
            self._pending.append((own, other, value))
        else:
            what = "a constant" if theirs is not None else "no constant"
            self._report(Code.UNALIGNED, value, f"the file's {by.operator} has {what} as input {place}")

    def _options(self, value: str, made: Step, by: Step) -> None:
        for name in sorted({*made.options, *by.options} - NOT_THE_SAME):
            own, other = made.options.get(name), by.options.get(name)
            if own != other and not _close(own, other):
                self._report(Code.OPTION, value, f"{name} of {by.operator} is {other!r}, not {own!r}")

    def _cuts(self, value: str, made: Step, by: Step) -> None:
        """Bounds are the same if they cut the same off from what can be stored there."""
        grid = by.inputs[0].grid
        ends = grid.ends if grid is not None else (-np.inf, np.inf)
        mine, theirs = self._bounds(self._source, made), self._bounds(self._held, by)
        for own, other in zip(mine, theirs, strict=True):
            cut, held = (min(max(bound, ends[0]), ends[1]) for bound in (own, other))
            if not _close(cut, held):
                self._report(Code.OPTION, value, f"{by.operator} cuts at {other:g}, not at {own:g}")
        self._inputs(value, by, 0, made.inputs[0].name, by.inputs[0].name)

    def _split_product(self, made: Step, by: Step) -> bool:
        """A Gemm that became MatMul, and Add where it has a bias, which is how products are quantized at run time."""
        product = by if by.operator == "MatMul" else self._operand(by, self._file_makers)
        weight, bias = (self._own_constant(made, place) for place in (1, 2))
        plain = all(
            made.options.get(name, 1.0) == 1.0 for name in ("alpha", "beta")
        ) and not made.options.get("transA")
        if product is None or product.operator != "MatMul" or weight is None or not plain:
            return False
        held, added = (
            self._held.constants.get(product.inputs[1].name),
            self._operand(by, self._held.constants),
        )
        if held is None or (bias is None) != (by is product):
            return False
        mine = weight.transposed() if made.options.get("transB") else weight
        self._found.steps.append((made, product))
        self._found.constants.append(ConstantPair(made.inputs[1].name, mine, held, product, 1))
        if bias is not None and added is not None:
            self._found.constants.append(ConstantPair(made.inputs[2].name, bias, added, by, 1))
        self._pending.append((made.inputs[0].name, product.inputs[0].name, made.outputs[0]))
        return True

    def _own_constant(self, step: Step, place: int) -> Constant | None:
        return self._source.constants.get(step.inputs[place].name) if place < len(step.inputs) else None

    def _operand(self, step: Step, known: Mapping[str, _Known]) -> _Known | None:
        return next((known[edge.name] for edge in step.inputs if edge.name in known), None)


def _filled(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Without what is left out at the end."""
    count = len(edges)
    while count and not edges[count - 1].name:
        count -= 1
    return edges[:count]


def _within(grid: Grid, low: float, high: float) -> bool:
    """Whether a grid ends where an activation cuts, to half a step."""
    first, last = grid.ends
    return first >= low - grid.scale / 2 and last <= high + grid.scale / 2


def _close(one: Any, other: Any) -> bool:
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return False
    return bool(one == other or abs(one - other) <= _EXACT * max(abs(one), abs(other)))
