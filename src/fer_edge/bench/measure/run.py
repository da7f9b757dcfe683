"""One run: generations of processes, in each of them rounds, in each round every subject's turn in random order.

Why so: what a process got by chance (its memory layout) is averaged over generations; a slow minute or a CPU in a slow
state meets all subjects of a round alike, because a turn takes milliseconds and all single-threaded turns of one round
run on the same CPU, drawn anew for each round.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fer_edge.bench.measure.energy import Energy
from fer_edge.bench.measure.engines import name_engine
from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.process import Process
from fer_edge.bench.measure.recording import SubjectRecording
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.measure.system_monitor import SystemMonitor
from fer_edge.bench.measure.timing import warm_up
from fer_edge.runtime.errors import EngineError

STARTING = 2
"""Processes that import their engine at a time; nothing is timed meanwhile."""
_T = TypeVar("_T")
MOST_CHILDREN = 32
"""Processes alive at a time; more subjects are measured in batches, drawn anew in each generation."""


@dataclass(slots=True)
class MeasurementRun:
    """The run and what it has taken so far.

    Attributes:
        plan: of the mode.
        subjects: in the order of the table.
        seed: of every order.
        slower: subject's position -> share by which its calls are made slower, for the harness's own trials.
        stretched: subject's position -> share by which its times are made longer, likewise.
        tell: gets a line now and then.
        taken: one entry a subject.
        monitor: readings of the system.
        complete: False after Ctrl-C.
    """

    plan: MeasurementPlan
    subjects: Sequence[Subject]
    seed: int = 0
    slower: Mapping[int, float] = field(default_factory=dict)
    stretched: Mapping[int, float] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda _line: None
    monitor: SystemMonitor = field(default_factory=SystemMonitor)
    energy: Energy = field(default_factory=Energy)
    taken: list[SubjectRecording] = field(init=False)
    complete: bool = True
    _rng: random.Random = field(init=False)
    _begin: float = field(init=False, default=0.0)
    _cpus: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.taken = [SubjectRecording(subject) for subject in self.subjects]
        self._rng = random.Random(self.seed)
        self._cpus = fast_cpus()

    def go(self) -> list[SubjectRecording]:
        """Measure until the plan's time is over, or Ctrl-C."""
        self._begin = time.monotonic()
        try:
            for generation in range(self.plan.generations):
                if generation >= self.plan.fewest_generations and self._now() > self.plan.seconds:
                    break
                if all(taken.failure is not None for taken in self.taken):
                    break
                left = f", about {rest:.0f} s left" if (rest := self.plan.seconds - self._now()) > 1 else ""
                self.tell(f"generation {generation + 1} of {self.plan.generations}{left}")
                self._generation(generation)
        except KeyboardInterrupt:
            self.complete = False
        return self.taken

    def _generation(self, generation: int) -> None:
        alive = [index for index, taken in enumerate(self.taken) if taken.failure is None]
        groups = split_batches(alive, self._rng) if alive else []
        for number, group in enumerate(groups, 1):
            done = generation + number / len(groups)
            until = self._begin + self.plan.seconds * done / self.plan.generations
            self._batch(generation, group, until)

    def _batch(self, generation: int, group: Sequence[int], until: float) -> None:
        with contextlib.ExitStack() as stack:
            children = self._start(group, stack)
            for index in shuffle(list(children), self._rng):
                with self._blamed(index, children):
                    self._load(generation, index, children[index])
            counts: dict[tuple[int, str], int] = {}
            for index in shuffle(list(children), self._rng):
                with self._blamed(index, children):
                    counts.update(self._warm(index, children[index]))
            with self.monitor.window():
                self._rounds(generation, children, counts, until)
            for index, child in list(children.items()):
                with self._blamed(index, children):
                    self._remember(index, child)

    @contextlib.contextmanager
    def _blamed(self, index: int, children: dict[int, Process]) -> Iterator[None]:
        """A subject that fails is left out from here on; the others go on."""
        try:
            yield
        except EngineError as error:
            self.taken[index].failure = str(error)
            child = children.pop(index, None)  # none where it did not live to its first command
            if child is not None:
                child.close()

    def _start(self, group: Sequence[int], stack: contextlib.ExitStack) -> dict[int, Process]:
        children: dict[int, Process] = {}
        for position in range(len(group) + STARTING - 1):
            if position < len(group):
                index = group[position]
                with self._blamed(index, children):
                    made = Process(
                        self.subjects[index], self.slower.get(index), self.stretched.get(index, 0.0)
                    )
                    children[index] = stack.enter_context(made)
            if position >= STARTING - 1:
                index = group[position - STARTING + 1]
                if index in children:
                    with self._blamed(index, children):
                        children[index].ready()
        return children

    def _load(self, generation: int, index: int, child: Process) -> None:
        begin = self._now()
        load, first = child.load()
        taken = self.taken[index]
        taken.engine = name_engine(taken.subject.engine, child.engine)
        taken.series("load").add([load], generation, 0, begin)
        taken.series("first").add([first], generation, 0, begin)

    def _warm(self, index: int, child: Process) -> dict[tuple[int, str], int]:
        """Warm up each stage; how many calls fill one turn of it."""
        counts = {}
        for stage in dict.fromkeys(self.plan.stages):
            cpu = self._cpu(index)
            seconds, steady = warm_up(lambda count, stage=stage, cpu=cpu: child.turn(stage, count, cpu))  # type: ignore[misc]
            self.taken[index].restless += not steady
            counts[index, stage] = max(self.plan.fewest_calls, round(self.plan.turn_seconds / seconds))
        return counts

    def _rounds(
        self,
        generation: int,
        children: dict[int, Process],
        counts: Mapping[tuple[int, str], int],
        until: float,
    ) -> None:
        turn = 0
        until = max(until, time.monotonic() + self.plan.repeat_seconds)
        while children and (
            turn < self.plan.fewest_rounds
            or time.monotonic() < until
            or self._wants_queries(generation, children)
        ):
            stage = self.plan.stages[turn % len(self.plan.stages)]
            self._round(generation, turn, stage, children, counts)
            turn += 1

    def _wants_queries(self, generation: int, children: Mapping[int, Process]) -> bool:
        if not self.plan.queries:
            return False
        blocks = [block for index in children for block in self.taken[index].series("inference").blocks]
        return sum(block.count for block in blocks if block.generation == generation) < self.plan.queries

    def _round(
        self,
        generation: int,
        turn: int,
        stage: str,
        children: dict[int, Process],
        counts: Mapping[tuple[int, str], int],
    ) -> None:
        """Everybody's turn; its samples count only when all of them are there."""
        cpu = self._rng.choice(self._cpus) if self._cpus else None
        took: list[tuple[int, list[int], float, float | None]] = []
        for index in shuffle(list(children), self._rng):
            with self._blamed(index, children):
                begin = self._now()
                before = self.energy.read() if self.energy.shown else None
                one_cpu = cpu if self.subjects[index].threads == 1 else None
                samples = children[index].turn(stage, counts[index, stage], one_cpu)
                used = self.energy.joules(before, self.energy.read()) if before else None
                took.append((index, samples, begin, used))
        for index, samples, begin, used in took:
            self.taken[index].series(stage).add(samples, generation, turn, begin)
            if used is not None and stage == "inference":
                self.taken[index].joules = (self.taken[index].joules or 0.0) + used
                self.taken[index].inferences += len(samples)

    def _remember(self, index: int, child: Process) -> None:
        peak, steady = child.memory()
        taken = self.taken[index]
        for values, value in ((taken.peak, peak), (taken.steady, steady), (taken.base, child.base_memory)):
            if value is not None:
                values.append(value)

    def _cpu(self, index: int) -> int | None:
        alone = self.subjects[index].threads == 1 and self._cpus
        return self._rng.choice(self._cpus) if alone else None

    def _now(self) -> float:
        return time.monotonic() - self._begin


def shuffle(items: Sequence[_T], rng: random.Random) -> list[_T]:
    """The items in a random order."""
    return rng.sample(list(items), len(items))


def split_batches(items: Sequence[_T], rng: random.Random, most: int = MOST_CHILDREN) -> list[list[_T]]:
    """The items in random order, in as few batches of about one size as there may be."""
    order = shuffle(items, rng)
    number = -(-len(order) // most)
    return [order[index::number] for index in range(number)]


def fast_cpus(root: Path = Path("/")) -> list[int]:
    """The CPUs that this process may use; where they differ (big and little cores), the fastest of them.

    Returns:
        Numbers in order; empty where the system does not let a process choose.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    allowed = sorted(os.sched_getaffinity(0))
    capacity = {cpu: _capacity(root, cpu) for cpu in allowed}
    return [cpu for cpu in allowed if capacity[cpu] == max(capacity.values())]


def _capacity(root: Path, cpu: int) -> int:
    place = root / "sys/devices/system/cpu" / f"cpu{cpu}" / "cpu_capacity"
    try:
        return int(place.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
