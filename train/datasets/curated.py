"""Training splits after cleaning: without faces whose label is in doubt, with faces that a generator made.

``fer-train ambiguous`` writes the list that :func:`reduced` reads, ``fer-train generate`` the folder that
:func:`augmented` reads. Both wrappers are ``Faces`` themselves, so they can be put on each other in either order.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.pictures import find_pictures, read_picture
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.camera import upright
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.runtime.strict_json import StrictJson
from fer_edge.train.data.faces import Faces, LabeledFace

COLUMNS = ("name", "label", "ssim", "sha256")
"""Of the list of ambiguous faces."""
PROVENANCE = "provenance.json"
PROVENANCE_SCHEMA = "fer-edge-generated/1"
LARGEST_LIST = 1 << 28
"""Bytes."""
HASH_DIGITS = 64


@dataclass(frozen=True)
class Ambiguous:
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


def pixels_sha256(face: LabeledFace) -> str:
    """Of a face's upright RGB picture, whole, behind its size: what it looks like, wherever it lies."""
    picture = upright(face.frame)
    height, width = picture.shape[:2]
    return hashlib.sha256(f"{width}x{height}\n".encode() + picture.tobytes()).hexdigest()


def write_list(path: Path, rows: Sequence[Ambiguous]) -> None:
    """Write the list as CSV, similarity with six decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((row.name, row.label, f"{row.ssim:.6f}", row.sha256) for row in rows)
    write_bytes(path, text.getvalue().encode())


def read_list(path: Path) -> list[Ambiguous]:
    """The rows of a list.

    Raises:
        DataError: not readable, another header, malformed rows or a name twice; every fault is named.
    """
    try:
        if path.stat().st_size > LARGEST_LIST:
            raise DataError(f"{path} has more than {LARGEST_LIST >> 20} MiB, which is no list of faces")
        lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise DataError(
            f"{path} does not begin with the header {','.join(COLUMNS)}; fer-train ambiguous writes such a list"
        )
    rows, faults, seen = [], [], set()
    for number, cells in enumerate(lines[1:], 2):
        fault = _row_fault(cells, seen)
        if fault:
            faults.append(f"line {number}: {fault}")
        else:
            rows.append(Ambiguous(cells[0], cells[1], float(cells[2]), cells[3]))
            seen.add(cells[0])
    _refuse(str(path), faults)
    return rows


def reduced(faces: Faces, file: Path) -> Faces:
    """The split without the faces of a list.

    Args:
        faces: the training split.
        file: as ``fer-train ambiguous`` writes it.

    Raises:
        DataError: the list cannot be read, names a face that is not in the split or has other pixels now, or leaves
            nothing; every fault is named.
    """
    rows = read_list(Path(file))
    where = {faces.name(index): index for index in range(len(faces))}
    faults = [f"{row.name} is not in the training split" for row in rows if row.name not in where]
    for row in rows:
        if row.name in where and pixels_sha256(faces[where[row.name]]) != row.sha256:
            faults.append(f"{row.name} has other pixels than when it was listed")
    _refuse(str(file), faults)
    gone = {where[row.name] for row in rows}
    kept = [index for index in range(len(faces)) if index not in gone]
    if not kept:
        raise DataError(
            f"{file} lists all {len(faces)} faces of the training split; raise --threshold of fer-train ambiguous"
        )
    return Subset(faces, np.array(kept))


def augmented(faces: Faces, folder: Path, classes: Sequence[str]) -> Faces:
    """The split and, behind it, the generated faces of a folder.

    Args:
        faces: the training split; may be :func:`reduced`.
        folder: as ``fer-train generate`` writes it.
        classes: of the training; generated faces of other classes are left out.

    Raises:
        DataError: the provenance is missing or malformed, a file is missing, changed or not in it, or a picture was made
            of a face that is not in the training split (one of the validation faces, say); every fault is named.
    """
    folder = Path(folder)
    made = read_provenance(folder)
    whole = faces.faces if isinstance(faces, Subset) else faces
    known = {whole.name(index) for index in range(len(whole))}
    faults = [*_file_faults(folder, made)]
    faults += [f"{one.file} was made of {one.source}, which is not in the training split" for one in made
               if one.source not in known]  # fmt: skip
    _refuse(str(folder), faults)
    return Together(faces, folder, tuple(one for one in made if one.label in classes))


class Subset:
    """Some faces of a split, in its order.

    Attributes:
        faces: the whole split.
        indices: (n,) int, which ones.
    """

    def __init__(self, faces: Faces, indices: NDArray[np.int_]) -> None:
        self.faces, self.indices = faces, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> LabeledFace:
        return self.faces[int(self.indices[index])]

    def name(self, index: int) -> str:
        """As in the whole split."""
        return self.faces.name(int(self.indices[index]))

    def sha256(self) -> str:
        """Of the whole split and the choice."""
        chosen = ",".join(map(str, self.indices.tolist()))
        return hashlib.sha256(f"{self.faces.sha256()} {chosen}".encode()).hexdigest()


@dataclass(frozen=True)
class GeneratedFace:
    """A picture that a generator made; the face's box and its class come from the provenance."""

    frame: Frame
    box: tuple[float, float, float, float]
    label: NDArray[np.float32]
    clear: bool = False


class Together:
    """A split and, behind it, generated faces, decoded when asked for.

    Attributes:
        faces: the split.
        folder: of the generated pictures.
        made: what the provenance says of them.
    """

    def __init__(self, faces: Faces, folder: Path, made: tuple[Made, ...]) -> None:
        self.faces, self.folder, self.made = faces, folder, made

    def __len__(self) -> int:
        return len(self.faces) + len(self.made)

    def __getitem__(self, index: int) -> LabeledFace:
        if index < len(self.faces):
            return self.faces[index]
        one = self.made[index - len(self.faces)]
        label = np.zeros(len(EMOTIONS), np.float32)
        label[EMOTIONS.index(one.label)] = 1
        return GeneratedFace(read_picture(self.folder / one.file, name=one.file), one.box, label)

    def name(self, index: int) -> str:
        """The split's own, or ``generated/<class>/<name>.png``."""
        if index < len(self.faces):
            return self.faces.name(index)
        return f"generated/{self.made[index - len(self.faces)].file}"

    def sha256(self) -> str:
        """Of the split and the generated files."""
        parts = [self.faces.sha256(), *(f"{one.sha256}  {one.file}" for one in self.made)]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def write_provenance(folder: Path, about: dict[str, Any], made: Sequence[Made]) -> None:
    """Write ``provenance.json``.

    Args:
        folder: of the pictures.
        about: what holds for all of them: model, seed, size.
        made: one entry a picture.
    """
    entries = [{**vars(one), "box": list(one.box)} for one in made]
    document = {"schema": PROVENANCE_SCHEMA, **about, "images": entries}
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
    reader = StrictJson(str(path), DataError, LARGEST_LIST)
    document = reader.load(text)
    if not isinstance(document, dict) or document.get("schema") != PROVENANCE_SCHEMA:
        raise DataError(f"{path} is not of the schema {PROVENANCE_SCHEMA}; fer-train generate writes it")
    images = document.get("images")
    if not isinstance(images, list):
        raise DataError(f"{path} has no list 'images'; fer-train generate writes it")
    faults = [f"images[{at}]: {fault}" for at, entry in enumerate(images) if (fault := _entry_fault(entry))]
    _refuse(str(path), faults)
    return [Made(**{**entry, "box": tuple(map(float, entry["box"]))}) for entry in images]


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
    return "" if _is_hash(cells[3]) else f"sha256 {cells[3]!r} is not one"


def _entry_fault(entry: Any) -> str:
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
    box = entry["box"]
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(edge, int | float) for edge in box):
        return "box must be four numbers"
    return "" if _is_hash(entry["sha256"]) and _is_hash(entry["source_sha256"]) else "a hash is not one"


def _is_hash(text: str) -> bool:
    return len(text) == HASH_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def _file_faults(folder: Path, made: Sequence[Made]) -> Iterator[str]:
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


def _refuse(what: str, faults: Sequence[str]) -> None:
    if faults:
        raise DataError(f"{what}: {len(faults)} fault{'s' if len(faults) > 1 else ''}: {'; '.join(faults)}")
