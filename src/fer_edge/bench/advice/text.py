"""Advice in words: what to ship, what proves it, and why the others fell out."""

from __future__ import annotations

from collections.abc import Mapping

from fer_edge.bench.advice.advise import TIE, Advice, Candidate, Goal
from fer_edge.bench.units import format_bytes, format_seconds
from fer_edge.console.table import table
from fer_edge.runtime.manifest import Artifact


def explain(advice: Advice, failed: Mapping[str, str]) -> None:
    """Write into each candidate why it was not chosen.

    Args:
        advice: the answer.
        failed: why a subject could not be measured, by its name.
    """
    for entry in advice.candidates:
        if entry is not advice.choice:
            entry.why = failed.get(entry.subject.name) or _why(entry, advice.choice, advice.goal)


def _why(entry: Candidate, choice: Candidate | None, goal: Goal) -> str:
    over = _over(entry, goal)
    if over or choice is None:
        return over or "it was not measured to the end"
    last = min(len(entry.passes), len(choice.passes)) - 1  # the last pass that both were in
    slower = entry.passes[last].relative / choice.passes[last].relative - 1
    if goal.prefer == "size" and entry.subject.bytes > choice.subject.bytes:
        return f"larger: {format_bytes(entry.subject.bytes)}"
    if goal.prefer == "accuracy" and entry.accuracy < choice.accuracy:
        return f"less accurate: {_percent(entry.subject.accuracy)}"
    return f"{100 * slower:.0f} % slower" if slower > TIE else f"as fast, but {_behind(entry, choice)}"


def _over(entry: Candidate, goal: Goal) -> str:
    """The limit that does not hold; empty: all hold, or nothing was measured."""
    found, size = entry.last, entry.subject.bytes
    if goal.size is not None and size > goal.size:
        return f"too large: {format_bytes(size)}, allowed {format_bytes(goal.size)}"
    if found is None:
        return ""
    if goal.memory is not None and found.memory is None:
        return "memory unknown: this system does not show it, so that the limit cannot be proven"
    if goal.memory is not None and (found.memory or 0) > goal.memory:
        return f"too much memory: {format_bytes(found.memory or 0)}, allowed {format_bytes(goal.memory)}"
    if goal.latency is not None and found.high > goal.latency:
        return f"too slow: up to {format_seconds(found.high)}, allowed {format_seconds(goal.latency)}"
    return ""


def _behind(entry: Candidate, choice: Candidate) -> str:
    mine, best = entry.subject, choice.subject
    if mine.threads > best.threads:
        return f"takes {mine.threads} threads"
    if entry.accuracy < choice.accuracy:
        return f"less accurate: {_percent(mine.accuracy)}"
    return f"larger: {format_bytes(mine.bytes)}" if mine.bytes > best.bytes else "it came second"


def proof(artifact: Artifact | None) -> str:
    """The manifest's proof of a variant's answers, as a sentence; None: a lone file."""
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


def text(advice: Advice, proven: str, width: int | None) -> str:
    """The terminal's form."""
    return f"{headline(advice)}\n{proven}\n\n{_table(advice, width)}"


def headline(advice: Advice) -> str:
    """The answer in one sentence."""
    entry = advice.choice or advice.closest
    if entry is None:
        return "Nothing could be measured."
    found, subject = entry.last, entry.subject
    plural = "" if subject.threads == 1 else "s"
    inside = f" in {found.engine} with {subject.threads} thread{plural}" if found else ""
    if advice.choice is None or found is None:
        over = _over(entry, advice.goal)
        return f"Nothing fits {_limits(advice.goal)}. Closest is {subject.variant}{inside}: {over}."
    return (
        f"Ship {subject.variant}{inside}: whole path {format_seconds(found.seconds)} "
        f"(95 %: {format_seconds(found.low)} to {format_seconds(found.high)}), {format_bytes(subject.bytes)}; "
        f"best {advice.goal.prefer} within {_limits(advice.goal)}."
    )


def _limits(goal: Goal) -> str:
    parts = [
        f"{format_seconds(goal.latency)} latency" if goal.latency is not None else "",
        f"{format_bytes(goal.size)} size" if goal.size is not None else "",
        f"{format_bytes(goal.memory)} memory" if goal.memory is not None else "",
    ]
    return ", ".join(filter(None, parts)) or "no limits"


def _table(advice: Advice, width: int | None) -> str:
    ranked = sorted(
        advice.candidates, key=lambda entry: (entry.why != "", -len(entry.passes), _seconds(entry))
    )
    rows = [
        (
            entry.subject.variant,
            entry.last.engine if entry.last else entry.subject.engine or "-",
            str(entry.subject.threads),
            format_seconds(entry.last.seconds) if entry.last else "-",
            format_bytes(entry.subject.bytes),
            _percent(entry.subject.accuracy),
            entry.why or "the choice",
        )
        for entry in ranked
    ]
    return table(
        ("variant", "engine", "threads", "whole path", "size", "accuracy", "why not"),
        rows,
        right=("threads", "whole path", "size", "accuracy"),
        optional=("accuracy", "size", "engine"),
        width=width,
    )


def _seconds(entry: Candidate) -> float:
    return entry.last.seconds if entry.last else float("inf")


def _percent(share: float | None) -> str:
    return "not proven" if share is None else f"{100 * share:.2f} %"
