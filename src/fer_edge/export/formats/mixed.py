"""Which layers of a calibrated file stay in float: no more than accuracy takes, within limits of size and time.

The search is the same for every format; a format gives units (a layer each) and a way to build a file from a set of them:

1. All at 8 bits. If that is near enough to the original on the held-out pictures, nothing stays in float.
2. Kinds of layers (all layer normalizations, all convolutions ...) are freed one kind at a time, which tells how much of
   the error each causes. The worst kinds are then freed together, until the file is near enough.
3. What was freed goes back to 8 bits by halves, as long as the file stays near enough.

Nothing is random and every tie is broken by the order of the graph, so the same inputs give the same file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import CheckFailed

MOST_TRIALS = 60
"""Files that one search builds at most; each takes about a second for networks that phones run."""
MEAN_LIMIT, WORST_LIMIT = 0.01, 0.15
"""Mean and largest difference of a probability on the held-out pictures: half of what int8 may differ by, since parity
is measured on other pictures than these."""
NAMED = 6
"""Layers that a note names."""

ROUNDS = 3
"""Passes over the held-out pictures, the fastest of which is held against ``--max-latency``."""

Units = frozenset[int]
"""Numbers of units that stay in float."""


@dataclass(frozen=True)
class Limits:
    """Limits of a mixed file, as typed.

    Attributes:
        max_drop: share (0..1) of held-out pictures whose first label may change.
        max_size: bytes; None: any.
        max_latency: seconds an inference on this machine, one thread; None: any.
    """

    max_drop: float = 0.005
    max_size: int | None = None
    max_latency: float | None = None


@dataclass(frozen=True)
class Unit:
    """A layer that is quantized or not.

    Attributes:
        name: the module's path, such as ``blocks.0.norm1``.
        kind: what it shares with others, such as ``LayerNorm``.
        operators: the format's own keys of its operators.
    """

    name: str
    kind: str
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """One file that was tried.

    Attributes:
        kept: which units are in float.
        file: its bytes.
        drop: share of held-out pictures whose first label is another than the original's.
        mean: mean absolute difference of probabilities.
        worst: the largest one.
    """

    kept: Units
    file: bytes
    drop: float
    mean: float
    worst: float

    def is_near(self, limits: Limits) -> bool:
        """Whether it answers as the original does."""
        return self.drop <= limits.max_drop and self.mean <= MEAN_LIMIT and self.worst <= WORST_LIMIT


@dataclass
class Search:
    """A search for one file.

    Attributes:
        units: in the order of the graph.
        build: what makes the file in which the operators of these keys stay in float.
        answer: probabilities of the held-out pictures, (n, labels) float32.
        expected: the original's, likewise.
        limits: to be kept.
        tried: how many files were built.
    """

    units: Sequence[Unit]
    build: Callable[[frozenset[str]], bytes]
    answer: Callable[[bytes], NDArray[np.float32]]
    expected: NDArray[np.float32]
    limits: Limits
    tried: int = 0
    _known: dict[Units, Trial] = field(default_factory=dict)

    def run(self) -> Trial:
        """The file with the fewest layers in float that the search finds.

        Raises:
            CheckFailed: none keeps the limits.
        """
        plain = self._try(frozenset())
        found = plain if plain.is_near(self.limits) else self._free_kinds(plain)
        if found.kept and found.is_near(self.limits):
            found = self._give_back(found)
        if not found.is_near(self.limits) or not self._fits(found):
            raise CheckFailed(self._describe_failure(plain, found))
        self._refuse_slow(found)
        return found

    def describe(self, found: Trial) -> str:
        """The sentence for table and card."""
        if not found.kept:
            return "auto: every layer at 8 bits"
        names = [self.units[number].name for number in sorted(found.kept)]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        plain = self._try(frozenset())
        return (
            f"auto: {len(names)} of {len(self.units)} layers stay in float: {', '.join(names[:NAMED])}{more}; with all "
            f"at 8 bits {plain.drop:.1%} of the first labels change and probabilities move by {plain.mean:.2g} on "
            f"average, so {found.drop:.1%} and {found.mean:.2g}"
        )

    def _try(self, kept: Units) -> Trial:
        if kept not in self._known:
            operators = frozenset(key for number in kept for key in self.units[number].operators)
            file = self.build(operators)
            answers = self.answer(file)
            away = np.abs(answers.astype(np.float64) - self.expected)
            drop = float((answers.argmax(axis=1) != self.expected.argmax(axis=1)).mean())
            self.tried += 1
            self._known[kept] = Trial(kept, file, drop, float(away.mean()), float(away.max()))
        return self._known[kept]

    def _fits(self, trial: Trial) -> bool:
        return self.limits.max_size is None or len(trial.file) <= self.limits.max_size

    def _free_kinds(self, plain: Trial) -> Trial:
        """Free kinds, the one that causes most of the error first, until the file is near enough."""
        kinds: dict[str, list[int]] = {}
        for number, unit in enumerate(self.units):
            kinds.setdefault(unit.kind, []).append(number)
        alone = [self._try(frozenset(numbers)) for numbers in kinds.values()]
        best = plain
        for trial in sorted(alone, key=lambda one: one.mean):  # sorted keeps the graph's order of equals
            if best.is_near(self.limits):
                break
            together = self._try(best.kept | trial.kept)
            if together.mean < best.mean:
                best = together
        if not best.is_near(self.limits):
            # One label between two near equals may hang on a kind whose float costs on average.
            every = self._try(frozenset(range(len(self.units))))
            best = every if every.is_near(self.limits) else best
        return best

    def _give_back(self, freed: Trial) -> Trial:
        """Back to 8 bits, by halves, whatever need not be in float."""
        best, pending = freed, [sorted(freed.kept)]
        while pending and self.tried < MOST_TRIALS:
            part = pending.pop(0)
            without = self._try(best.kept - frozenset(part))
            if without.is_near(self.limits):
                best = without
            elif len(part) > 1:
                pending += [part[: len(part) // 2], part[len(part) // 2 :]]
        return best

    def _refuse_slow(self, found: Trial) -> None:
        """Processor time of one thread, so that other programs do not count; opening the file is part of it."""
        allowed = self.limits.max_latency
        if allowed is None:
            return
        seconds = self._seconds(found)
        if seconds > allowed:
            least = min(seconds, self._seconds(self._try(frozenset())))
            way = (
                f"loosen --max-drop: all at 8 bits takes {1000 * least:.2g} ms"
                if least <= allowed
                else f"all at 8 bits takes {1000 * least:.2g} ms: raise --max-latency, or take a smaller network"
            )
            raise CheckFailed(
                f"auto: {len(found.kept)} of {len(self.units)} layers in float keep --max-drop "
                f"{100 * self.limits.max_drop:g}, and an inference then takes {1000 * seconds:.2g} ms on this machine; allowed by "
                f"--max-latency are {1000 * allowed:g}; {way}"
            )

    def _seconds(self, trial: Trial) -> float:
        return min(_time(lambda: self.answer(trial.file)) for _ in range(ROUNDS)) / len(self.expected)

    def _describe_failure(self, plain: Trial, nearest: Trial) -> str:
        size = "" if self.limits.max_size is None else f" within --max-size {self.limits.max_size / 1000:g}"
        return (
            f"auto: no mix of layers keeps --max-drop {100 * self.limits.max_drop:g}{size}: all at 8 bits has "
            f"{len(plain.file) / 1000:.0f} kB and changes {plain.drop:.1%} of the first labels, the nearest mix "
            f"{len(nearest.file) / 1000:.0f} kB and {nearest.drop:.1%} (mean difference {nearest.mean:.2g}, allowed {MEAN_LIMIT:g}); "
            f"{self._way_out(plain, nearest)}"
        )

    def _way_out(self, plain: Trial, nearest: Trial) -> str:
        if not self._fits(plain):
            return "not even that fits: raise --max-size, or take a smaller network"
        return (
            "raise --max-size or --max-drop"
            if nearest.is_near(self.limits)
            else "raise --max-drop, or take fp16"
        )


def _time(call: Callable[[], object]) -> float:
    begin = time.thread_time()
    call()
    return time.thread_time() - begin


def group_units(operators: Iterable[tuple[str, str, str]]) -> list[Unit]:
    """Units of operators that share a module: (key, module's path, kind) each, in the order of the graph."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, name, kind in operators:
        found.setdefault((name, kind), []).append(key)
    return [Unit(name, kind, tuple(keys)) for (name, kind), keys in found.items()]
