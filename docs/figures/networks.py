"""The tables of docs/support.md, from the stored support table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from results import ROOT, Results

FORMATS = {
    "torchscript": "TorchScript",
    "onnx": "ONNX",
    "tflite": "TFLite",
    "coreml": "Core ML",
    "executorch": "ExecuTorch",
}
KINDS = {"builtin": "comes along", "fetched": "`fer-train fetch`"}
"""Where a network's weights are from, unless it was trained for the table."""
PIECES = "XNNPACK "
"""How the note about pieces begins, which have a table of their own."""


def networks(results: Results) -> list[str]:
    """Networks down, formats across: what is verified, has a note (*), is refused (struck out); int8's share of fp32's time."""
    lines = [
        f"| `--arch` | input | weights, accuracy | {' | '.join(FORMATS.values())} |",
        f"|---|---|---|{'---|' * len(FORMATS)}",
    ]
    for row in results["support"]["networks"]:
        cells = " | ".join(_cell(row, form) for form in FORMATS)
        lines.append(f"| {_name(row)} | {_input(row)} | {_weights(row)} | {cells} |")
    return lines


def _name(row: Any) -> str:
    arguments = "".join(f" `--arch-arg {name}={value}`" for name, value in row["arch_args"].items())
    return f"`{row['arch']}`{arguments}"


def _input(row: Any) -> str:
    return "x".join(map(str, row["input"]))


def _weights(row: Any) -> str:
    millions = (
        f"{row['parameters'] / 1e6:.1f} M" if row["parameters"] >= 1e6 else f"{row['parameters'] / 1e3:.0f} k"
    )
    return f"{millions}, {KINDS.get(row['kind']) or _trained(row)}"


def _trained(row: Any) -> str:
    return f"{row['trained_seconds']:g} s, {100 * row['accuracy']:.0f} %"


def _cell(row: Any, form: str) -> str:
    found = {
        name.partition("-")[2]: cell
        for name, cell in row.get("variants", {}).items()
        if name.startswith(f"{form}-")
    }
    words = [_word(precision, cell) for precision, cell in found.items()]
    return ", ".join(words) or ("refused" if "refused" in row else "not tried")


def _word(precision: str, cell: Any) -> str:
    time = f" {cell['of_fp32_time']:.2f}" if "of_fp32_time" in cell else ""
    mark = {"verified": "{}", "note": "{}*", "refused": "~~{}~~"}[cell["status"]]
    return mark.format(precision) + time


def remarks(results: Results) -> list[str]:
    """Every refusal with its reason and the way out, and every note; equal ones of a network together."""
    lines = ["| network | files | what | why, and the way out |", "|---|---|---|---|"]
    for row in results["support"]["networks"]:
        if "refused" in row:
            lines.append(f"| `{row['key']}` | all | refused | {_plain(row['refused'])} |")
        grouped: dict[tuple[str, str], list[str]] = {}
        for name, cell in row.get("variants", {}).items():
            if cell["status"] != "verified":
                grouped.setdefault((cell["status"], _why(cell)), []).append(name)
        lines += [
            f"| `{_short(row)}` | {', '.join(names)} | {status} | {why} |"
            for (status, why), names in grouped.items()
        ]
    return lines if len(lines) > 2 else ["None."]


def _short(row: Any) -> str:
    return str(row["arch"]).removeprefix("torchvision.models:")


def _why(cell: Any) -> str:
    notes = [note for note in cell.get("notes", ()) if not note.startswith(PIECES)]
    pieces = "in several pieces: see below" if cell.get("partitions", 1) != 1 else ""
    return _plain("; ".join(filter(None, (cell.get("reason"), *notes, pieces, cell.get("way_out")))))


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def partitions(results: Results) -> list[str]:
    """TFLite files that XNNPACK does not run in one piece, with the operators that it leaves."""
    lines = ["| network | files | partitions | operators that XNNPACK does not take |", "|---|---|---|---|"]
    for row in results["support"]["networks"]:
        grouped: dict[tuple[int, str], list[str]] = {}
        for name, count, outside in _cut(row):
            grouped.setdefault((count, outside), []).append(name)
        lines += [
            f"| `{_short(row)}` | {', '.join(names)} | {count} | {outside} |"
            for (count, outside), names in grouped.items()
        ]
    return lines if len(lines) > 2 else ["None: every TFLite file of the table runs in one piece."]


def _cut(row: Any) -> Iterator[tuple[str, int, str]]:
    for name, cell in row.get("variants", {}).items():
        if cell.get("partitions", 1) != 1 or cell.get("outside"):
            outside = ", ".join(f"{operator} x{count}" for operator, count in cell.get("outside", {}).items())
            yield name.removeprefix("tflite-"), cell["partitions"], outside


def versions(results: Results) -> list[str]:
    """What the table was made with, and how many networks and files it holds."""
    found = results["support"]
    cells = [cell for row in found["networks"] for cell in row.get("variants", {}).values()]
    counts = {
        status: sum(cell["status"] == status for cell in cells) for status in ("verified", "note", "refused")
    }
    tools = ", ".join(f"{name} {number}" for name, number in found["tools"].items())
    said = f"{len(found['networks'])} networks, {len(cells)} files: {counts['verified']} verified, {counts['note']} with a note, "
    return [said + f"{counts['refused']} refused. Made with {tools}.{_changed(found['tools'])}"]


def _changed(tools: dict[str, str]) -> str:
    """Versions of ``constraints.txt`` that are newer than the table."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    newer = [f"{name} {pinned[name]}" for name, number in tools.items() if pinned.get(name, number) != number]
    return f" Since then: {', '.join(newer)}." if newer else ""
