"""The choice of variant, engine and number of threads: measured by successive halving, held against limits.

A cheap pass over everything that is small enough, then more time for fewer contenders (K. Jamieson, A. Talwalkar,
"Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS 2016, algorithm 1), with one change:
whoever is within ``NEAR`` of the leader stays, so that noise of a cheap pass throws out nobody who may be the best. All
contenders of a pass are measured side by side, so a slow minute hits them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from fer_edge.bench.advice.passes import PASSES, Effort, MeasuredRow
from fer_edge.bench.measure.subject import Subject

NEAR = 0.08
"""Share above the leader's time within which a contender stays; a cheap pass is good to about half of that."""
MOST_FINALISTS = 6
TIE = 0.01
"""Share within which two times are the same for a user; then threads, accuracy and size decide."""
PREFERENCES = ("latency", "size", "accuracy")

Measure = Callable[[Sequence[Subject], Effort], Mapping[str, MeasuredRow]]
"""Measures some subjects side by side; by their names, those that failed left out."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Limits that must hold (None: no limit), and what is best among those that fit.

    Attributes:
        latency: seconds of the whole path, camera bytes to probabilities.
        size: bytes of the artifact.
        memory: bytes that engine and model add to a process.
        prefer: ``latency``, ``size`` or ``accuracy``.
    """

    latency: float | None = None
    size: int | None = None
    memory: int | None = None
    prefer: str = "latency"


@dataclass(slots=True, eq=False)
class Candidate:
    """A variant in an engine with a number of threads, and what became of it.

    Attributes:
        subject: which; its label is unique.
        passes: what each pass measured, in order.
        why: why it was not chosen; empty for the choice.
    """

    subject: Subject
    passes: list[MeasuredRow] = field(default_factory=list)
    why: str = ""

    @property
    def last(self) -> MeasuredRow | None:
        """Of the longest pass that it was in."""
        return self.passes[-1] if self.passes else None

    @property
    def relative(self) -> float:
        """Its time in that pass against the others'; infinite where it was in none."""
        return self.passes[-1].relative if self.passes else inf

    @property
    def accuracy(self) -> float:
        """Share of right answers; one that is not proven counts as none."""
        return self.subject.accuracy or 0.0

    def excess(self, goal: Goal) -> float:
        """By which share of its limit the worst figure is over it; 0 or less: all limits hold.

        A latency counts with the upper end of its interval, so that a limit that is said to hold does hold; memory that
        the system does not show is over any limit, because it cannot be proven to be below.
        """
        found = self.last
        if goal.memory is not None and found is not None and found.memory is None:
            return inf
        figures = [
            (goal.size, self.subject.bytes),
            (goal.latency, found.high if found else None),
            (goal.memory, found.memory if found else None),
        ]
        known = [figure / limit - 1 for limit, figure in figures if limit is not None and figure is not None]
        return max(known, default=0.0)

    def rank(self, prefer: str) -> tuple[float, ...]:
        """The smaller, the better."""
        ranks = {"latency": (), "size": (self.subject.bytes,), "accuracy": (-self.accuracy,)}
        return (*ranks[prefer], self.relative)


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer.

    Attributes:
        goal: that was asked for.
        choice: to ship; None: nothing fits.
        closest: what comes closest where nothing fits; None where something does, or nothing could be measured.
        candidates: all, in the order of the bundle.
    """

    goal: Goal
    choice: Candidate | None
    closest: Candidate | None
    candidates: tuple[Candidate, ...]


def advise(
    subjects: Sequence[Subject], goal: Goal, measure: Measure, passes: Sequence[Effort] = PASSES
) -> Advice:
    """Measure and choose.

    Args:
        subjects: every variant, engine and number of threads, each with a label of its own.
        goal: what must hold, and what is best among those that fit.
        measure: does one pass.
        passes: from cheap to thorough; the last one decides.
    """
    candidates = tuple(Candidate(subject) for subject in subjects)
    contenders = [entry for entry in candidates if goal.size is None or entry.subject.bytes <= goal.size]
    for number, effort in enumerate(passes):
        if number and len(contenders) <= effort.keep:
            continue  # it would throw out nobody
        contenders = [
            entry for entry in _measure(contenders, effort, measure) if not _is_clearly_over(entry, goal)
        ]
        if effort.keep:
            contenders = _keep(contenders, goal, effort.keep)
    fitting = [entry for entry in contenders if entry.excess(goal) <= 0]
    choice = _best(fitting, goal.prefer) if fitting else None
    return Advice(goal, choice, None if choice else _closest(candidates, goal), candidates)


def _measure(contenders: Sequence[Candidate], effort: Effort, measure: Measure) -> list[Candidate]:
    """Those that could be measured."""
    found = measure([entry.subject for entry in contenders], effort) if contenders else {}
    kept = [entry for entry in contenders if entry.subject.name in found]
    for entry in kept:
        entry.passes.append(found[entry.subject.name])
    return kept


def _is_clearly_over(entry: Candidate, goal: Goal) -> bool:
    found = entry.passes[-1]
    is_slow = goal.latency is not None and found.low > goal.latency * (1 + NEAR)
    return is_slow or (goal.memory is not None and (found.memory or 0) > goal.memory)


def _keep(contenders: Sequence[Candidate], goal: Goal, number: int) -> list[Candidate]:
    """The best ones, whoever is near the leader, and a fallback; in the order in which they came.

    The fallback is the best one that fits with room to spare, and the fastest: the smallest or most accurate ones may all
    turn out to be just over the latency limit.
    """
    ranked = sorted(contenders, key=lambda entry: entry.rank(goal.prefer))
    near = _near(ranked, NEAR) if goal.prefer == "latency" else []
    roomy = goal if goal.latency is None else replace(goal, latency=goal.latency / (1 + NEAR))
    kept = [*ranked[:number], *near[: max(number, MOST_FINALISTS)]]
    kept += [entry for entry in ranked if entry.excess(roomy) <= 0][:1]
    kept += sorted(contenders, key=lambda entry: entry.relative)[:1]
    return [entry for entry in contenders if entry in kept]


def _near(ranked: Sequence[Candidate], share: float) -> list[Candidate]:
    best = min((entry.relative for entry in ranked), default=inf)
    return [entry for entry in ranked if entry.relative <= best * (1 + share)]


def _best(fitting: Sequence[Candidate], prefer: str) -> Candidate:
    ranked = sorted(fitting, key=lambda entry: entry.rank(prefer))
    if prefer != "latency":
        ranked = [entry for entry in ranked if entry.rank(prefer)[0] == ranked[0].rank(prefer)[0]]
    return min(
        _near(ranked, TIE), key=lambda entry: (entry.subject.threads, -entry.accuracy, entry.subject.bytes)
    )


def _closest(candidates: Sequence[Candidate], goal: Goal) -> Candidate | None:
    pool = [entry for entry in candidates if entry.passes] or [
        entry for entry in candidates if goal.size is not None and entry.subject.bytes > goal.size
    ]
    return min(pool, key=lambda entry: entry.excess(goal), default=None)
