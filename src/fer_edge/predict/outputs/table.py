"""The table for people: one line a face; of a video, one for each span of time in which a face shows the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from fer_edge.console.table import table
from fer_edge.predict.result import PictureResult, RecognizedFace
from fer_edge.runtime.prediction import Prediction


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

    Returns:
        The table; empty if every picture failed.
    """
    shown = merge_frames(found, threshold)
    rows = [row for result in shown for row in picture_rows(result, threshold, probabilities=probabilities)]
    return faces_table(rows, probabilities=probabilities, width=width) if rows else ""


def merge_frames(found: Iterable[PictureResult], threshold: float) -> Iterator[PictureResult]:
    """The results, frames that follow each other and show the same as one: the first, with mean probabilities.

    Its ``file_name`` says from when to when, such as ``film.mp4 0.0-1.9 s``.
    """
    for _, same in groupby(found, key=lambda result: _shown(result, threshold)):
        results = list(same)
        first, last = results[0].picture, results[-1].picture
        if first.time_seconds is None or last.time_seconds is None:
            yield from results
            continue
        name = f"{first.file_name} {first.time_seconds:.1f}-{last.time_seconds:.1f} s"
        faces = [_mean([result.faces[at] for result in results]) for at in range(len(results[0].faces))]
        yield replace(results[0], picture=replace(first, file_name=name), faces=faces)


def _shown(result: PictureResult, threshold: float) -> object:
    """What a person sees of a frame; a picture is like no other."""
    if result.failure is not None or result.picture.frame is None:
        return id(result)
    return result.picture.source, [
        face.emotions(threshold) and face.prediction.label for face in result.faces
    ]


def _mean(faces: Sequence[RecognizedFace]) -> RecognizedFace:
    every = [face.prediction.probabilities for face in faces]
    mean = {label: sum(each[label] for each in every) / len(every) for label in every[0]}
    return replace(faces[0], prediction=Prediction(mean))


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
