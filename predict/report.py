"""The answers as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.console.table import table
from fer_edge.predict.answer import Answer
from fer_edge.predict.faces import Face


def report(found: Sequence[Answer], *, probabilities: bool = False, width: int | None = None) -> str:
    """One line a face: where it is, the most probable emotion and the second guess.

    Args:
        found: answered pictures; failed ones are left out.
        probabilities: every emotion, highest first, instead of two.
        width: of the terminal in columns.
    """
    headers = ["picture", "face", "box", "emotion", "probability"]
    headers.append("others" if probabilities else "second guess")
    rows = []
    for answer in found:
        if answer.failure is None:
            rows += [_row(answer.picture.file_name, face, probabilities) for face in answer.faces] or [
                [answer.picture.file_name, "-", "-", "no face found", "", ""]
            ]
    return table(headers, rows, right=["face", "probability"], width=width)


def _row(file_name: str, face: Face, probabilities: bool) -> list[str]:
    ranked = face.prediction.top(len(face.prediction.probabilities) if probabilities else 2)
    (label, value), others = ranked[0], ranked[1:]
    guesses = ", ".join(f"{other} {100 * share:.1f} %" for other, share in others)
    x0, y0, x1, y1 = face.bbox
    # A file name may hold characters that would break the line.
    shown = file_name if file_name.isprintable() else ascii(file_name)[1:-1]
    return [
        shown,
        str(face.face_id),
        f"{x0},{y0} {x1 - x0}x{y1 - y0}",
        label,
        f"{100 * value:.1f} %",
        guesses,
    ]
