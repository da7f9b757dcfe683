"""The result of a measurement: the document ``fer-edge-bench/1``.

The members that INTERFACES.md names (``schema bundle_sha256 environment records``, and of a record ``variant engine
threads stage unit samples trusted reasons``) are always there. The others are optional, so that the app's benchmark
activity, which knows nothing of them, writes files of the same schema. Unknown members are errors, except inside
``environment``, ``mode`` and ``extra``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fer_edge.runtime.atomic import write_text
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.paths import kind_of, read_plain
from fer_edge.runtime.schema import (
    AS_ARRAY,
    OMITTED,
    OPTIONAL,
    Choice,
    Document,
    Length,
    Range,
    Rounded,
    Sha256,
    refuse,
)

SCHEMA = "fer-edge-bench/1"
STAGES = ("load", "first", "inference", "camera", "whole")
"""``load``: file to ready engine. ``first``: the first inference after it. ``inference``: tensor to probabilities, steady.
``camera``: camera bytes to tensor. ``whole``: camera bytes to probabilities."""
UNIT = "seconds"
LARGEST_RESULT = 256 << 20
"""Bytes: some twenty million samples."""
MOST_SAMPLES = 20_000_000
RowKey = tuple[str, str, int]
"""Name, engine and threads: what the records of one row of a table share."""

Name = Annotated[str, Length(1, 200)]
Label = Annotated[str, Length(0, 1000), OMITTED]
Count = Annotated[int, Range(0, 1 << 62)]
Threads = Annotated[int, Range(1, 1024), "that the engine was given"]
# A time of more than thirty years is another unit or a broken clock, and would overflow a ratio.
Seconds = Annotated[float, Range(0, 1e9, words="seconds from 0 to 1e9"), Rounded(9)]


@dataclass(frozen=True, slots=True)
class Block:
    """Samples that one process took in one go."""

    generation: Annotated[Count, "which process of the subject; times of one process share its memory layout"]
    turn: Annotated[Count, "of the generation; turns of one number of two subjects ran side by side"]
    count: Annotated[Count, "samples; the blocks of a record add up to all of them"]
    begin: Annotated[
        float, Range(0, words="seconds from the start, 0 or more"), Rounded(3), "seconds from the run's start"
    ]


class Entry:
    """A record or an artifact: either belongs to one row of a table."""

    __slots__ = ()
    variant: str
    engine: str
    threads: int
    subject: str

    @property
    def name(self) -> str:
        """The subject, else the variant."""
        return self.subject or self.variant

    @property
    def row(self) -> RowKey:
        """The row of a table that it belongs to."""
        return (self.name, self.engine, self.threads)


@dataclass(frozen=True, slots=True)
class Record(Entry):
    """The times of one stage of one artifact in one engine."""

    variant: Annotated[Name, "<format>-<precision>[-image][-qio], or a lone file's stem"]
    engine: Annotated[Name, "library and version"]
    threads: Threads
    stage: Annotated[str, Choice(*STAGES), "load, first inference, steady inference, camera path, whole path"]
    unit: Annotated[str, Choice(UNIT), "of the samples"] = field(default=UNIT, kw_only=True)
    samples: Annotated[
        tuple[Seconds, ...], Length(1, MOST_SAMPLES), "all, in the order in which they were taken"
    ]
    trusted: Annotated[bool, "the figures may be relied on"] = True
    reasons: Annotated[
        tuple[Annotated[str, Length(1, 2000)], ...], Length(0, 1000), "why not, each a sentence with advice"
    ] = ()
    subject: Annotated[Label, "tells two records of one variant apart, such as A and B; else the variant"] = (
        ""
    )
    blocks: Annotated[
        tuple[Annotated[Block, AS_ARRAY], ...],
        Length(0, MOST_SAMPLES),
        OMITTED,
        "[generation, turn, count, begin]: how the samples came about; empty where that is not known",
    ] = ()

    def check(self) -> None:
        """Only what is not trusted has reasons; blocks hold all samples."""
        if self.trusted == bool(self.reasons):
            refuse("trusted", self.trusted, "true without reasons, false with some")
        total = sum(block.count for block in self.blocks)
        if self.blocks and total != len(self.samples):
            refuse("blocks counts", total, f"together the {len(self.samples)} samples")

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
class Artifact(Entry):
    """A measured file, besides its times."""

    variant: Annotated[Name, "as in its records"]
    engine: Annotated[Name, "as in its records"]
    threads: Threads
    file: Annotated[str, "its name, without folders"]
    sha256: Annotated[Sha256 | None, "of the file, or of a package's listing; null where it was not read"]
    bytes: Annotated[Count, "of the file, or of all files of the package"]
    parity: Annotated[
        str,
        Choice("pass", "fail", "not-run", "unknown"),
        OPTIONAL,
        "of the manifest; unknown for a lone file",
    ] = "unknown"
    accuracy: Annotated[
        float | None,
        Range(0, 1),
        OPTIONAL,
        "share of right answers that the manifest proves; null: not measured",
    ] = None
    peak_memory_bytes: Annotated[tuple[Count, ...], OPTIONAL, "largest resident set of each process"] = ()
    steady_memory_bytes: Annotated[
        tuple[Count, ...], OPTIONAL, "proportional set size of each process after its last turn"
    ] = ()
    base_memory_bytes: Annotated[
        tuple[Count, ...], OPTIONAL, "proportional set size of each process before the engine was imported"
    ] = ()
    energy_joules: Annotated[
        float | None,
        Range(0, 1e9),
        OPTIONAL,
        "of one inference, where the system shows it (RAPL); null: unknown",
    ] = None
    subject: Annotated[Label, "as in its records"] = ""
    extra: Annotated[Mapping[str, Any], OMITTED, "whatever else, such as roofline"] = field(
        default_factory=dict
    )

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
    """The times of some artifacts, and what they were taken on."""

    schema: Annotated[str, Choice(SCHEMA)] = field(default=SCHEMA, kw_only=True)
    bundle_sha256: Annotated[Sha256 | None, "of the bundle's manifest; null for lone files"] = field(
        default=None, kw_only=True
    )
    environment: Annotated[Mapping[str, Any], "what the system showed; unknown where it shows nothing"]
    target: Annotated[str, Length(1, 300), OPTIONAL, "where it ran: host, adb:SERIAL, ssh:HOST"] = field(
        default="host", kw_only=True
    )
    mode: Annotated[Mapping[str, Any], OPTIONAL, "name, seed, seconds and what else the mode chose"] = field(
        default_factory=dict, kw_only=True
    )
    records: Annotated[tuple[Record, ...], Length(0, 10_000), "each stage of a subject once"]
    artifacts: Annotated[tuple[Artifact, ...], Length(0, 10_000), OPTIONAL, "besides the times"] = field(
        default=(), kw_only=True
    )
    complete: Annotated[bool, OMITTED, "false where the run was interrupted"] = field(
        default=True, kw_only=True
    )
    extra: Annotated[
        Mapping[str, Any], OMITTED, "whatever else: summary, twin, failed, sustained, mlperf, against"
    ] = field(default_factory=dict, kw_only=True)

    def check(self) -> None:
        """Each stage of a subject once."""
        seen = set()
        for record in self.records:
            if record.key in seen:
                refuse("records", "/".join(map(str, record.key)), "each stage of a subject once")
            seen.add(record.key)

    @property
    def trusted(self) -> bool:
        """True where every record is."""
        return all(record.trusted for record in self.records)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reasons of all records, each once, in order of appearance."""
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
        return DOCUMENT.read(text)

    def document(self) -> dict[str, Any]:
        """The members, ready for JSON."""
        return DOCUMENT.members(self)

    def to_json(self) -> str:
        """The document as text: the same values give the same bytes."""
        return DOCUMENT.write(self)


DOCUMENT = Document(Result, "benchmark result", DataError, limit=LARGEST_RESULT, layout="spaced")
RECORD = Document(Record, "record", DataError)
"""A record by itself, as ``extra.twin`` has it."""


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
