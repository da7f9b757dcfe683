"""Comparison of two, the slower one and by how much: live artifacts side by side in one run, result files block against block."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.bench.comparing.gate import find_namesake, list_differences
from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.quality import check_twin
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.doubts import Doubt, code_of
from fer_edge.bench.results.ratios import (
    describe_ratio,
    ratio_members,
    ratio_of_rounds,
    ratio_of_runs,
    read_ratio,
)
from fer_edge.bench.results.records import Record, Result, pick, read
from fer_edge.bench.selection import Filter, locate, select
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.host import measure
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.formats import is_package
from fer_edge.runtime.paths import kind_of
from fer_edge.stats.ratio import Ratio

SIDES = ("A", "B")


@dataclass(frozen=True, slots=True)
class Comparison:
    """B against A in one stage.

    Attributes:
        first: what A is.
        second: what B is.
        stage: that was compared.
        ratio: B over A.
        reasons: why it is not to be trusted; empty if it is.
        warnings: what disturbed the times, but both alike.
    """

    first: str
    second: str
    stage: str
    ratio: Ratio
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def text(self) -> str:
        """For a terminal."""
        lines = [f"{self.second} against {self.first}, {self.stage}: {describe_ratio(self.ratio)}"]
        lines += [f"UNTRUSTED: {reason}" for reason in self.reasons]
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """For JSON."""
        known = ratio_members(self.ratio)
        return {
            "first": self.first,
            "second": self.second,
            "stage": self.stage,
            "verdict": self.ratio.verdict,
            "ratio": self.ratio.value,
            "interval": None if known["low"] is None else [known["low"], known["high"]],
            "clusters": self.ratio.clusters,
            "trusted": not self.reasons,
            "reasons": list(self.reasons),
            "warnings": list(self.warnings),
        }


def compare_live(
    sources: Sequence[str], wanted: Filter, plan: MeasurementPlan, request: MeasurementRequest
) -> tuple[list[Comparison], Result]:
    """Measure two artifacts, or one artifact of each of two bundles, in one run.

    The A/A twin of the first runs along. Pressure and steal mark the times in the result, not the comparison: they meet
    both sides of a round alike, and whether that sufficed is what the A/A check measures.

    Args:
        sources: two of them; equal ones are the A/A trial.
        wanted: the options; a bundle without a variant gives the one that ``load`` would take.
        plan: of the run; its first stage is compared.
        request: seed, tell; its subjects are chosen here.

    Raises:
        FerEdgeError: see :func:`fer_edge.bench.selection.select`.
        DataError: not one artifact on each side.
        KeyboardInterrupt: Ctrl-C before both had a round.
    """
    with ExitStack() as stack:
        sides = [_one(source, side, wanted, stack) for source, side in zip(sources, SIDES, strict=True)]
        for source, side in zip(sources, sides, strict=True):
            request.tell(
                f"{side.label}: {side.variant} of {source}, {side.engine or side.format}, {side.threads} threads"
            )
        result = measure(plan, dataclasses.replace(request, subjects=tuple(sides)))
    named = dict(zip(SIDES, sources, strict=True))
    return [compare_sides(result, plan.stages[0], named, request.seed)], result


def compare_sides(result: Result, stage: str, sources: Mapping[str, str], seed: int = 0) -> Comparison:
    """The comparison of the records of A and B in one result.

    Raises:
        DataError: a side could not be measured.
    """
    sides = [pick(result.records, subject=side, stage=stage) for side in SIDES]
    if not all(sides):
        failed = result.extra.get("failed", {})
        raise DataError(
            "; ".join(
                f"{sources[side]}: {failed.get(side, 'not measured')}" for side in SIDES if side in failed
            )
            or "not measured"
        )
    a, b = sides[0][0], sides[1][0]
    check = result.environment.get("aa_check")
    twin = read_ratio(check) if isinstance(check, dict) else None
    warnings = [reason for reason in result.reasons if code_of(reason) != Doubt.AA_CHECK]
    return Comparison(
        f"A ({sources['A']})",
        f"B ({sources['B']})",
        stage,
        ratio_of_rounds(a, b, seed=seed),
        tuple(check_twin(twin)),
        tuple(warnings),
    )


def _one(source: str, side: str, wanted: Filter, stack: ExitStack) -> Subject:
    place = locate(source, stack)
    if not wanted.variants and kind_of(place) == "folder" and not is_package(place):
        engine = wanted.engines[0].partition(":")[0] if wanted.engines else None
        wanted = dataclasses.replace(wanted, variants=(open_bundle(place).choose(None, engine).variant,))
    found = select([str(place)], wanted, stack).subjects
    if len(found) != 1:
        names = ", ".join(dict.fromkeys(subject.variant for subject in found))
        raise DataError(
            f"{source} gives {len(found)} things to measure ({names}); name one variant, engine and number of threads, "
            f"such as --variant {found[0].variant}"
        )
    return dataclasses.replace(found[0], label=side)


def is_result(source: str) -> bool:
    """True for a result file, by its ending."""
    return Path(source).suffix.lower() == ".json"


def compare_files(sources: Sequence[str], wanted: Filter, stage: str, seed: int) -> list[Comparison]:
    """Hold the records that two result files share against each other.

    Raises:
        DataError: not of the schema, or nothing in common.
    """
    old, new = (read(source) for source in sources)
    pairs = _pairs(old.records, new.records, wanted, stage)
    if not pairs:
        raise DataError(
            f"{sources[0]} and {sources[1]} share no {stage} of one variant and number of threads"
        )
    about = tuple(list_differences(old, new))
    return [
        Comparison(
            f"A ({a.name}, {a.threads} threads)",
            f"B ({b.name}, {b.threads} threads)",
            stage,
            ratio_of_runs(a, b, seed=seed),
            about,
        )
        for a, b in pairs
    ]


def _pairs(
    old: Sequence[Record], new: Sequence[Record], wanted: Filter, stage: str
) -> list[tuple[Record, Record]]:
    firsts = [record for record in old if _fits(record, wanted, stage)]
    seconds = [record for record in new if _fits(record, wanted, stage)]
    if len(firsts) == len(seconds) == 1:
        return [(firsts[0], seconds[0])]  # one on each side are meant, whatever they are called
    found = [(find_namesake(firsts, record), record) for record in seconds]
    return [(a, b) for a, b in found if a is not None]


def _fits(record: Record, wanted: Filter, stage: str) -> bool:
    return (
        record.stage == stage
        and (not wanted.variants or record.variant in wanted.variants)
        and (not wanted.threads or record.threads in wanted.threads)
    )
