"""Advice in words and as JSON: what to ship, what proves it, and why the others fell out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer_edge.bench.advice.advise import TIE, Advice, Candidate, Limits, excess
from fer_edge.bench.units import shown_bytes, shown_seconds
from fer_edge.console.table import table
from fer_edge.runtime.manifest import Artifact

SCHEMA = "fer-edge-advice/1"


def explain(advice: Advice, limits: Limits, prefer: str, failed: Mapping[str, str]) -> None:
    """Write into each candidate why it was not chosen.

    Args:
        advice: the answer.
        limits: that were asked for.
        prefer: what was best.
        failed: why a subject could not be measured, by its name.
    """
    for entry in advice.candidates:
        if entry is not advice.choice:
            entry.why = failed.get(entry.subject.name) or _why(entry, advice.choice, limits, prefer)


def _why(entry: Candidate, choice: Candidate | None, limits: Limits, prefer: str) -> str:
    over = _over(entry, limits)
    if over or choice is None:
        return over or "it was not measured to the end"
    own, best = _side_by_side(entry, choice)
    slower = own / best - 1
    if prefer == "size" and entry.subject.bytes > choice.subject.bytes:
        return f"larger: {shown_bytes(entry.subject.bytes)}"
    if prefer == "accuracy" and (entry.subject.accuracy or 0.0) < (choice.subject.accuracy or 0.0):
        return f"less accurate: {_percent(entry.subject.accuracy)}"
    if slower > TIE:
        return f"{100 * slower:.0f} % slower"
    return f"as fast, but {_behind(entry, choice)}"


def _over(entry: Candidate, limits: Limits) -> str:
    found = entry.last
    size = entry.subject.bytes
    if limits.size is not None and size > limits.size:
        return f"too large: {shown_bytes(size)}, allowed {shown_bytes(limits.size)}"
    if found is None:
        return ""
    if limits.memory is not None and found.memory is None:
        return "memory unknown: this system does not show it, so that the limit cannot be proven"
    if limits.memory is not None and (found.memory or 0) > limits.memory:
        return f"too much memory: {shown_bytes(found.memory or 0)}, allowed {shown_bytes(limits.memory)}"
    if limits.latency is not None and found.high > limits.latency:
        return f"too slow: up to {shown_seconds(found.high)}, allowed {shown_seconds(limits.latency)}"
    return ""


def _side_by_side(entry: Candidate, choice: Candidate) -> tuple[float, float]:
    """The relative times of the last pass that both were in."""
    last = min(len(entry.passes), len(choice.passes)) - 1
    return entry.passes[last].relative, choice.passes[last].relative


def _behind(entry: Candidate, choice: Candidate) -> str:
    mine, best = entry.subject, choice.subject
    if mine.threads > best.threads:
        return f"takes {mine.threads} threads"
    if (mine.accuracy or 0.0) < (best.accuracy or 0.0):
        return f"less accurate: {_percent(mine.accuracy)}"
    return f"larger: {shown_bytes(mine.bytes)}" if mine.bytes > best.bytes else "it came second"


def proof(artifact: Artifact | None) -> str:
    """What the manifest proves about a variant's answers, as a sentence; None: a lone file."""
    if artifact is None:
        return "Accuracy and parity not proven: a lone file has no manifest; give the bundle."
    found = artifact.accuracy
    if found is not None:
        return (
            f"Accuracy {_percent(found.artifact)} on {found.samples} images ({found.source}), the original "
            f"{_percent(found.reference)}: {found.verdict}, by the manifest."
        )
    agreement = artifact.parity.top1_agreement
    if agreement is None:
        return "Accuracy not proven, and parity was not run: export again with --accuracy FOLDER."
    return (
        f"Accuracy not proven (export with --accuracy FOLDER); the first label agrees with the original on "
        f"{_percent(agreement)} of {artifact.parity.inputs} inputs."
    )


def text(advice: Advice, limits: Limits, prefer: str, proven: str, width: int | None) -> str:
    """What a terminal gets."""
    return f"{headline(advice, limits, prefer)}\n{proven}\n\n{_table(advice.candidates, width)}"


def headline(advice: Advice, limits: Limits, prefer: str) -> str:
    """The answer in one sentence."""
    entry = advice.choice or advice.closest
    if entry is None:
        return "Nothing could be measured."
    found, subject = entry.last, entry.subject
    if advice.choice is None:
        return f"Nothing fits {_asked(limits)}. Closest is {subject.variant}{_inside(entry)}: {_over(entry, limits)}."
    assert found is not None
    return (
        f"Ship {subject.variant}{_inside(entry)}: whole path {shown_seconds(found.seconds)} "
        f"(95 %: {shown_seconds(found.low)} to {shown_seconds(found.high)}), {shown_bytes(subject.bytes)}; "
        f"best {prefer} within {_asked(limits)}."
    )


def _inside(entry: Candidate) -> str:
    threads = f"{entry.subject.threads} thread{'' if entry.subject.threads == 1 else 's'}"
    return f" in {entry.last.engine} with {threads}" if entry.last else ""


def _asked(limits: Limits) -> str:
    parts = [
        f"{shown_seconds(limits.latency)} latency" if limits.latency is not None else "",
        f"{shown_bytes(limits.size)} size" if limits.size is not None else "",
        f"{shown_bytes(limits.memory)} memory" if limits.memory is not None else "",
    ]
    return ", ".join(filter(None, parts)) or "no limits"


def _table(candidates: Sequence[Candidate], width: int | None) -> str:
    headers = ("variant", "engine", "threads", "whole path", "size", "accuracy", "why not")
    ranked = sorted(candidates, key=lambda entry: (entry.why != "", -len(entry.passes), _seconds(entry)))
    rows = [
        (
            entry.subject.variant,
            entry.last.engine if entry.last else entry.subject.engine or "-",
            str(entry.subject.threads),
            shown_seconds(entry.last.seconds) if entry.last else "-",
            shown_bytes(entry.subject.bytes),
            _percent(entry.subject.accuracy),
            entry.why or "the choice",
        )
        for entry in ranked
    ]
    return table(
        headers,
        rows,
        right=("threads", "whole path", "size", "accuracy"),
        optional=("accuracy", "size", "engine"),
        width=width,
    )


def _seconds(entry: Candidate) -> float:
    return entry.last.seconds if entry.last else float("inf")


def _percent(share: float | None) -> str:
    return "not proven" if share is None else f"{100 * share:.2f} %"


def document(advice: Advice, limits: Limits, prefer: str, proven: str) -> dict[str, Any]:
    """The same for machines."""
    return {
        "schema": SCHEMA,
        "limits": {
            "latency_seconds": limits.latency,
            "size_bytes": limits.size,
            "memory_bytes": limits.memory,
        },
        "prefer": prefer,
        "choice": _members(advice.choice, limits),
        "closest": _members(advice.closest, limits),
        "proof": proven,
        "others": [_members(entry, limits) for entry in advice.candidates if entry is not advice.choice],
    }


def _members(entry: Candidate | None, limits: Limits) -> dict[str, Any] | None:
    if entry is None:
        return None
    found, subject = entry.last, entry.subject
    return {
        "variant": subject.variant,
        "engine": found.engine if found else subject.engine,
        "threads": subject.threads,
        "bytes": subject.bytes,
        "accuracy": subject.accuracy,
        "parity": subject.parity,
        "median_seconds": found.seconds if found else None,
        "interval_seconds": [found.low, found.high] if found else None,
        "memory_bytes": found.memory if found else None,
        "passes": len(entry.passes),
        "fits": bool(entry.passes) and excess(entry, limits) <= 0,
        "trusted": found.trusted if found else None,
        "reasons": list(found.reasons) if found else [],
        "why": entry.why,
    }
