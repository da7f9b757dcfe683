"""Which variant, engine and number of threads to ship: measured by successive halving, judged against limits.

A cheap pass over everything that is small enough, then more time for fewer contenders (K. Jamieson, A. Talwalkar,
"Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS 2016, algorithm 1), with one change:
whoever is within ``NEAR`` of the leader stays, so that noise of a cheap pass throws out nobody who may be the best. All
contenders of a pass are measured side by side, so a slow minute hits them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fer_edge.bench.advice.passes import PASSES, Effort, Measured
from fer_edge.bench.measure.subject import Subject

NEAR = 0.08
"""Share above the leader's time within which a contender stays; a cheap pass is good to about half of that."""
MOST_FINALISTS = 6
TIE = 0.01
"""Share within which two times are the same for a user; then threads, accuracy and size decide."""
PREFERENCES = ("latency", "size", "accuracy")


@dataclass(frozen=True, slots=True)
class Limits:
    """What must hold; None: no limit.

    Attributes:
        latency: seconds of the whole path, camera bytes to probabilities.
        size: bytes of the artifact.
        memory: bytes that engine and model add to a process.
    """

    latency: float | None = None
    size: int | None = None
    memory: int | None = None


Measure = Callable[[Sequence[Subject], Effort], Mapping[str, Measured]]
"""Measures some subjects side by side; by their names, those that failed left out."""


@dataclass(slots=True)
class Candidate:
    """A variant in an engine with a number of threads, and what became of it.

    Attributes:
        subject: which; its label is unique.
        passes: what each pass measured, in order.
        why: why it was not chosen; empty for the choice.
    """

    subject: Subject
    passes: list[Measured] = field(default_factory=list)
    why: str = ""

    @property
    def last(self) -> Measured | None:
        """Of the longest pass that it was in."""
        return self.passes[-1] if self.passes else None


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer.

    Attributes:
        choice: to ship; None: nothing fits.
        closest: what comes closest where nothing fits; None where something does, or nothing could be measured.
        candidates: all, in the order of the bundle.
    """

    choice: Candidate | None
    closest: Candidate | None
    candidates: tuple[Candidate, ...]


def advise(
    subjects: Sequence[Subject],
    limits: Limits,
    prefer: str,
    measure: Measure,
    passes: Sequence[Effort] = PASSES,
) -> Advice:
    """Measure and choose.

    Args:
        subjects: every variant, engine and number of threads, each with a label of its own.
        limits: what must hold.
        prefer: ``latency``, ``size`` or ``accuracy``: what is best among those that fit.
        measure: does one pass.
        passes: from cheap to thorough; the last one decides.
    """
    candidates = tuple(Candidate(subject) for subject in subjects)
    contenders = [entry for entry in candidates if limits.size is None or entry.subject.bytes <= limits.size]
    for number, effort in enumerate(passes):
        if number and len(contenders) <= effort.keep:
            continue  # it would throw out nobody
        contenders = _passed(contenders, effort, measure)
        may_fit = [entry for entry in contenders if not _clearly_over(entry, limits)]
        if not may_fit:
            contenders = []
            break
        contenders = _kept(may_fit, limits, prefer, effort.keep) if effort.keep else may_fit
    fitting = [entry for entry in contenders if excess(entry, limits) <= 0]
    choice = _best(fitting, prefer) if fitting else None
    return Advice(choice, None if choice else _closest(candidates, limits), candidates)


def excess(entry: Candidate, limits: Limits) -> float:
    """By which share of its limit the worst figure is over it; 0 or less: all limits hold.

    A latency counts with the upper end of its interval, so that a limit that is said to hold does hold; memory that the
    system does not show is over any limit, because it cannot be proven to be below.
    """
    found = entry.last
    if limits.memory is not None and found is not None and found.memory is None:
        return float("inf")
    figures = [
        (limits.size, entry.subject.bytes),
        (limits.latency, found.high if found else None),
        (limits.memory, found.memory if found else None),
    ]
    known = [figure / limit - 1 for limit, figure in figures if limit is not None and figure is not None]
    return max(known, default=0.0)


def order(entry: Candidate, prefer: str) -> tuple[float, ...]:
    """The smaller, the better; not proven accuracy comes last."""
    time = entry.last.relative if entry.last else float("inf")
    if prefer == "size":
        return (entry.subject.bytes, time)
    if prefer == "accuracy":
        return (-(entry.subject.accuracy or 0.0), time)
    return (time,)


def _passed(contenders: Sequence[Candidate], effort: Effort, measure: Measure) -> list[Candidate]:
    if not contenders:
        return []
    found = measure([entry.subject for entry in contenders], effort)
    for entry in contenders:
        if entry.subject.name in found:
            entry.passes.append(found[entry.subject.name])
    return [entry for entry in contenders if entry.subject.name in found]


def _clearly_over(entry: Candidate, limits: Limits) -> bool:
    found = entry.last
    if found is None:
        return True
    slow = limits.latency is not None and found.low > limits.latency * (1 + NEAR)
    return slow or (limits.memory is not None and (found.memory or 0) > limits.memory)


def _kept(contenders: Sequence[Candidate], limits: Limits, prefer: str, number: int) -> list[Candidate]:
    """The best ones, whoever is near the leader, and a fallback; in the order in which they came.

    The fallback is the best one that fits with room to spare, and the fastest: the smallest or most accurate ones may all
    turn out to be just over the latency limit.
    """
    ranked = sorted(contenders, key=lambda entry: order(entry, prefer))
    near = _near(ranked, NEAR) if prefer == "latency" else []
    kept = [*ranked[:number], *near[: max(number, MOST_FINALISTS)]]
    kept += [entry for entry in ranked if _has_room(entry, limits)][:1]
    kept += sorted(contenders, key=lambda entry: order(entry, "latency"))[:1]
    return [entry for entry in contenders if entry in kept]


def _has_room(entry: Candidate, limits: Limits) -> bool:
    latency = None if limits.latency is None else limits.latency / (1 + NEAR)
    return excess(entry, replace(limits, latency=latency)) <= 0


def _near(ranked: Sequence[Candidate], share: float) -> list[Candidate]:
    best = min(entry.last.relative for entry in ranked if entry.last)
    return [entry for entry in ranked if entry.last and entry.last.relative <= best * (1 + share)]


def _best(fitting: Sequence[Candidate], prefer: str) -> Candidate:
    ranked = sorted(fitting, key=lambda entry: order(entry, prefer))
    if prefer != "latency":
        first = order(ranked[0], prefer)[0]
        ranked = [entry for entry in ranked if order(entry, prefer)[0] == first]
    equal = _near(ranked, TIE)
    return min(
        equal,
        key=lambda entry: (entry.subject.threads, -(entry.subject.accuracy or 0.0), entry.subject.bytes),
    )


def _closest(candidates: Sequence[Candidate], limits: Limits) -> Candidate | None:
    measured = [entry for entry in candidates if entry.passes]
    pool = measured or [
        entry for entry in candidates if limits.size is not None and entry.subject.bytes > limits.size
    ]
    return min(pool, key=lambda entry: excess(entry, limits), default=None)
