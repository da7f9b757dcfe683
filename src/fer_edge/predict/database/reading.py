"""Reading stored results back: as the very results that were stored, a page at a time if there are many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fer_edge.predict.identity import ModelIdentity
from fer_edge.predict.outputs.document import image_entry
from fer_edge.predict.result import PictureResult, RecognizedFace
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime.prediction import Prediction


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that has answered.

    Attributes:
        row: its number in the file.
        identity: which artifact it is.
        images: how many pictures it has answered.
        last: position of its last picture; 0 where it has none.
    """

    row: int
    identity: ModelIdentity
    images: int
    last: int


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture with what was asked of it.

    Attributes:
        position: in the file's order; page on from here.
        result: as it was recognized; its ``sha256`` is never None.
        model: row of the model.
        threshold: of the run.
        probabilities: the run asked for the whole distribution.
    """

    position: int
    result: PictureResult
    model: int
    threshold: float
    probabilities: bool

    def entry(self, threshold: float | None = None, probabilities: bool | None = None) -> dict[str, Any]:
        """The picture's member of the prediction JSON: as it was asked for, or otherwise.

        Args:
            threshold: 0..1; None: the run's.
            probabilities: with the whole distribution; None: as the run did.
        """
        return image_entry(
            self.result,
            threshold=self.threshold if threshold is None else threshold,
            probabilities=self.probabilities if probabilities is None else probabilities,
        )


def read_models(connection: sqlite3.Connection) -> list[StoredModel]:
    """The models that have answered, the one of the last picture first."""
    rows = connection.execute(
        "SELECT models.id, name, variant, models.sha256, engine, count(images.id), ifnull(max(position), 0) AS last "
        "FROM models LEFT JOIN images ON images.model = models.id GROUP BY models.id ORDER BY last DESC, models.id DESC"
    )
    return [
        StoredModel(row, ModelIdentity(_text(name), _text(variant), sha256, engine), count, last)
        for row, name, variant, sha256, engine, count, last in rows
    ]


def read_images(
    connection: sqlite3.Connection,
    *,
    model: int | None = None,
    after: int = 0,
    limit: int | None = None,
    newest_first: bool = False,
) -> Iterator[StoredImage]:
    """Stored pictures in their order.

    Args:
        connection: of :func:`fer_edge.predict.database.file.open_for_reading`.
        model: row of the model; None: of all.
        after: position of the last one that is not wanted; with ``newest_first``, 0 is the end.
        limit: how many at most.
        newest_first: the last one first.
    """
    order, beyond = ("DESC", "<") if newest_first and after else ("DESC" if newest_first else "", ">")
    rows = connection.execute(
        "SELECT id, position, model, sha256, file_name, source, frame, time_seconds, width, height, threshold, probabilities "  # noqa: S608 - no text of others
        f"FROM images WHERE position {beyond} :after AND (:model IS NULL OR model = :model) "
        f"ORDER BY position {order} LIMIT :limit",
        {"after": after, "model": model, "limit": -1 if limit is None else limit},
    )
    for row, position, of, sha256, name, source, frame, seconds, width, height, threshold, whole in rows:
        picture = SourcePicture(_text(name), _text(source), frame=frame, time_seconds=seconds)
        size = None if width is None else (width, height)
        result = PictureResult(picture, read_faces(connection, row), size=size, sha256=sha256)
        yield StoredImage(position, result, of, threshold, bool(whole))


def stored_document(images: Sequence[StoredImage], *asked: Any) -> dict[str, Any]:
    """The prediction JSON of stored pictures; ``asked`` as in :meth:`StoredImage.entry`."""
    return {"images": [image.entry(*asked) for image in images]}


def read_faces(connection: sqlite3.Connection, image: int) -> list[RecognizedFace]:
    """The faces of a picture by its row, as they were recognized."""
    found: dict[int, tuple[tuple[int, int, int, int], dict[str, float]]] = {}
    rows = connection.execute(
        "SELECT face_id, x0, y0, x1, y1, label, probability FROM faces LEFT JOIN emotions ON face = faces.id "
        "WHERE image = ? ORDER BY face_id, number",
        (image,),
    )
    for face_id, x0, y0, x1, y1, label, probability in rows:
        values = found.setdefault(face_id, ((x0, y0, x1, y1), {}))[1]
        if label is not None:
            values[_text(label)] = probability
    return [RecognizedFace(face_id, box, Prediction(values)) for face_id, (box, values) in found.items()]


def _text(stored: str | bytes) -> str:
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored
