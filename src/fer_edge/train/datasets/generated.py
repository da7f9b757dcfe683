"""Provenance of a folder of generated faces: written by ``fer-train generate``, read by ``--augmented``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fer_edge.faces.picture_files import find_pictures
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.runtime.schema import Choice, Document, Length, Sha256
from fer_edge.runtime.schema import refuse as refuse_value
from fer_edge.train.datasets.ambiguous_list import refuse

PROVENANCE = "provenance.json"
SCHEMA = "fer-edge-generated/1"
LARGEST_BYTES = 1 << 28


@dataclass(frozen=True)
class GeneratedPicture:
    """A generated picture, as ``provenance.json`` tells of it."""

    file: Annotated[str, "POSIX path within the folder, <class>/<name>.png"]
    sha256: Annotated[Sha256, "of the file's bytes"]
    label: Annotated[str, Choice(*EMOTIONS), "the class that it was made for"]
    box: Annotated[
        tuple[float, float, float, float],
        "x0, y0, x1, y1 of the face in it; grown by the crop margin it is the whole picture",
    ]
    source: Annotated[str, Length(0, 10_000), "name of the face that it was made of"]
    source_label: Annotated[str, Length(0, 1000), "that face's class"]
    source_sha256: Annotated[Sha256, "of that face's pixels"]

    def check(self) -> None:
        """The file lies in the folder of its label, and the box has an area."""
        parts = self.file.split("/")
        if len(parts) != 2 or parts[0] != self.label or parts[1] in ("", ".", ".."):
            refuse_value("file", self.file, "<label>/<name>")
        x0, y0, x1, y1 = self.box
        if not (x0 < x1 and y0 < y1):
            refuse_value("box", self.box, "x0 < x1 and y0 < y1")


@dataclass(frozen=True)
class Provenance:
    """The document; beside these members it says what holds for all pictures: model, seed, size."""

    schema: Annotated[str, Choice(SCHEMA)]
    images: Annotated[tuple[Any, ...], Length(0, 10_000_000)]


_MADE = Document(GeneratedPicture, "picture", DataError)
_PROVENANCE = Document(Provenance, PROVENANCE, DataError, limit=LARGEST_BYTES, lenient=True)


def write_provenance(folder: Path, about: dict[str, Any], made: Sequence[GeneratedPicture]) -> None:
    """Write ``provenance.json``.

    Args:
        folder: of the pictures.
        about: what holds for all of them: model, seed, size.
        made: one entry a picture.
    """
    document = {"schema": SCHEMA, **about, "images": [_MADE.members(one) for one in made]}
    write_bytes(folder / PROVENANCE, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def read_provenance(folder: Path) -> list[GeneratedPicture]:
    """The entries of ``provenance.json``.

    Raises:
        DataError: missing or malformed; the message lists every entry that is.
    """
    path = folder / PROVENANCE
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; fer-train generate writes it") from error
    try:
        images = _PROVENANCE.read(text, str(path)).images
    except DataError as error:
        raise DataError(f"{error}; fer-train generate writes it") from None
    found, faults = [], []
    for at, entry in enumerate(images):
        try:
            found.append(_MADE.read_members(entry, f"images[{at}]"))
        except DataError as error:
            faults.append(str(error))
    refuse(str(path), faults)
    return found


def file_faults(folder: Path, made: Sequence[GeneratedPicture]) -> Iterator[str]:
    """Faults of the pictures: missing, changed, or not told of."""
    for one in made:
        path = folder / one.file
        if not path.is_file():
            yield f"{one.file} is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != one.sha256:
            yield f"{one.file} is not the file that was generated"
    known = {one.file for one in made}
    try:
        present = find_pictures(folder)
    except FerEdgeError as error:
        yield str(error)
        return
    for path in present:
        name = path.relative_to(folder).as_posix()
        if "/" in name and name not in known:
            yield f"{name} is not in {PROVENANCE}"
