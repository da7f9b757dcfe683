"""The truth as WIDER FACE's text (Yang et al. 2016, "WIDER FACE: A Face Detection Benchmark"), ``wider_face_val_bbx_gt.txt``.

For each picture its path, the number of faces, and a line ``x y width height blur expression illumination invalid occlusion pose``
a face; a picture without faces has the number 0 and one line of zeros. Faces marked invalid and those without area are ignored, as
the benchmark's own evaluation does. It knows no emotions: it is for finding alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fer_edge.predict.evaluation.truth.form import TrueFace, Truth, corners
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.schema import show

_BEGINNING = re.compile(rb"\s*[^\n{]*\.\w{3,4}\s*\n\s*\d+\s*\n")
_INVALID = 7
"""Place of the mark in a line."""


class WiderTruth:
    """WIDER FACE's text file."""

    name = "WIDER FACE text (path, number of faces, a line a face)"

    def recognizes(self, name: str, data: bytes) -> bool:
        """A name of a picture and a number."""
        return name.endswith(".txt") and _BEGINNING.match(data) is not None

    def read(self, data: bytes, called: str) -> Truth:
        """The faces by path.

        Raises:
            FerEdgeError: a line that is none of these, too few lines, or a picture named twice.
        """
        lines = enumerate((line.strip() for line in data.decode("utf-8", "surrogateescape").splitlines()), 1)
        filled = ((number, line) for number, line in lines if line)
        found: Truth = {}
        for number, name in filled:
            if name in found:
                raise FerEdgeError(
                    f"{called}: line {number} names {show(name)} again; allowed: each picture once"
                )
            found[name] = list(_faces(filled, called, number))
        return found


def _faces(lines: Iterator[tuple[int, str]], called: str, before: int) -> Iterator[TrueFace]:
    number, line = next(lines, (before, ""))
    if not (line.isascii() and line.isdigit() and len(line) < 7):
        raise FerEdgeError(f"{called}: line {number} is {show(line)}; allowed: the number of faces")
    for _ in range(max(1, int(line))):
        number, row = next(lines, (number, ""))
        try:
            values = [float(word) for word in row.split()]
        except ValueError:
            values = []
        if len(values) < 4:
            raise FerEdgeError(f"{called}: line {number} is {show(row)}; allowed: x y width height and marks")
        box = corners(f"{called}: line {number}", *values[:4])
        if box is not None and int(line):
            yield TrueFace(box, None, len(values) > _INVALID and values[_INVALID] == 1)


WIDER = WiderTruth()
