"""The request of a recipe to its data set. Recipes import data sets, never the reverse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.errors import DataError
from fer_edge.train.data.faces import Faces

if TYPE_CHECKING:
    from fer_edge.train.datasets.checks import ExaminedFace

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Survey:
    """All that is there, whatever is wrong with it.

    Attributes:
        seen: split -> all faces of it that can be read.
        faults: all others and what else is wrong, a line each, as :meth:`Faults.lines` has them.
    """

    seen: dict[str, Sequence[ExaminedFace]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DataRequest:
    """All that a recipe asks its data set for.

    Attributes:
        folder: of ``--data``; None where the recipe needs none.
        classes: labels in output order, out of ``EMOTIONS``. A face whose label has nothing among them is left out, and so is
            one whose strongest emotion is none of them.
        faces: at most so many faces of a split; a split that is missing here comes whole.
        seed: of whatever is drawn at random (drawn faces, the choice of a ``limit``).
        options: of this data set, such as ``{"split": "person"}``; all keys are known to it.
        notes: gets sentences about the data that whoever reads the figures must know.
        left_out: gets a line for each face that was left out because something is wrong with it.
        survey: gets what is there and all faults, for which the data is not refused then.
    """

    folder: Path | None
    classes: tuple[str, ...]
    faces: Mapping[str, int]
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    survey: Survey | None = None

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """The value of an option; the first allowed one where it is not set.

        Raises:
            DataError: another word; the message names the allowed ones.
        """
        value = str(self.options.get(name, allowed[0]))
        if value not in allowed:
            words = ", ".join(f"{name}={word}" for word in allowed)
            raise DataError(f"option {name}={value} is unknown; allowed: {words}")
        return value

    @property
    def data_folder(self) -> Path:
        """The folder of ``--data``; of a :attr:`table`, the folder that it lies in.

        Raises:
            DataError: none was given, or it is no folder.
        """
        if self.folder is None:
            raise DataError("this recipe needs --data, the folder of the data set")
        if self.folder.is_file():
            return self.folder.parent
        if not self.folder.is_dir():
            raise DataError(f"{self.folder} is not a folder; --data takes the folder of the data set")
        return self.folder

    @property
    def table(self) -> Path | None:
        """The file of ``--data``, where it is one: that table is read and no other of its kind."""
        return self.folder if self.folder is not None and self.folder.is_file() else None


OpenData = Callable[[DataRequest], Mapping[str, Faces]]
"""Gives the splits by name: ``train`` and ``validation`` always, ``test`` where the owners keep one apart.

Whatever is wrong with the data (missing files, malformed rows, unreadable images, an empty class, a person or picture
in two splits) is named in one ``DataError``, all at once.
"""
