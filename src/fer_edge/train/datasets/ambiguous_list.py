"""The list of faces whose label is in doubt: written by ``fer-train ambiguous``, read by ``--reduced``."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.faces.face import LabeledFace
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.camera import upright
from fer_edge.runtime.errors import DataError

COLUMNS = ("name", "label", "ssim", "sha256")
LARGEST_BYTES = 1 << 28
HASH_DIGITS = 64
SHOWN = 20
"""Faults that one message writes out."""


@dataclass(frozen=True)
class AmbiguousFace:
    """A row of the list.

    Attributes:
        name: of the face in its split.
        label: its class.
        ssim: similarity to its translation, -1..1.
        sha256: of its pixels, :func:`pixels_sha256`.
    """

    name: str
    label: str
    ssim: float
    sha256: str


def pixels_sha256(face: LabeledFace) -> str:
    """Of a face's upright RGB picture, whole, behind its size: what it looks like, wherever it lies."""
    picture = upright(face.frame)
    height, width = picture.shape[:2]
    return hashlib.sha256(f"{width}x{height}\n".encode() + picture.tobytes()).hexdigest()


def write_list(path: Path, rows: Sequence[AmbiguousFace]) -> None:
    """Write the list as CSV, similarity with six decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((row.name, row.label, f"{row.ssim:.6f}", row.sha256) for row in rows)
    write_bytes(path, text.getvalue().encode("utf-8", "surrogateescape"))


def read_list(path: Path) -> list[AmbiguousFace]:
    """The rows of a list.

    Raises:
        DataError: not readable, another header, malformed rows or a name twice; every fault is named.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{path} has more than {LARGEST_BYTES >> 20} MiB, which is no list of faces")
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except (OSError, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise DataError(
            f"{path} does not begin with the header {','.join(COLUMNS)}; fer-train ambiguous writes such a list"
        )
    rows: list[AmbiguousFace] = []
    faults: list[str] = []
    seen: set[str] = set()
    for number, cells in enumerate(lines[1:], 2):
        fault = _row_fault(cells, seen)
        if fault:
            faults.append(f"line {number}: {fault}")
        else:
            rows.append(AmbiguousFace(cells[0], cells[1], float(cells[2]), cells[3]))
            seen.add(cells[0])
    refuse(str(path), faults)
    return rows


def _row_fault(cells: Sequence[str], seen: set[str]) -> str:
    if len(cells) != len(COLUMNS):
        return f"{len(cells)} cells instead of {len(COLUMNS)}"
    if cells[0] in seen:
        return f"{cells[0]} stands there twice"
    try:
        value = float(cells[2])
    except ValueError:
        return f"ssim {cells[2]!r} is not a number"
    if not -1 <= value <= 1:
        return f"ssim {cells[2]} is not in -1..1"
    return "" if is_hash(cells[3]) else f"sha256 {cells[3]!r} is not one"


def is_hash(text: str) -> bool:
    """True if it is a SHA-256 in hexadecimal."""
    return len(text) == HASH_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def refuse(what: str, faults: Sequence[str]) -> None:
    """Go on if there are no faults.

    Raises:
        DataError: there are; their number and the first ``SHOWN``.
    """
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise DataError(f"{what}: {number}: {'; '.join(faults[:SHOWN])}{more}")
