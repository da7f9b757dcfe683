"""The result of a measurement: classes, strict reader and atomic writer of ``fer-edge-bench/1``.

The members that INTERFACES.md names (``schema bundle_sha256 environment records``, and of a record ``variant engine
threads stage unit samples trusted reasons``) are always there. What this module adds is optional, so that the app's
benchmark activity, which knows nothing of it, writes files of the same schema:

| where    | member      | is |
|----------|-------------|----|
| document | `target`    | where it ran: `host` (default), `adb:SERIAL`, `ssh:HOST` |
| document | `mode`      | an object: `name` of the mode, `seed`, `seconds` and what else the mode chose |
| document | `artifacts` | a list: what is known of each measured file besides its times |
| document | `complete`  | false where the run was interrupted; default true |
| document | `extra`     | an object with whatever else |
| record   | `subject`   | what tells two records of one variant apart, such as `A` and `B`; default the variant |
| record   | `blocks`    | `[generation, turn, count, begin]`: how the samples, in their order, came about |

Unknown members are errors, except inside ``environment``, ``mode`` and ``extra``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.bench.results.record_json import JSON, LARGEST_RESULT
from fer_edge.runtime.atomic import write_text
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.paths import kind_of, read_plain

SCHEMA = "fer-edge-bench/1"
STAGES = ("load", "first", "inference", "camera", "whole")
"""``load``: file to ready engine. ``first``: the first inference after it. ``inference``: tensor to probabilities, steady.
``camera``: camera bytes to tensor. ``whole``: camera bytes to probabilities."""
UNIT = "seconds"
RowKey = tuple[str, str, int]
"""Name, engine and threads: what the records of one row of a table share."""


@dataclass(frozen=True, slots=True)
class Block:
    """Samples that one process took in one go.

    Attributes:
        generation: which process of the subject: 0, 1, ... Times of one process share its memory layout.
        turn: which turn of the generation; turns of the same number of two subjects ran side by side.
        count: how many samples; the blocks of a record add up to all of them.
        begin: seconds from the start of the run.
    """

    generation: int
    turn: int
    count: int
    begin: float


@dataclass(frozen=True, slots=True)
class Record:
    """The times of one stage of one artifact in one engine.

    Attributes:
        variant: ``<format>-<precision>[-image][-qio]``, or a lone file's stem.
        engine: library and version.
        threads: that the engine was given.
        stage: one of ``STAGES``.
        samples: seconds, in the order in which they were taken; all of them, at least one.
        trusted: whether the figures may be relied on.
        reasons: why not, each a sentence with advice; empty where trusted.
        subject: tells two records of one variant apart; empty stands for the variant.
        blocks: how the samples came about; empty where that is not known.
        unit: ``seconds``.
    """

    variant: str
    engine: str
    threads: int
    stage: str
    samples: tuple[float, ...]
    trusted: bool = True
    reasons: tuple[str, ...] = ()
    subject: str = ""
    blocks: tuple[Block, ...] = ()
    unit: str = UNIT

    @property
    def name(self) -> str:
        """The subject, else the variant."""
        return self.subject or self.variant

    @property
    def row(self) -> RowKey:
        """The row of a table that it belongs to."""
        return (self.name, self.engine, self.threads)

    @property
    def key(self) -> tuple[object, ...]:
        """The members that no two records of a document share."""
        return (self.name, self.variant, self.engine, self.threads, self.stage)

    def split(self) -> list[tuple[Block, tuple[float, ...]]]:
        """The samples by block, in order; one block of all where nothing is known."""
        found, at = [], 0
        for block in self.blocks or (Block(0, 0, len(self.samples), 0.0),):
            found.append((block, self.samples[at : at + block.count]))
            at += block.count
        return found


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is known of a measured file besides its times.

    Attributes:
        variant: as in its records.
        engine: as in its records.
        threads: as in its records.
        file: its name, without folders.
        sha256: of the file, or of a package's listing; None where it was not read.
        bytes: of the file, or of all files of the package.
        parity: verdict of the manifest; ``unknown`` for a lone file.
        accuracy: share of right answers that the manifest proves, 0 to 1; None where it was not measured.
        peak_memory_bytes: largest resident set of each process (``ru_maxrss``).
        steady_memory_bytes: proportional set size of each process after its last turn.
        base_memory_bytes: proportional set size of each process before the engine was imported.
        energy_joules: of one inference, where the system shows it (RAPL); None: unknown.
        subject: as in its records.
        extra: what other parts add, such as ``roofline``.
    """

    variant: str
    engine: str
    threads: int
    file: str
    sha256: str | None
    bytes: int
    parity: str = "unknown"
    accuracy: float | None = None
    peak_memory_bytes: tuple[int, ...] = ()
    steady_memory_bytes: tuple[int, ...] = ()
    base_memory_bytes: tuple[int, ...] = ()
    energy_joules: float | None = None
    subject: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The subject, else the variant."""
        return self.subject or self.variant

    @property
    def row(self) -> RowKey:
        """The row of a table that it belongs to."""
        return (self.name, self.engine, self.threads)

    @property
    def most_peak_memory(self) -> int | None:
        """The largest peak of any process."""
        return max(self.peak_memory_bytes, default=None)

    @property
    def most_steady_memory(self) -> int | None:
        """The largest steady memory of any process."""
        return max(self.steady_memory_bytes, default=None)


@dataclass(frozen=True, slots=True)
class Result:
    """The document.

    Attributes:
        environment: what the system showed; ``unknown`` where it shows nothing.
        records: at least one stage of one artifact.
        bundle_sha256: of the bundle's manifest; None for lone files.
        target: where it ran.
        mode: name, seed, seconds.
        artifacts: what is known besides the times.
        complete: false where the run was interrupted.
        extra: whatever else.
        schema: ``fer-edge-bench/1``.
    """

    environment: Mapping[str, Any]
    records: tuple[Record, ...]
    bundle_sha256: str | None = None
    target: str = "host"
    mode: Mapping[str, Any] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    complete: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    schema: str = SCHEMA

    @property
    def trusted(self) -> bool:
        """Whether every record is."""
        return all(record.trusted for record in self.records)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, each once, in order of appearance."""
        return tuple(dict.fromkeys(reason for record in self.records for reason in record.reasons))

    def artifact(self, record: Record) -> Artifact | None:
        """The facts that belong to a record."""
        return next((artifact for artifact in self.artifacts if artifact.row == record.row), None)

    def stage(self, stage: str) -> tuple[Record, ...]:
        """The records of one stage, in order."""
        return tuple(record for record in self.records if record.stage == stage)

    @classmethod
    def parse(cls, text: str | bytes) -> Result:
        """Read a document.

        Raises:
            DataError: not of the schema; the message names the member and what is allowed.
        """
        from fer_edge.bench.results.reader import read_result

        return read_result(JSON.load(text))

    def document(self) -> dict[str, Any]:
        """The members, ready for JSON."""
        members: dict[str, Any] = {
            "schema": self.schema,
            "bundle_sha256": self.bundle_sha256,
            "environment": dict(self.environment),
            "target": self.target,
            "mode": dict(self.mode),
            "records": [record_members(record) for record in self.records],
            "artifacts": [artifact_members(artifact) for artifact in self.artifacts],
        }
        if not self.complete:
            members["complete"] = False
        if self.extra:
            members["extra"] = dict(self.extra)
        return members

    def to_json(self) -> str:
        """The document as text: the same values give the same bytes."""
        return json.dumps(self.document(), ensure_ascii=False, allow_nan=False) + "\n"


def record_members(record: Record) -> dict[str, Any]:
    """A record as JSON has it; samples keep nanoseconds."""
    members: dict[str, Any] = {
        "variant": record.variant,
        "engine": record.engine,
        "threads": record.threads,
        "stage": record.stage,
        "unit": record.unit,
        "samples": [round(sample, 9) for sample in record.samples],
        "trusted": record.trusted,
        "reasons": list(record.reasons),
    }
    if record.subject:
        members["subject"] = record.subject
    if record.blocks:
        members["blocks"] = [
            [block.generation, block.turn, block.count, round(block.begin, 3)] for block in record.blocks
        ]
    return members


def artifact_members(artifact: Artifact) -> dict[str, Any]:
    """An artifact's facts as JSON has them; what is not known is left out."""
    members: dict[str, Any] = {
        "variant": artifact.variant,
        "engine": artifact.engine,
        "threads": artifact.threads,
        "file": artifact.file,
        "sha256": artifact.sha256,
        "bytes": artifact.bytes,
        "parity": artifact.parity,
        "accuracy": artifact.accuracy,
        "peak_memory_bytes": list(artifact.peak_memory_bytes),
        "steady_memory_bytes": list(artifact.steady_memory_bytes),
        "base_memory_bytes": list(artifact.base_memory_bytes),
        "energy_joules": artifact.energy_joules,
    }
    if artifact.subject:
        members["subject"] = artifact.subject
    if artifact.extra:
        members["extra"] = dict(artifact.extra)
    return members


def read(path: str | Path) -> Result:
    """A result file.

    Raises:
        DataError: absent, not of the schema, too large; the message begins with the file's name.
        BundleError: no plain file or not readable.
    """
    place = Path(path)
    if kind_of(place) == "absent":
        raise DataError(f"{place} does not exist; a result file is what fer-bench --out FILE.json writes")
    try:
        return Result.parse(read_plain(place, LARGEST_RESULT))
    except DataError as error:
        raise DataError(f"{place}: {error}") from None


def write(path: str | Path, result: Result) -> None:
    """Write a result file in one step.

    Raises:
        FerEdgeError: the folder is missing, full or not writable.
    """
    write_text(path, result.to_json())


def pick(records: Iterable[Record], **wanted: object) -> list[Record]:
    """The records whose attributes are the wanted ones, such as ``stage="inference", variant="tflite-int8"``."""
    return [
        record for record in records if all(getattr(record, name) == value for name, value in wanted.items())
    ]
