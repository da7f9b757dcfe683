"""The protocol of a form of the truth, and what each gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from fer_edge.faces.face import Box
from fer_edge.runtime.errors import FerEdgeError


@dataclass(frozen=True, slots=True)
class TrueFace:
    """A face that is there.

    Attributes:
        box: x0, y0, x1, y1 in pixels of the upright picture; x1 and y1 exclusive.
        emotion: by its canonical name; None where nobody says.
        ignored: it counts neither as missed nor, where it is found, as false: too blurred or small to judge, or a crowd.
    """

    box: Box
    emotion: str | None = None
    ignored: bool = False


Truth = dict[str, list[TrueFace]]
"""The faces of each picture by its name."""


class TruthForm(Protocol):
    """One form. A module-level object of this shape in its own file, and a name in ``FORMS``."""

    name: str
    """In messages."""

    def recognizes(self, name: str, data: bytes) -> bool:
        """Whether a file is in this form.

        Args:
            name: of the file, in lower case.
            data: the file's bytes.
        """

    def read(self, data: bytes, called: str) -> Truth:
        """The faces of each picture.

        Args:
            data: the file's bytes, from others.
            called: the file in messages.

        Raises:
            FerEdgeError: something in it is not as the form says; with the place.
        """


def corners(called: str, left: float, top: float, width: float, height: float) -> Box | None:
    """The box of a corner and a size; None where it has no area, as some annotations of tiny faces do.

    Raises:
        FerEdgeError: a number that is none, or beyond any picture.
    """
    if not all(math.isfinite(side) and abs(side) <= 1e9 for side in (left, top, width, height)):
        raise FerEdgeError(
            f"{called}: a box has the sides {left:g} {top:g} {width:g} {height:g}; allowed: finite numbers of pixels"
        )
    return (left, top, left + width, top + height) if width > 0 and height > 0 else None
