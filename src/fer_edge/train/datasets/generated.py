"""What a folder of generated faces says of itself: written by ``fer-train generate``, read by ``--augmented``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.faces.picture_files import find_pictures
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.runtime.strict_json import StrictJson
from fer_edge.train.datasets.ambiguous_list import is_hash, refuse

PROVENANCE = "provenance.json"
SCHEMA = "fer-edge-generated/1"
LARGEST_BYTES = 1 << 28


@dataclass(frozen=True)
class Made:
    """A generated picture, as ``provenance.json`` tells of it.

    Attributes:
        file: POSIX path within the folder, ``<class>/<name>.png``.
        sha256: of the file's bytes.
        label: the class that it was made for.
        box: x0, y0, x1, y1 of the face in it; grown by the crop margin it is the whole picture.
        source: name of the face that it was made of.
        source_label: that face's class.
        source_sha256: of that face's pixels.
    """

    file: str
    sha256: str
    label: str
    box: tuple[float, float, float, float]
    source: str
    source_label: str
    source_sha256: str


def write_provenance(folder: Path, about: dict[str, Any], made: Sequence[Made]) -> None:
    """Write ``provenance.json``.

    Args:
        folder: of the pictures.
        about: what holds for all of them: model, seed, size.
        made: one entry a picture.
    """
    entries = [{**vars(one), "box": list(one.box)} for one in made]
    document = {"schema": SCHEMA, **about, "images": entries}
    write_bytes(folder / PROVENANCE, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def read_provenance(folder: Path) -> list[Made]:
    """The entries of ``provenance.json``.

    Raises:
        DataError: missing or malformed.
    """
    path = folder / PROVENANCE
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; fer-train generate writes it") from error
    reader = StrictJson(str(path), DataError, LARGEST_BYTES)
    document = reader.load(text)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise DataError(f"{path} is not of the schema {SCHEMA}; fer-train generate writes it")
    images = document.get("images")
    if not isinstance(images, list):
        raise DataError(f"{path} has no list 'images'; fer-train generate writes it")
    faults = [f"images[{at}]: {fault}" for at, entry in enumerate(images) if (fault := _entry_fault(entry))]
    refuse(str(path), faults)
    return [Made(**{**entry, "box": tuple(map(float, entry["box"]))}) for entry in images]


def _entry_fault(entry: Any) -> str:
    """What is wrong with one of ``images``; "": nothing."""
    if not isinstance(entry, dict) or set(entry) != set(Made.__dataclass_fields__):
        return f"the members must be {', '.join(Made.__dataclass_fields__)}"
    words = [name for name in entry if name != "box" and not isinstance(entry[name], str)]
    if words:
        return f"{', '.join(words)} must be text"
    if entry["label"] not in EMOTIONS:
        return f"label {entry['label']!r} is not one of {', '.join(EMOTIONS)}"
    parts = entry["file"].split("/")
    if len(parts) != 2 or parts[0] != entry["label"] or parts[1] in ("", ".", ".."):
        return f"file {entry['file']!r} is not <label>/<name>"
    hashes = is_hash(entry["sha256"]) and is_hash(entry["source_sha256"])
    return _box_fault(entry["box"]) if hashes else "a hash is not one"


def _box_fault(box: Any) -> str:
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(edge, int | float) for edge in box):
        return "box must be four numbers"
    return "" if box[0] < box[2] and box[1] < box[3] else f"box {box} has no area"


def file_faults(folder: Path, made: Sequence[Made]) -> Iterator[str]:
    """What is wrong with the pictures: missing, changed, or not told of."""
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
