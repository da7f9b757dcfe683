"""The table for people: one line a face."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.console.table import table
from fer_edge.predict.result import PictureResult, RecognizedFace


def report(
    found: Sequence[PictureResult],
    *,
    threshold: float = 0.0,
    probabilities: bool = False,
    width: int | None = None,
) -> str:
    """One line a face: where it is, the most probable emotion and the second guess.

    Args:
        found: recognized pictures; failed ones are left out.
        threshold: 0..1; a face whose most probable emotion is below it gets none.
        probabilities: every emotion, highest first, instead of two.
        width: of the terminal in columns.
    """
    rows = [row for result in found for row in picture_rows(result, threshold, probabilities=probabilities)]
    return faces_table(rows, probabilities=probabilities, width=width)


def picture_rows(result: PictureResult, threshold: float, *, probabilities: bool = False) -> list[list[str]]:
    """The rows of one picture, for :func:`faces_table`."""
    if result.failure is not None:
        return []
    name = result.picture.file_name
    return [_row(name, face, threshold, probabilities) for face in result.faces] or [
        [name, "-", "-", "no face found", "", ""]
    ]


def faces_table(
    rows: Sequence[Sequence[str]], *, probabilities: bool = False, width: int | None = None
) -> str:
    """The rows of all pictures under their headers."""
    headers = [
        "picture",
        "face",
        "box",
        "emotion",
        "probability",
        "others" if probabilities else "second guess",
    ]
    return table(headers, rows, right=["face", "probability"], optional=("box",), width=width)


def _row(file_name: str, face: RecognizedFace, threshold: float, probabilities: bool) -> list[str]:
    named = face.emotions(threshold)
    first, others = named[:1], named[1:]
    if probabilities:
        others = face.prediction.top(len(face.prediction.probabilities))[len(first) :]
    guesses = ", ".join(f"{other} {100 * share:.1f} %" for other, share in others)
    x0, y0, x1, y1 = face.bbox
    # A file name may hold characters that would break the line.
    shown = file_name if file_name.isprintable() else ascii(file_name)[1:-1]
    return [
        shown,
        str(face.face_id),
        f"{x0},{y0} {x1 - x0}x{y1 - y0}",
        first[0][0] if first else "-",
        f"{100 * first[0][1]:.1f} %" if first else "",
        guesses,
    ]
