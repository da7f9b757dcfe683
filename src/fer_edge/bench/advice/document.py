"""Advice as JSON: the document ``fer-edge-advice/1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fer_edge.bench.advice.advise import PREFERENCES, Advice, Candidate, Goal
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.schema import Choice, Document, Length, Range

SCHEMA = "fer-edge-advice/1"
Size = Annotated[int, Range(0, 1 << 62)]
Seconds = Annotated[float, Range(0)]
Why = Annotated[str, Length(0, 10_000)]


@dataclass(frozen=True, slots=True)
class LimitMembers:
    """Limits that had to hold; null: none."""

    latency_seconds: Annotated[Seconds | None, "of the whole path, camera bytes to probabilities"]
    size_bytes: Annotated[Size | None, "of the artifact"]
    memory_bytes: Annotated[Size | None, "that engine and model add to a process"]


@dataclass(frozen=True, slots=True)
class CandidateMembers:
    """A variant in an engine with a number of threads."""

    variant: Annotated[str, "its name"]
    engine: Annotated[str, Length(0, 1000), "library and version where it was measured"]
    threads: Annotated[int, Range(1, 1024), "that the engine was given"]
    bytes: Annotated[Size, "of the artifact"]
    accuracy: Annotated[float | None, Range(0, 1), "share of right answers that the manifest proves"]
    parity: Annotated[str, "verdict of the manifest; unknown for a lone file"]
    median_seconds: Annotated[Seconds | None, "of the whole path; null where it was not measured"]
    interval_seconds: Annotated[tuple[Seconds, Seconds] | None, "of the median, 95 %"]
    memory_bytes: Annotated[
        int | None, Range(-(1 << 62), 1 << 62), "that it added to a process; null: unknown"
    ]
    passes: Annotated[int, Range(0, 100), "in which it was measured"]
    fits: Annotated[bool, "all limits hold"]
    trusted: Annotated[bool | None, "the figures may be relied on"]
    reasons: Annotated[tuple[str, ...], "why not"]
    why: Annotated[Why, "why it was not chosen; empty for the choice"]

    @classmethod
    def of(cls, entry: Candidate, goal: Goal) -> CandidateMembers:
        """The members of a candidate."""
        found, subject = entry.last, entry.subject
        return cls(
            variant=subject.variant,
            engine=found.engine if found else subject.engine,
            threads=subject.threads,
            bytes=subject.bytes,
            accuracy=subject.accuracy,
            parity=subject.parity,
            median_seconds=found.seconds if found else None,
            interval_seconds=(found.low, found.high) if found else None,
            memory_bytes=found.memory if found else None,
            passes=len(entry.passes),
            fits=bool(entry.passes) and entry.excess(goal) <= 0,
            trusted=found.trusted if found else None,
            reasons=found.reasons if found else (),
            why=entry.why,
        )


@dataclass(frozen=True, slots=True)
class AdviceMembers:
    """The variant, engine and number of threads to ship."""

    schema: Annotated[str, Choice(SCHEMA)] = field(default=SCHEMA, kw_only=True)
    limits: Annotated[LimitMembers, "that had to hold"]
    prefer: Annotated[str, Choice(*PREFERENCES), "best among those that fit"]
    choice: Annotated[CandidateMembers | None, "to ship; null: nothing fits"]
    closest: Annotated[
        CandidateMembers | None, "where nothing fits; null too where nothing could be measured"
    ]
    proof: Annotated[Why, "the manifest's proof of its answers, a sentence"]
    others: Annotated[tuple[CandidateMembers, ...], "all but the choice"]
    skipped: Annotated[Mapping[str, Why], "variant -> why it was not measured"]
    environment: Annotated[Mapping[str, Any], "as of fer-edge-bench/1"]


DOCUMENT = Document(AdviceMembers, "advice", DataError)


def advice_document(
    advice: Advice, proven: str, skipped: Mapping[str, str], environment: Mapping[str, Any]
) -> dict[str, Any]:
    """The document, ready for JSON."""
    goal, choice, closest = advice.goal, advice.choice, advice.closest
    return DOCUMENT.members(
        AdviceMembers(
            limits=LimitMembers(goal.latency, goal.size, goal.memory),
            prefer=goal.prefer,
            choice=CandidateMembers.of(choice, goal) if choice else None,
            closest=CandidateMembers.of(closest, goal) if closest else None,
            proof=proven,
            others=tuple(CandidateMembers.of(one, goal) for one in advice.candidates if one is not choice),
            skipped=skipped,
            environment=environment,
        )
    )
