"""``--csv``: one row a face, for spreadsheets, pandas and R.

RFC 4180 with a header, UTF-8, a newline after each row. Probabilities are float32's shortest decimals, one column ``p_<label>`` each.
A text that a spreadsheet would run as a formula (it begins with ``= + - @``, a tab or a carriage return) gets an apostrophe before
it, as OWASP advises ("CSV Injection"): names of files come from strangers. A picture without faces has no row.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from fer_edge.predict.identity import identify_model
from fer_edge.predict.outputs.document import shortest
from fer_edge.predict.outputs.place import open_beside, refuse_sources, written
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels, RecognizedFace

FIRST = (
    "file_name", "source", "frame", "time_seconds", "sha256", "model", "variant", "threshold",
    "face_id", "x0", "y0", "x1", "y1", "emotion", "probability", "second_guess", "second_probability",
)  # fmt: skip
"""Columns before those of the labels; ``emotion`` is empty where none reaches the threshold."""
RISKY = ("=", "+", "-", "@", "\t", "\r")


class CsvFile(Sink):
    """Collects the rows beside the file, which takes its name when every picture was looked at."""

    hashing = True

    def __init__(self, request: SinkRequest) -> None:
        self._target = Path(request.place)
        refuse_sources(self._target, request.pictures)
        self._model = identify_model(request.model)
        self._labels = request.model.contract.labels
        self._threshold = request.threshold
        with written(self._target):
            self._beside, self._file = open_beside(self._target)
            self._rows = csv.writer(self._file, lineterminator="\n")
            self._rows.writerow([*FIRST, *(safe_cell(f"p_{label}") for label in self._labels)])

    def write(self, result: PictureResult, pixels: Pixels) -> None:  # noqa: ARG002
        """A row for each face."""
        with written(self._target):
            self._rows.writerows([safe_cell(cell) for cell in row] for row in self._rows_of(result))

    def finish(self) -> None:
        """Give the file its name."""
        with written(self._target):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._beside.replace(self._target)

    def close(self) -> None:
        """Leave nothing of a run that was stopped."""
        try:
            self._file.close()
        except OSError:  # the disk is full, which has been said
            pass
        finally:
            self._beside.unlink(missing_ok=True)

    def _rows_of(self, result: PictureResult) -> Iterator[list[object]]:
        picture, model = result.picture, self._model
        for face in result.faces:
            yield [
                *(picture.file_name, picture.source, picture.frame, picture.time_seconds, result.sha256),
                *(model.name, model.variant, self._threshold, face.face_id, *face.bbox),
                *_guesses(face, self._threshold),
                *(shortest(face.prediction.probabilities[label]) for label in self._labels),
            ]


def safe_cell(cell: object) -> object:
    """A cell that no spreadsheet runs; ``-`` alone is standard input, and no formula."""
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith(RISKY) and cell != "-":
        return f"'{cell}"
    return cell


def unsafe_text(cell: str) -> str:
    """The text of a cell that :func:`safe_cell` made."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(RISKY) else cell


def _guesses(face: RecognizedFace, threshold: float) -> list[object]:
    """The most probable emotion that reaches the threshold, and the second guess whatever it is."""
    ranked: list[tuple[str | None, float | None]] = [*face.prediction.top(2), (None, None)]
    first, second = ranked[:2]
    if first[1] is None or first[1] < threshold:
        return [None, None, None, None]
    return [first[0], shortest(first[1]), second[0], None if second[1] is None else shortest(second[1])]
