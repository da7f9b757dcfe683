"""The roofline of a measured artifact: how near its latency is to what this machine could do, and what to change.

    result = add_rooflines(result, subjects, output.say)    # kept in the result file, under artifacts[].extra.roofline

or in two steps, :func:`measure_rooflines` and :func:`attach_rooflines`.

The bound is max(MACs / GEMM peak, bytes / bandwidth) (S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful
visual performance model for multicore architectures", Communications of the ACM 52(4), 2009, section 3): no engine can
be faster. What cannot be counted or placed is None, with the reason in the sentence; nothing here stops a benchmark.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Record, Result, RowKey
from fer_edge.bench.roofline import (
    coreml_graph,
    onnx_graph,
    onnxruntime_placement,
    tflite_graph,
    tflite_placement,
    torchscript_graph,
)
from fer_edge.bench.roofline.counts import Counts, count
from fer_edge.bench.roofline.graph import Graph, GraphError
from fer_edge.bench.roofline.peaks import Peaks, measure_peaks
from fer_edge.bench.roofline.placement import Placement
from fer_edge.bench.roofline.rows import DOCUMENT, KEY, Roofline, RooflineRow, leftover_sentence, row_sentence
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import ENGINES
from fer_edge.runtime.errors import EngineError, FerEdgeError
from fer_edge.runtime.formats import format_of, format_spec

READERS: dict[str, Callable[[Path, Contract], Graph]] = {
    "tflite": tflite_graph.read,
    "onnx": onnx_graph.read,
    "torchscript": torchscript_graph.read,
    "coreml": coreml_graph.read,
}
"""Readers of files by format; of a format without a reader nothing is counted, and the sentence says so."""
PLACEMENTS: dict[str, Callable[[Path, Contract, int, str], Placement]] = {
    "litert": tflite_placement.placement,
    "onnxruntime": onnxruntime_placement.placement,
}
"""Placements by engine, for those that tell what they run where; the others do not tell."""
_DISTRIBUTIONS = {distribution: engine.name for engine in ENGINES for distribution, _ in engine.libraries}
"""A record's engine is a distribution with its version."""
_MORE = 2
"""Times that a peak is measured again at the most."""
_T = TypeVar("_T")


def analyze(path: str | Path, contract: Contract, engine: str, threads: int = 1) -> Roofline:
    """Count an artifact and ask its engine what it does with it.

    Args:
        path: of the artifact, whose hash was checked.
        contract: gives the input.
        engine: as ``--engine`` says it (``litert``, ``litert:builtin``, ``onnxruntime:PROVIDER``) or as a record does
            (``ai-edge-litert 2.3.0 (builtin)``).
        threads: given to the engine.

    Returns:
        What could be found out; the sentence says what could not, and why.
    """
    place = Path(path)
    word, inside = _engine(engine)
    counts, problem = _tried(lambda: count(_read(place, contract)))
    find = PLACEMENTS.get(word)
    found, trouble = _tried(lambda: find(place, contract, threads, inside)) if find else (None, None)
    leftover = found.leftover if found else ()
    parts = [
        f"MACs and bytes unknown: {problem}" if problem else "",
        f"not counted: {', '.join(counts.uncounted)}" if counts and counts.uncounted else "",
        f"partitions unknown: {trouble}" if trouble else "",
        leftover_sentence(found.partitions if found else None, leftover),
    ]
    return Roofline(counts, found.partitions if found else None, leftover, "; ".join(filter(None, parts)))


def _read(place: Path, contract: Contract) -> Graph:
    spec = format_of(place)
    if spec is None or spec.name not in READERS:
        known = ", ".join(format_spec(name).extension for name in READERS)
        raise GraphError(f"nothing here reads {place.suffix or place.name}; it reads {known}")
    return READERS[spec.name](place, contract)


def add_rooflines(result: Result, subjects: Iterable[Subject], tell: Callable[[str], None]) -> Result:
    """The result with every roofline that can be found; where the peak cannot be measured, it says so and goes on.

    Args:
        result: measured on this machine, which must be idle now.
        subjects: what was measured.
        tell: gets a line.
    """
    tell("roofline: counting the models, measuring this machine's GEMM peak")
    try:
        return attach_rooflines(result, measure_rooflines(subjects, result))
    except EngineError as error:
        tell(f"no roofline: {error}")
        return result


def measure_rooflines(
    subjects: Iterable[Subject], result: Result, peaks: Mapping[int, Peaks] | None = None
) -> list[RooflineRow]:
    """One row for each record of a steady inference.

    Args:
        subjects: what was measured; a record whose subject is not among them has no row.
        result: measured on this machine, which must be idle now.
        peaks: by number of threads; None: measured now, about three seconds for each number.

    Raises:
        EngineError: the peak could not be measured.
    """
    by_name = {subject.name: subject for subject in subjects}
    records = [record for record in result.stage("inference") if record.name in by_name]
    found: dict[RowKey, Roofline] = {}
    for record in records:
        subject = by_name[record.name]
        contract = Contract.parse(subject.contract)
        found[record.row] = analyze(subject.path, contract, record.engine, record.threads)
    known = dict(peaks) if peaks is not None else _peaks(records, found)
    return [_row(record, found[record.row], known[record.threads]) for record in records]


def _peaks(records: Sequence[Record], found: Mapping[RowKey, Roofline]) -> dict[int, Peaks]:
    """Measured again, and the better taken, while a model is faster than its bound: then something disturbed the peak."""
    known = {threads: measure_peaks(threads) for threads in sorted({record.threads for record in records})}
    for _ in range(_MORE):
        rows = [_row(record, found[record.row], known[record.threads]) for record in records]
        for threads in {row.threads for row in rows if (row.bound_seconds or 0) > row.seconds}:
            known[threads] = known[threads].best(measure_peaks(threads))
    return known


def _engine(words: str) -> tuple[str, str]:
    """Engine and what is special inside it, from ``--engine``'s or a record's words."""
    name, _, inside = words.partition(":") if ":" in words else words.rstrip(")").partition(" (")
    return _DISTRIBUTIONS.get(name.split()[0], name), inside


def attach_rooflines(result: Result, rows: Sequence[RooflineRow]) -> Result:
    """The result with each row under its artifact's ``extra.roofline``; an artifact without a row stays as it is."""
    found = {row.row: DOCUMENT.members(row) for row in rows}
    artifacts = tuple(
        replace(artifact, extra={**artifact.extra, KEY: found[artifact.row]})
        if artifact.row in found
        else artifact
        for artifact in result.artifacts
    )
    return replace(result, artifacts=artifacts)


def _row(record: Record, found: Roofline, peaks: Peaks) -> RooflineRow:
    seconds = statistics.median(record.samples)
    counts = found.counts
    int8 = counts is not None and 2 * counts.int8_macs > counts.macs and peaks.int8_macs is not None
    peak = float(peaks.int8_macs or 0) if int8 else peaks.fp32_macs
    bound, limit = _bound(counts, peaks) if counts else (None, None)
    row = RooflineRow(
        name=record.name,
        engine=record.engine,
        threads=record.threads,
        seconds=seconds,
        macs=counts.macs if counts else None,
        weight_bytes=counts.weight_bytes if counts else None,
        activation_bytes=counts.activation_bytes if counts else None,
        arithmetic="int8" if int8 else "fp32",
        peak_macs=peak,
        percent_of_peak=100 * counts.macs / (seconds * peak) if counts else None,
        bound_seconds=bound,
        limit=limit,
        partitions=found.partitions,
        leftover=found.leftover,
        sentence=found.sentence,
    )
    return replace(row, sentence=row_sentence(row))


def _bound(counts: Counts, peaks: Peaks) -> tuple[float, str]:
    """Seconds, and which of the two sets them: a network of mixed arithmetic takes each part at its own peak."""
    int8_peak = peaks.int8_macs or peaks.fp32_macs
    compute = (counts.macs - counts.int8_macs) / peaks.fp32_macs + counts.int8_macs / int8_peak
    moved = counts.weight_bytes + counts.activation_bytes
    return max((compute, "compute"), (moved / peaks.bandwidth_for(moved), "memory"), key=lambda pair: pair[0])


def _tried(attempt: Callable[[], _T]) -> tuple[_T | None, str | None]:
    """The answer, or why there is none: an untrusted file may break a reader in any way, and a table goes on."""
    try:
        return attempt(), None
    except (FerEdgeError, GraphError) as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - native parsers raise what they like
        return None, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
