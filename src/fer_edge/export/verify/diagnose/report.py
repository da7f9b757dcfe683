"""The report of a diagnosis: the table for people, the document for programs."""

from __future__ import annotations

from typing import Any

from fer_edge.console.table import table
from fer_edge.export.verify.diagnose.candidates import Candidate
from fer_edge.export.verify.diagnose.record import (
    MISTAKE,
    NONE,
    OPEN,
    REMEDIES,
    RIGHT,
    TITLES,
    UNSURE,
    Diagnosis,
    Question,
)

ROWS = 4
"""Explanations in the table; the document has more."""
SENTENCES = {
    RIGHT: "Nothing wrong: the app got what the bundle says.",
    OPEN: "Nothing to judge by: dump the frame or the tensor as well.",
    NONE: "None of these: the app does something else. The nearest explanations stand above.",
}

UNDECIDED = "None of these for certain: something is wrong, and these answers fit several. Dump the tensor as well; it tells them apart."


def document(bundle: str, dump: str, found: Diagnosis) -> dict[str, Any]:
    """The diagnosis as plain values."""
    return {
        "bundle": bundle,
        "dump": dump,
        "device": found.device,
        "variant": found.variant,
        "verdict": found.verdict,
        "exit_code": found.exit_code,
        "mistakes": [
            {"name": name, "title": TITLES[name], "remedy": REMEDIES[name]} for name in found.mistakes
        ],
        "questions": [
            {
                "name": one.name,
                "verdict": one.verdict,
                "mistakes": list(one.mistakes),
                "note": one.note,
                "unit": one.unit or None,
                "ranking": [_members(candidate) for candidate in one.ranking],
            }
            for one in found.questions
        ],
    }


def _members(one: Candidate) -> dict[str, Any]:
    return {
        "mistakes": list(one.mistakes),
        "distance": _finite(one.distance),
        "worst": _finite(one.worst),
        "same": [list(names) for names in one.same[:20]],
    }


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None


def text(found: Diagnosis, width: int | None) -> str:
    """The diagnosis for people."""
    questions = [[one.name, one.verdict, _say(one)] for one in found.questions]
    lines = [f"Device: {found.device or '(not told)'}", ""]
    lines.append(table(("question", "verdict", "found"), questions, width=width))
    for one in found.questions:
        if one.ranking and one.verdict != RIGHT:
            lines += ["", f"{one.name[0].upper()}{one.name[1:]}: distance in {one.unit}"]
            lines.append(_ranking(one, width))
    lines.append("")
    if found.verdict == MISTAKE:
        lines += [f"Most likely: {TITLES[name]}.\n  {REMEDIES[name]}." for name in found.mistakes]
    elif any(UNSURE in one.note for one in found.questions):
        lines.append(UNDECIDED)
    else:
        lines.append(SENTENCES[found.verdict])
    return "\n".join(lines)


def _say(one: Question) -> str:
    said = " + ".join(TITLES[name] for name in one.mistakes)
    return "; ".join(part for part in (said, one.note) if part)


def _ranking(one: Question, width: int | None) -> str:
    shown = list(one.ranking[:ROWS])
    shown += [candidate for candidate in one.ranking[ROWS:] if not candidate.mistakes]
    rows = [[str(place), _number(each.distance), _explain(each)] for place, each in enumerate(shown, 1)]
    return table(("", "distance", "if the app did this"), rows, right=("", "distance"), width=width)


def _explain(one: Candidate) -> str:
    said = " + ".join(TITLES[name] for name in one.mistakes) or "all as it should be"
    # Those with more mistakes say nothing new.
    equal = [
        names
        for names in dict.fromkeys(one.same)
        if names != one.mistakes and len(names) <= len(one.mistakes)
    ]
    also = "; ".join(" + ".join(TITLES[name] for name in names) for names in equal[:2])
    return f"{said} (the same here: {also})" if also else said


def _number(value: float) -> str:
    if value == float("inf"):
        return "-"
    return f"{value:.3f}" if value < 10 else f"{value:.0f}"
