"""What an export tells at its end: one table for a person, one JSON document for a program."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_edge.console.table import table
from fer_edge.export.rows import Row, exit_code
from fer_edge.export.run import Exported

HEADERS = ("variant", "size", "parity", "max abs", "top-1", "accuracy", "time", "note")
RIGHT = ("size", "max abs", "top-1", "accuracy", "time")


def text(exported: Exported, out: Path, width: int | None) -> str:
    """The table and the next command to type."""
    lines = [table(HEADERS, [_cells(row) for row in exported.rows], right=RIGHT, width=width), ""]
    if exported.bundle is None:
        lines.append(f"No variant is fit to be written; {out} is as it was.")
    else:
        written = sum(row.status == "written" for row in exported.rows)
        lines.append(f"{written} of {len(exported.rows)} variants of {exported.model} are in {out}.")
        lines.append(f"Next: fer-verify {shlex.quote(str(out))}")
    return "\n".join(lines)


def document(exported: Exported, out: Path) -> dict[str, Any]:
    """The same for ``--json``."""
    return {
        "bundle": str(out) if exported.bundle else None,
        "manifest_sha256": exported.sha256,
        "model": exported.model,
        "exit_code": exit_code(exported.rows),
        "variants": [_entry(row) for row in exported.rows],
        "warnings": list(exported.warnings),
        "next": ["fer-verify", str(out)] if exported.bundle else None,
    }


def faults(rows: Sequence[Row]) -> str:
    """One sentence about everything that went wrong."""
    wrong = [f"{row.variant.name}: {row.reason}" for row in rows if row.exit_code]
    return f"{len(wrong)} of {len(rows)} variants are at fault. {'; '.join(wrong)}"


def _entry(row: Row) -> dict[str, Any]:
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


def _cells(row: Row) -> list[str]:
    parity = row.parity or {}
    accuracy = row.accuracy
    audited = f"weights {row.weight_audit['verdict']}" if row.weight_audit else ""
    note = "" if row.status == "written" and row.reason is None else f"{row.status}: {row.reason}"
    if row.status == "written":
        note = "; ".join(filter(None, (row.reason, *row.notes)))
    return [
        row.variant.name,
        "-" if row.bytes is None else f"{row.bytes / 1000:.0f} kB",
        parity.get("verdict", "-") + (f", {audited}" if audited else ""),
        _number(parity.get("max_abs"), ".1e"),
        _number(parity.get("top1_agreement"), ".2%"),
        _number(accuracy["artifact"] if accuracy else None, ".2%"),
        _number(row.seconds, ".1f", " s"),
        note,
    ]


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"
