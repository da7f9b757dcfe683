"""The modes: how long, how many processes, which stages in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace

ALL_STAGES = ("inference", "whole", "inference", "camera")
"""Stages of the rounds of a generation, over and over; ``load`` and ``first`` come once a process by themselves."""


@dataclass(frozen=True, slots=True)
class MeasurementPlan:
    """The layout of one run.

    Attributes:
        name: of the mode.
        seconds: of the whole run, start-up of the processes included.
        generations: how many fresh processes each subject gets, one after the other.
        fewest_generations: that there are even if the time is over (a busy machine starts processes slowly).
        fewest_rounds: of one generation, even if its time is over.
        stages: of the rounds, in turns.
        turn_seconds: how long one process runs before it is the next one's turn: long against the cost of the change
            (some tens of microseconds), short against a machine's changes of speed (some tenths of a second).
        fewest_calls: of one turn, however slow the model is.
        twin: whether the first subject is measured twice, as the A/A check.
        repeats: of a whole measurement (``mlperf``); 0: the plan has none.
        queries: that one repeat has at least.
        repeat_seconds: that one repeat takes at least.
    """

    name: str
    seconds: float
    generations: int
    stages: tuple[str, ...] = ALL_STAGES
    turn_seconds: float = 0.010
    fewest_calls: int = 3
    twin: bool = True
    fewest_generations: int = 2
    fewest_rounds: int = 4
    repeats: int = 0
    queries: int = 0
    repeat_seconds: float = 0.0


DEFAULT = MeasurementPlan("default", 60.0, 3)
QUICK = MeasurementPlan("quick", 10.0, 3)
COMPARE = MeasurementPlan("compare", 30.0, 16, ("inference",), 0.005, fewest_generations=8, fewest_rounds=30)
COMPARE_QUICK = MeasurementPlan(
    "compare-quick", 10.0, 8, ("inference",), 0.005, fewest_generations=8, fewest_rounds=16
)
"""Two or three processes: short turns bring neighbors closer together, and many of them bear some that were disturbed."""
SUSTAINED = MeasurementPlan("sustained", 600.0, 1, ("inference",), turn_seconds=0.25, twin=False)
MLPERF = MeasurementPlan(
    "mlperf",
    0.0,
    5,
    ("inference",),
    turn_seconds=0.25,
    twin=False,
    fewest_generations=5,
    repeats=5,
    queries=1024,
    repeat_seconds=61.0,
)
"""A repeat is a generation; the 61st second covers what the changes of turn take of the 60."""

_SECONDS_EACH = {"default": 2.5, "quick": 1.0}
"""The time that a further subject adds once the mode's own time is shared by many: start-up three times, and some samples."""
_SHARED_BY = {"default": 24, "quick": 2}


def size_plan(plan: MeasurementPlan, subjects: int) -> MeasurementPlan:
    """The plan with time for so many subjects: a bundle of 23 variants fits the mode's own."""
    extra = max(0, subjects - _SHARED_BY.get(plan.name, subjects))
    generations = plan.generations if extra == 0 or plan.name != "quick" else 2
    seconds = plan.seconds + extra * _SECONDS_EACH.get(plan.name, 0.0)
    return replace(plan, seconds=seconds, generations=generations)
