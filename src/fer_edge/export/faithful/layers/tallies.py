"""What is counted of one layer while inputs come one after another; the layer's own error is what its inputs do not explain."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.recording import Grid

LEAST_EXPLAINED = 0.1
"""Share of a step's noise that is allowed even where hardly a number had to be rounded."""
FLOAT_NOISE = 1e-6
"""Of a layer's largest value: what float32 sums in another order may differ by, as a standard deviation."""
SUSPICIOUS = 1.3
"""Times the explained noise, or steps."""
KEPT = 1 << 18
"""Numbers of a layer that are kept to name its fault by, about."""


@dataclass
class Tally:
    """Sums over inputs, of one layer.

    Attributes:
        grid: what the tensor can hold; None: float32.
        offset: steps by which the layer's kernel may be off alike everywhere.
        signal: of the fp32 file's answer, squared.
        noise: of the difference to it, with what the layers before brought along.
        own: of the difference to what the fp32 file makes of the same inputs, within what the tensor can hold.
        explained: the same of rounding to the grid.
        clipped: of what lay beyond the grid.
        worst: largest own difference, in steps of the grid; in float32 in shares of the largest value.
        beyond: how many numbers lay beyond the grid.
        numbers: how many there were.
        answers: some inputs' values, for whoever names the fault.
        replayed: what they should have been.
    """

    grid: Grid | None
    offset: float = 0.0
    signal: float = 0.0
    noise: float = 0.0
    own: float = 0.0
    explained: float = 0.0
    clipped: float = 0.0
    worst: float = 0.0
    beyond: int = 0
    numbers: int = 0
    answers: list[NDArray[Any]] = field(default_factory=list)
    replayed: list[NDArray[Any]] = field(default_factory=list)

    def add(
        self,
        answer: NDArray[Any],
        bridge: NDArray[Any],
        replay: NDArray[Any],
        rounded: NDArray[Any] | None,
    ) -> None:
        """Count one input.

        Args:
            answer: the file's tensor.
            bridge: the fp32 file's.
            replay: what the fp32 file makes of the file's own inputs of this layer, with the file's weights.
            rounded: the same with inputs rounded as the operator does when it runs; None: it does not.
        """
        answered = answer
        answer, bridge, replay = (values.astype(np.float64) for values in (answer, bridge, replay))
        inside = replay if self.grid is None else np.clip(replay, *self.grid.bounds)
        self.signal += _energy(bridge)
        self.noise += _energy(answer - bridge)
        own, expected = _energy(answer - inside), self._expected(replay, inside, rounded)
        self.own += own
        self.clipped += _energy(replay - inside)
        self.beyond += int(np.count_nonzero(replay != inside))
        self.numbers += answer.size
        self.explained += expected
        step = self._step(inside)
        if answer.size:
            error = np.abs(answer - inside) / step
            worst = float(np.max(np.where(np.isfinite(error), error, np.inf)))
            self.worst = max(self.worst, worst)
            # Only what may turn out to be a fault is kept, so that large networks take no memory.
            if not own <= SUSPICIOUS * expected or worst > SUSPICIOUS:
                self._keep(answered, replay)

    def _expected(self, replay: NDArray[Any], inside: NDArray[Any], rounded: NDArray[Any] | None) -> float:
        least = (FLOAT_NOISE * _largest(inside)) ** 2 * inside.size
        if rounded is not None:
            least += _energy(rounded.astype(np.float64) - replay)
        if self.grid is None:
            return least
        least += (self.offset * self.grid.scale) ** 2 * inside.size
        found = _energy(self.grid.round(replay) - inside)
        return least + max(found, LEAST_EXPLAINED * inside.size * self.grid.scale**2 / 12)

    def _step(self, inside: NDArray[Any]) -> NDArray[Any] | float:
        if self.grid is None:
            return _largest(inside) or 1.0
        if self.grid.scale:
            return self.grid.scale
        # Of float16, whose sums a kernel may also round on the way.
        found: NDArray[Any] = np.maximum(
            np.spacing(np.abs(inside).astype(np.float16)).astype(np.float64), 1e-3 * _largest(inside)
        )
        return found

    def _keep(self, answer: NDArray[Any], replay: NDArray[Any]) -> None:
        if sum(values.size for values in self.answers) < KEPT:
            self.answers.append(np.array(answer, np.float32))
            self.replayed.append(np.array(replay, np.float32))

    @property
    def excess_db(self) -> float:
        """How far the layer's own error is above what rounding explains; below 0: it is not."""
        if not math.isfinite(self.own):
            return math.inf
        # A dead layer has nothing to round either.
        return decibels(self.own, self.explained) if self.own > 0 else -math.inf


def decibels(signal: float, noise: float) -> float:
    """10 log10 of a ratio of energies; infinite where there is no noise, minus infinite where no signal."""
    if not (math.isfinite(signal) and math.isfinite(noise)):
        return -math.inf
    if noise <= 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0 else -math.inf


def _energy(values: NDArray[Any]) -> float:
    flat = values.reshape(-1)
    return float(flat @ flat)


def _largest(values: NDArray[Any]) -> float:
    found = float(np.max(np.abs(values))) if values.size else 0.0
    return found if math.isfinite(found) else 0.0
