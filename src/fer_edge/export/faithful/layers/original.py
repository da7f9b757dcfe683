"""A float32 file against the PyTorch original itself: each layer's answer beside the module output that has the same numbers.

A layer that answers as nothing in the original does, and behind which nothing does either, is the one at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.answers import LayerAnswer, LayerAnswers
from fer_edge.export.faithful.layers.kinds import ACTIVATION, OPERATOR, Kind, name_kind
from fer_edge.export.faithful.layers.names import SAME_DB, See, closeness, find_layout, watch_original
from fer_edge.export.faithful.layers.recording import Recorder, Step
from fer_edge.export.faithful.layers.tallies import decibels

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.runtime.contract import Contract

FLOOR_DB = 60.0
"""Of a float32 layer: a thousandth of its values, at most; right files have 90 and more."""
MOST_CANDIDATES = 12
"""Results of the original that a layer at fault is compared with."""


@dataclass(frozen=True, slots=True)
class _Event:
    """One result of the original.

    Attributes:
        module: that was running.
        weighted: the last one with a product before it.
        size: numbers in it.
    """

    module: str
    weighted: str
    size: int


@dataclass
class OriginalComparison:
    """A file's layers beside those of the original.

    Args:
        recorder: of the file.
        module: the original.
        reference: its contract.
        contract: the file's.
    """

    recorder: Recorder
    module: nn.Module
    reference: Contract
    contract: Contract
    _events: list[_Event] = field(default_factory=list)
    _partners: dict[str, int] = field(default_factory=dict)
    _sums: dict[str, list[float]] = field(default_factory=dict)

    def add(self, tensor: NDArray[Any]) -> None:
        """Count one input."""
        values = self.recorder.run(tensor)
        wanted: dict[int, list[str]] = {}
        for name, number in self._partners.items():
            wanted.setdefault(number, []).append(name)

        def see(number: int, _: str, __: str, found: NDArray[Any]) -> None:
            for name in wanted.get(number, ()):
                turned = find_layout(values[name], found)
                sums = self._sums.setdefault(name, [0.0, 0.0])
                sums[0] += float(np.sum(np.square(found, dtype=np.float64)))
                sums[1] += float(np.sum(np.square(turned - found, dtype=np.float64)))

        self._watch(tensor, see)

    def _watch(self, tensor: NDArray[Any], see: See) -> None:
        watch_original(self.module, self.reference, self.contract, tensor, see)

    def find_partners(self, tensor: NDArray[Any]) -> None:
        """Decide by one input which tensor belongs to which result."""
        values = self.recorder.run(tensor)
        computed = {name for step in self.recorder.steps for name in step.outputs}
        waiting: dict[int, list[str]] = {}
        for name, value in values.items():
            if name in computed:
                waiting.setdefault(value.size, []).append(name)

        def see(number: int, module: str, weighted: str, found: NDArray[Any]) -> None:
            self._events.append(_Event(module, weighted, found.size))
            for name in list(waiting.get(found.size, ())):
                if closeness(values[name], found) >= SAME_DB:
                    self._partners[name] = number
                    waiting[found.size].remove(name)

        self._watch(tensor, see)

    def finish(self, count: int, tensor: NDArray[Any], channel_axis: int) -> LayerAnswers:
        """All layers that have a partner, and the one at fault, if the file's answer has none."""
        steps = self.recorder.steps
        # What was alike on one input only, such as the colors of a gray picture, is no partner.
        self._partners = {
            name: number
            for name, number in self._partners.items()
            if decibels(*self._sums.get(name, (0.0, 0.0))) >= FLOOR_DB
        }
        culprit = self._find_culprit(steps)
        layers: list[LayerAnswer] = []
        unaligned: list[str] = []
        for step in steps:
            for name in step.outputs:
                if step is culprit:
                    layers.append(self._accuse(step, name, tensor, channel_axis))
                elif name in self._partners:
                    layers.append(self._answer(step, name))
                else:
                    unaligned.append(name)
        return LayerAnswers(tuple(layers), tuple(unaligned), count, "the PyTorch original")

    def _find_culprit(self, steps: Sequence[Step]) -> Step | None:
        """The first operator behind which nothing answers as the original does."""
        read: dict[str, list[Step]] = {}
        for step in steps:
            for name in step.inputs:
                read.setdefault(name, []).append(step)
        fine: set[int] = set()
        for step in reversed(steps):
            readers = [other for name in step.outputs for other in read.get(name, ())]
            if any(name in self._partners for name in step.outputs) or any(
                id(one) in fine for one in readers
            ):
                fine.add(id(step))
        return next((step for step in steps if id(step) not in fine), None)

    def _answer(self, step: Step, name: str) -> LayerAnswer:
        event = self._events[self._partners[name]]
        module = (step.weighted and event.weighted) or event.module or event.weighted
        snr = decibels(*self._sums[name])
        kind = (
            None if snr >= FLOOR_DB else Kind(OPERATOR, f"{snr:.0f} dB; float32 has {FLOOR_DB:.0f} and more")
        )
        return LayerAnswer(name, module, step.operator, snr, FLOOR_DB, FLOOR_DB, 0.0, 0.0, 0.0, kind)

    def _accuse(self, step: Step, name: str, tensor: NDArray[Any], channel_axis: int) -> LayerAnswer:
        """The layer at fault, beside the result of the original that it is nearest to."""
        answer = self.recorder.run(tensor)[name]
        last = max((self._partners[one] for one in step.inputs if one in self._partners), default=-1)
        taken = set(self._partners.values())
        likely = [
            number
            for number, event in enumerate(self._events)
            if number > last and number not in taken and event.size == answer.size
        ][:MOST_CANDIDATES]
        near: list[tuple[float, int, NDArray[Any]]] = []

        def see(number: int, _: str, __: str, found: NDArray[Any]) -> None:
            if number in likely:
                turned = _laid_out(found, answer, channel_axis).copy()
                near.append((float(np.sum(np.square(turned - answer, dtype=np.float64))), number, turned))

        self._watch(tensor, see)
        best = min(near, key=lambda one: one[:2], default=None)
        if best is None:
            behind = (event for event in self._events[last + 1 :] if event.module or event.weighted)
            after = next(behind, self._events[-1])
            kind = Kind(OPERATOR, "it answers as no part of the original does")
            place = after.module or after.weighted
            return LayerAnswer(name, place, step.operator, 0.0, FLOOR_DB, FLOOR_DB, 0.0, 0.0, 0.0, kind)
        event = self._events[best[1]]
        module = (step.weighted and event.weighted) or event.module or event.weighted
        snr = decibels(float(np.sum(np.square(best[2], dtype=np.float64))), best[0])
        kind = name_kind([answer], [best[2]], None, channel_axis)
        skipped = self._find_skipped(last, best[1]) if kind.word == OPERATOR else None
        if skipped:
            said = f"it reads what comes before {skipped}, which the original has in between: that is missing"
            module, kind = skipped, Kind(ACTIVATION, said)
        return LayerAnswer(name, module, step.operator, snr, FLOOR_DB, FLOOR_DB, 0.0, 0.0, 0.0, kind)

    def _find_skipped(self, last: int, best: int) -> str | None:
        """The module without weights that the original runs between what the layer at fault reads and that layer."""
        if not 0 <= last < last + 1 < best or last + 1 in self._partners.values():
            return None
        before, after = self._events[last], self._events[last + 1]
        alike = (after.size, after.weighted) == (before.size, before.weighted)
        return after.module if alike and after.module != before.module else None


def _laid_out(found: NDArray[Any], answer: NDArray[Any], channel_axis: int) -> NDArray[Any]:
    """The original's result in the layout of the file."""
    if found.ndim == answer.ndim == 4 and channel_axis == -1:
        found = found.transpose(0, 2, 3, 1)
    return found.reshape(answer.shape)
