"""What an export tells at its end: one table for a person, one JSON document for a program."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_edge.console.table import table
from fer_edge.export.parity.compare import INSENSITIVE
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.export.run.export import ExportOutcome
from fer_edge.export.run.results import VariantResult, exit_code
from fer_edge.runtime.errors import CheckFailed

HEADERS = (
    "variant", "size", "parity", "max abs", "allowed", "top-1", "least", "accuracy", "drop", "time", "note",
)  # fmt: skip
RIGHT = ("size", "max abs", "allowed", "top-1", "least", "accuracy", "drop", "time")
OPTIONAL = ("time", "least", "drop", "allowed", "top-1", "accuracy")
"""Left out on a narrow terminal, the first to go first."""


def text(exported: ExportOutcome, out: Path, width: int | None) -> str:
    """The table and the next command to type."""
    cells, footnotes = _shared([_cells(row) for row in exported.rows])
    shown = table(HEADERS, cells, right=RIGHT, optional=OPTIONAL, width=width)
    lines = [shown, *footnotes, ""]
    if exported.bundle is None:
        lines.append(f"No variant is fit to be written; {out} is as it was.")
    else:
        written = sum(row.status == "written" for row in exported.rows)
        lines.append(f"{written} of {len(exported.rows)} variants of {exported.model} are in {out}.")
        lines.append(f"Next: {shlex.join(exported.next)}")
    return "\n".join(lines)


def _shared(rows: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """A note that several rows have stands once, below the table."""
    counted = Counter(row[-1] for row in rows if row[-1])
    shared = [note for note, count in counted.items() if count > 1]
    numbers = {note: f"({place})" for place, note in enumerate(shared, 1)}
    cells = [[*row[:-1], numbers.get(row[-1], row[-1])] for row in rows]
    return cells, [f"{number} {note}" for note, number in numbers.items()]


def document(exported: ExportOutcome, out: Path) -> dict[str, Any]:
    """The same for ``--json``."""
    return {
        "bundle": str(out) if exported.bundle else None,
        "manifest_sha256": exported.sha256,
        "model": exported.model,
        "exit_code": exit_code(exported.rows),
        "variants": [_entry(row) for row in exported.rows],
        "warnings": list(exported.warnings),
        "next": list(exported.next) if exported.bundle else None,
    }


def faults(rows: Sequence[VariantResult]) -> str:
    """One sentence about everything that went wrong."""
    wrong: dict[str, list[str]] = {}
    for row in rows:
        if row.exit_code:
            wrong.setdefault(str(row.reason), []).append(row.variant.name)
    refused = dict.fromkeys(
        row.variant.precision for row in rows if row.exit_code == CheckFailed.exit_code and row.parity
    )
    steps = dict.fromkeys(TOLERANCES[precision].next_step for precision in refused)
    said = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in wrong.items())
    after = "".join(f" Next: {step}." for step in steps)
    return f"{sum(map(len, wrong.values()))} of {len(rows)} variants are at fault. {said}.{after}"


def _entry(row: VariantResult) -> dict[str, Any]:
    return {
        "variant": row.variant.name,
        "status": row.status,
        "path": row.file,
        "bytes": row.bytes,
        "parity": row.parity,
        "weight_audit": row.weight_audit,
        "accuracy": row.accuracy,
        "reason": row.reason,
        "notes": list(row.notes),
        "seconds": None if row.seconds is None else round(row.seconds, 3),
    }


def _cells(row: VariantResult) -> list[str]:
    parity = row.parity or {}
    limit = (parity.get("limit") or {}) if parity.get("max_abs") is not None else {}
    accuracy = row.accuracy
    audited = f"weights {row.weight_audit['verdict']}" if row.weight_audit else ""
    note = "" if row.status == "written" and row.reason is None else f"{row.status}: {row.reason}"
    if row.status == "written":
        # Of an original that does not react the warning before the table has said everything.
        still = str(row.reason).startswith(INSENSITIVE)
        note = "; ".join(filter(None, (INSENSITIVE if still else row.reason, *row.notes)))
    return [
        row.variant.name,
        "-" if row.bytes is None else f"{row.bytes / 1000:.0f} kB",
        parity.get("verdict", "-") + (f", {audited}" if audited else ""),
        _number(parity.get("max_abs"), ".1e"),
        _number(limit.get("max_abs"), "g"),
        _number(parity.get("top1_agreement"), ".2%"),
        _number(limit.get("top1_agreement"), ".1%"),
        _number(accuracy["artifact"] if accuracy else None, ".2%"),
        f"{accuracy['drop_interval'][0]:.2%}..{accuracy['drop_interval'][1]:.2%}" if accuracy else "-",
        _number(row.seconds, ".1f", " s"),
        note,
    ]


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"
