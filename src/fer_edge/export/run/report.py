"""The report of an export: one table for a person, one JSON document for a program."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_edge.console.table import table
from fer_edge.export.bundle.results import WRITTEN, VariantResult
from fer_edge.export.parity.compare import INSENSITIVE
from fer_edge.export.parity.records import members
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.export.run.export import ExportOutcome
from fer_edge.export.run.next_step import next_step
from fer_edge.export.run.results import exit_code
from fer_edge.export.sources.check import ImportCheck
from fer_edge.runtime.verification import Code, Parity, take_worse

HEADERS = (
    "variant", "size", "faithful", "good", "max abs", "allowed", "top-1", "least", "plain", "accuracy", "drop", "time", "note",
)  # fmt: skip
RIGHT = ("size", "max abs", "allowed", "top-1", "least", "plain", "accuracy", "drop", "time")
OPTIONAL = ("time", "least", "plain", "drop", "allowed", "top-1", "accuracy")
"""Left out on a narrow terminal, the first to go first."""


def text(exported: ExportOutcome, out: Path, width: int | None) -> str:
    """The table and the next command to type."""
    rows = [_import_cells(exported.imported)] if exported.imported else []
    cells, footnotes = _shared(rows + [_cells(result) for result in exported.results])
    shown = table(HEADERS, cells, right=RIGHT, optional=OPTIONAL, width=width)
    lines = [shown, *footnotes, *_judged_on(exported.results), *_allowed(exported.results), ""]
    if exported.bundle is None:
        lines.append(f"No variant is fit to be written; {out} is as it was.")
    else:
        written = sum(result.status == WRITTEN for result in exported.results)
        lines.append(f"{written} of {len(exported.results)} variants of {exported.model} are in {out}.")
        lines.append(f"Next: {shlex.join(exported.next)}")
    return "\n".join(lines)


def _judged_on(results: Sequence[VariantResult]) -> list[str]:
    """Which pictures answered whether files are good."""
    found = dict.fromkeys(result.parity.inputs_source for result in results if result.parity)
    return [
        f"good: judged on {source}; top-1 counts those of them about which the original is sure, plain all"
        for source in found
        if source
    ]


def _allowed(results: Sequence[VariantResult]) -> list[str]:
    """How many pictures must be within the limit, where the worst one is beyond it and the file is good all the same."""
    shares = {
        result.variant.precision: TOLERANCES[result.variant.precision].quantile
        for result in results
        if (found := result.parity) and found.verdict == "pass" and found.limit and found.max_abs is not None
        if found.max_abs > found.limit.max_abs
    }
    said = ", ".join(f"{share:.0%} in {precision}" for precision, share in shares.items())
    return (
        [f"allowed: holds for a share of the pictures ({said}), max abs is the worst of all"] if said else []
    )


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
        "exit_code": exit_code(exported.results),
        "import": exported.imported.document() if exported.imported else None,
        "variants": [_entry(result, exported.results) for result in exported.results],
        "warnings": list(exported.warnings),
        "next": list(exported.next) if exported.bundle else None,
    }


def faults(results: Sequence[VariantResult]) -> str:
    """One sentence about everything that went wrong."""
    wrong: dict[str, list[str]] = {}
    for result in results:
        if result.exit_code:
            wrong.setdefault(str(result.reason), []).append(result.variant.name)
    steps = dict.fromkeys(step for result in results if (step := next_step(result, results)))
    said = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in wrong.items())
    after = "".join(f" Next: {step}." for step in steps)
    return f"{sum(map(len, wrong.values()))} of {len(results)} variants are at fault. {said}.{after}"


def _entry(result: VariantResult, results: Sequence[VariantResult]) -> dict[str, Any]:
    return {
        "variant": result.variant.name,
        "status": result.status,
        "path": result.file,
        "bytes": result.bytes,
        "parity": members(result.parity and take_worse(result.parity, result.faithful)),
        "faithful": members(result.faithful),
        "weight_audit": members(result.weight_audit),
        "accuracy": members(result.accuracy),
        "reason": result.reason,
        "next_step": next_step(result, results),
        "notes": list(result.notes),
        "seconds": None if result.seconds is None else round(result.seconds, 3),
    }


def _cells(result: VariantResult) -> list[str]:
    parity, audit, accuracy = result.parity, result.weight_audit, result.accuracy
    limit = parity.limit if parity and parity.max_abs is not None else None
    drop = accuracy.drop_interval if accuracy else None
    return [
        result.variant.name,
        "-" if result.bytes is None else f"{result.bytes / 1000:.0f} kB",
        result.faithful.verdict if result.faithful else ("not-run" if parity else "-"),
        (parity.verdict if parity else "-") + (f", weights {audit.verdict}" if audit else ""),
        _number(parity.max_abs if parity else None, ".1e"),
        _number(limit.max_abs if limit else None, "g"),
        _number(parity.top1_agreement if parity else None, ".2%", _count_sure(parity)),
        _number(limit.top1_agreement if limit else None, ".1%"),
        _number(share_agreed(parity), ".2%"),
        _number(accuracy.artifact if accuracy else None, ".2%"),
        f"{drop[0]:.2%}..{drop[1]:.2%}" if drop else "-",
        _number(result.seconds, ".1f", " s"),
        _note(result),
    ]


def _count_sure(parity: Parity | None) -> str:
    return f" of {parity.figures.sure}" if parity and parity.figures else ""


def share_agreed(parity: Parity | None) -> float | None:
    """Share of all pictures with the same first label, those included about which the original is of two minds."""
    if parity is None or parity.figures is None or not parity.inputs:
        return None
    return parity.figures.agreed / parity.inputs


def _import_cells(found: ImportCheck) -> list[str]:
    """The import's own row: what was read from the file against the file's own runtime."""
    row = dict.fromkeys(HEADERS, "-") | {"variant": f"import of {found.kind}", "faithful": found.verdict}
    if found.max_abs is not None:
        row |= {"max abs": _number(found.max_abs, ".1e"), "allowed": _number(found.limit["max_abs"], "g")}
        row |= {"top-1": _number(found.top1_agreement, ".2%"), "least": "100.0%"}
    row["note"] = "; ".join(filter(None, (found.reason or f"against {found.engine}", *found.notes)))
    return list(row.values())


def _note(result: VariantResult) -> str:
    if result.status != WRITTEN:
        return f"{result.status}: {result.reason}"
    reason, parity = result.reason, result.parity
    if parity and parity.code is Code.INSENSITIVE and reason == parity.reason:
        reason = INSENSITIVE  # the warning before the table has said everything
    return "; ".join(filter(None, (reason, *result.notes)))


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"
