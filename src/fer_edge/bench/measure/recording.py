"""The recording of one subject in a run, growing round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Block


@dataclass(slots=True)
class Series:
    """Samples of one stage.

    Attributes:
        samples: seconds.
        blocks: how they came about.
    """

    samples: list[float] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def add(self, nanoseconds: Sequence[int], generation: int, turn: int, begin: float) -> None:
        """Append one turn."""
        # Divided, not multiplied by 1e-9: the nearest float is the one that the file's nine decimals are read as.
        self.samples += [sample / 1e9 for sample in nanoseconds]
        self.blocks.append(Block(generation, turn, len(nanoseconds), begin))


@dataclass(slots=True)
class SubjectRecording:
    """Everything measured of one subject.

    Attributes:
        subject: which.
        engine: library and version; empty until it was loaded.
        stages: stage -> its samples.
        peak, steady, base: memory of each process in bytes.
        joules: energy of the inference turns; None: not shown.
        inferences: that this energy was used for.
        failure: why it could not be measured (further); None: all well.
        restless: processes that did not become steady within the warm-up's limit.
    """

    subject: Subject
    engine: str = ""
    stages: dict[str, Series] = field(default_factory=dict)
    peak: list[int] = field(default_factory=list)
    steady: list[int] = field(default_factory=list)
    base: list[int] = field(default_factory=list)
    joules: float | None = None
    inferences: int = 0
    failure: str | None = None
    restless: int = 0

    def series(self, stage: str) -> Series:
        """The samples of a stage."""
        return self.stages.setdefault(stage, Series())
