"""``fer-train split``: one table of FER2013 as three, so that what is kept apart lies apart."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, out_option
from fer_edge.console.table import table
from fer_edge.faces.csv_rows import find_table
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.fer2013 import EMOTION_CODES, TABLE, TABLE_TOO, USAGES, FaceRow, read_table


@command("fer-train split", example="fer-train split fer2013.csv --out fer2013")
@click.argument("source", metavar="FER2013.CSV", type=PATH, required=False)
@click.option("--data", type=PATH, help="Instead of FER2013.CSV: the folder it lies in.")
@out_option("Folder for the three files; made if absent.")
def split_command(output: Output, source: Path | None, data: Path | None, out: Path | None) -> None:
    """Write Training.csv, PublicTest.csv and PrivateTest.csv of FER2013; the recipe fer2013 takes their folder."""
    if (source is None) == (data is None):
        usage_error("Give either FER2013.CSV or --data, the folder it lies in.")
    if out is None:
        usage_error("Missing option '--out'.")
    source = source or data
    assert source is not None
    counts = split(source, out)
    words = list(EMOTION_CODES)
    rows = [
        (f"{usage}.csv", *(str(found[word]) for word in words), str(found.total()))
        for usage, found in counts.items()
    ]
    text = table(("file", *words, "faces"), rows, right=(*words, "faces"), width=output.width)
    text += f"\n\nNext: {shlex.join(['fer-train', 'fer2013', '--data', str(out), '--out', 'run'])}"
    document = {usage: {word: found[word] for word in words} for usage, found in counts.items()}
    output.result({"out": str(out), "files": document}, text)


def split(source: Path, out: Path) -> dict[str, Counter[str]]:
    """Divide the table by its column ``Usage``; each row keeps its bytes.

    Args:
        source: ``fer2013.csv``, or the folder it lies in.
        out: folder; its three files are replaced, each whole or not at all, and only after the table has been read to
            its end without a fault.

    Returns:
        Faces an emotion of each file.

    Raises:
        DataError: the table is missing or has malformed rows; all are listed, and nothing is written.
        FerEdgeError: the folder cannot be written.
    """
    if source.is_dir():
        source = find_table(source, TABLE, TABLE_TOO) or source / TABLE
    if not source.is_file():
        raise DataError(f"{source} is not a file; fer-train split takes {TABLE}")
    faults = Faults(str(source))
    faces = read_table(source, faults)
    _check_pixels(faces, faults)
    for usage in USAGES:
        if faces and not any(face.usage == usage for face in faces):
            faults.add("class", f"no row of Usage {usage}")
    faults.check()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FerEdgeError(f"cannot make the folder {out}: {error.strerror}") from None
    data = source.read_bytes()
    header = data[: faces[0].row.start].splitlines()[0] + b"\n"
    for usage in USAGES:
        lines = [_line(data, face) for face in faces if face.usage == usage]
        write_bytes(out / f"{usage}.csv", b"".join([header, *lines]))
    return {usage: Counter(face.emotion for face in faces if face.usage == usage) for usage in USAGES}


def _check_pixels(faces: list[FaceRow], faults: Faults) -> None:
    for face in faces:
        try:
            face.source.content()
        except FerEdgeError as error:
            faults.add("row", str(error))


def _line(data: bytes, face: FaceRow) -> bytes:
    return data[face.row.start : face.row.start + face.row.size].rstrip(b"\r\n") + b"\n"
