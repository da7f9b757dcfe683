"""The stored table, and the row of a network in words. ``benchmarks/studies/supported_networks.py`` writes ``table.json``.

A cell is ``verified`` (written, both verdicts pass, nothing to add), ``note`` (written; something is to be known) or ``refused``
(with the reason and the way out).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fer_edge.export.reference_model import IMPORTED, TIMM

TABLE = Path(__file__).with_name("table.json")
SCHEMA = "fer-edge-support/1"
PAGE = "docs/support.md"
VERIFIED, NOTE, REFUSED = "verified", "note", "refused"
TORCHVISION = "torchvision.models:"

Row = Mapping[str, Any]


@cache
def read_table() -> Mapping[str, Any]:
    """The whole document."""
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def identify(arch: str, arch_args: Mapping[str, Any]) -> str:
    """What a network is called in the table, however it was named.

    Args:
        arch: what ``--arch`` got, or what the checkpoint says.
        arch_args: its further arguments; for a network of another framework's file they describe it, so their hash is its name.
    """
    if arch == IMPORTED:
        return f"{arch}:{hashlib.sha256(json.dumps(arch_args, sort_keys=True).encode()).hexdigest()}"
    if arch.startswith(TIMM):
        return arch.partition(".")[0]
    return arch.removeprefix(TORCHVISION)


def find_row(arch: str, arch_args: Mapping[str, Any]) -> Row | None:
    """The network's row; None: it was not tried."""
    wanted = identify(arch, arch_args)
    return next((row for row in read_table()["networks"] if row["key"] == wanted), None)


def describe(row: Row) -> str:
    """A row in some sentences: what was refused or has a note, by name, and what int8 pays."""
    cells = row["variants"]
    width, height, channels = row["input"]
    place = f"Support table ({row['arch']} at {width}x{height}x{channels}{_other_versions()})"
    by_status = {
        status: [name for name, cell in cells.items() if cell["status"] == status]
        for status in (VERIFIED, NOTE, REFUSED)
    }
    parts = [f"{len(by_status[VERIFIED])} of {len(cells)} variants verified"]
    if by_status[NOTE]:
        parts.append(f"with a note: {', '.join(by_status[NOTE])}")
    if by_status[REFUSED]:
        parts.append(f"refused: {', '.join(_with_way_out(name, cells) for name in by_status[REFUSED])}")
    times = [f"{name} {cell['of_fp32_time']:.2f}" for name, cell in cells.items() if "of_fp32_time" in cell]
    if times:
        parts.append(f"time beside fp32: {', '.join(times)}")
    return f"{place}: {'; '.join(parts)}. {PAGE} has reasons and ways out."


def _with_way_out(name: str, cells: Mapping[str, Any]) -> str:
    other = f"{name.partition('-')[0]}-auto"
    helps = name != other and cells.get(other, {}).get("status") in (VERIFIED, NOTE)
    return f"{name} ({other} passes)" if helps else name


def _other_versions() -> str:
    """A remark where the table was made with other versions than are here."""
    return ", with other versions than here" if any(_differing(read_table()["tools"])) else ""


def _differing(tools: Mapping[str, str]) -> Iterator[str]:
    for name, wanted in tools.items():
        try:
            if version(name) != wanted:
                yield name
        except PackageNotFoundError:
            continue
