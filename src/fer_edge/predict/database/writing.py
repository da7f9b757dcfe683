"""Storing results: each picture in one transaction, so that a killed process, a full disk or another writer costs none of those before."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.predict.database.file import open_for_writing, told
from fer_edge.predict.database.reading import read_faces
from fer_edge.predict.result import PictureResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_edge.predict.identity import ModelIdentity
    from fer_edge.predict.sources.picture import SourcePicture


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answers of a run depend on.

    Attributes:
        model: which artifact answers.
        threshold: 0..1, as printed with each picture.
        probabilities: the document has the whole distribution.
        settings: the other choices by name, such as the detector: results of other settings are not taken for these.
    """

    model: ModelIdentity
    threshold: float
    probabilities: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings_text(self) -> str:
        """``detector=haar;min_face=30``, by name."""
        return ";".join(f"{name}={self.settings[name]}" for name in sorted(self.settings))


class DatabaseWriter:
    """Stores the results of one run. Threads may share it; other processes may write to the same file meanwhile.

    Args:
        path: of the database; made if it is not there.
        asked: what the run's answers depend on.

    Raises:
        FerEdgeError: as :func:`fer_edge.predict.database.file.open_for_writing`.
    """

    def __init__(self, path: str | os.PathLike[str], asked: Asked) -> None:
        self.path = Path(path)
        self.asked = asked
        self._lock = threading.Lock()
        self._connection = open_for_writing(path)
        with self._transaction() as cursor:
            self._model = _model_row(cursor, asked.model)

    def write(self, result: PictureResult, sha256: str) -> None:
        """Store a picture's faces; those that the same picture had before are replaced.

        The same picture is the same content at the same place, for a video the same frame; it keeps its row and becomes the
        last one.

        Args:
            result: not a failed one.
            sha256: of the picture's content.

        Raises:
            FerEdgeError: the disk is full, the file became read-only, or others keep it locked; nothing of this picture is
                stored then, and all before is kept.
        """
        with self._transaction() as cursor:
            image = self._put_image(cursor, result.picture, sha256, result.size)
            for face in result.faces:
                cursor.execute(
                    "INSERT INTO faces (image, face_id, x0, y0, x1, y1) VALUES (?, ?, ?, ?, ?, ?)",
                    (image, face.face_id, *face.bbox),
                )
                row = cursor.lastrowid
                cursor.executemany(
                    "INSERT INTO emotions (face, number, label, probability) VALUES (?, ?, ?, ?)",
                    (
                        (row, number, stored_text(label), value)
                        for number, (label, value) in enumerate(face.prediction.probabilities.items())
                    ),
                )

    def recall(self, picture: SourcePicture, sha256: str) -> PictureResult | None:
        """What is stored of this content by the same model, variant and settings, at this place or at another one.

        Args:
            picture: a picture of this run.
            sha256: of its content.

        Returns:
            The result, to be written as any other, so that a resumed run leaves the order of one that was not stopped, and a copy
            its own row; None where nothing is stored.

        Raises:
            FerEdgeError: the file cannot be read.
        """
        place = stored_text(place_of(picture))
        with self._lock, told(self.path):
            held = self._connection.execute(
                "SELECT id, width, height FROM images WHERE sha256 = ? AND model = ? AND settings = ? AND frame IS ? "
                "ORDER BY place = ? DESC, position LIMIT 1",
                (sha256, self._model, self.asked.settings_text, picture.frame, place),
            ).fetchone()
            if held is None:
                return None
            faces = read_faces(self._connection, held[0])
        size = None if held[1] is None else (held[1], held[2])
        return PictureResult(picture, faces, size=size, sha256=sha256)

    def close(self) -> None:
        """Move the log into the file and let go of it."""
        with self._lock, told(self.path):
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._lock, told(self.path):
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")
                cursor.close()

    def _put_image(self, cursor: sqlite3.Cursor, picture: SourcePicture, sha256: str, size: Any) -> int:
        """The picture's row, last in order and without faces."""
        place = stored_text(place_of(picture))
        found = cursor.execute(
            "SELECT id FROM images WHERE sha256 = ? AND model = ? AND place = ? AND ifnull(frame, -1) = ?",
            (sha256, self._model, place, -1 if picture.frame is None else picture.frame),
        ).fetchone()
        values = {
            "model": self._model,
            "sha256": sha256,
            "place": place,
            "file_name": stored_text(picture.file_name),
            "source": stored_text(picture.source),
            "frame": picture.frame,
            "time_seconds": picture.time_seconds,
            "width": size[0] if size else None,
            "height": size[1] if size else None,
            "threshold": self.asked.threshold,
            "probabilities": int(self.asked.probabilities),
            "settings": self.asked.settings_text,
            "position": cursor.execute("SELECT ifnull(max(position), 0) + 1 FROM images").fetchone()[0],
        }
        if found is None:
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            cursor.execute(f"INSERT INTO images ({names}) VALUES ({marks})", values)  # noqa: S608 - names from above
            return int(cursor.lastrowid or 0)
        changes = ", ".join(f"{name} = :{name}" for name in values)
        cursor.execute(f"UPDATE images SET {changes} WHERE id = :id", values | {"id": found[0]})  # noqa: S608
        cursor.execute("DELETE FROM faces WHERE image = ?", found)
        return int(found[0])


def place_of(picture: SourcePicture) -> str:
    """Where the picture lies, however it was typed: the absolute path, the address, or the source's own name."""
    if picture.path is not None:
        return str(picture.path.absolute())
    return str(Path(picture.source).absolute()) if _is_file(picture.source) else picture.source


def sha256_of_pixels(pixels: Any) -> str:
    """What stands for the content of a decoded frame: SHA-256 of its shape and RGB bytes.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    digest = hashlib.sha256(b"%dx%d\0" % (pixels.shape[1], pixels.shape[0]))
    digest.update(pixels.tobytes())
    return digest.hexdigest()


def stored_text(text: str) -> str | bytes:
    """The text as SQLite takes it: a file name that is no Unicode text as a blob."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _is_file(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        return False


def _model_row(cursor: sqlite3.Cursor, model: ModelIdentity) -> int:
    key = (model.sha256, stored_text(model.variant), stored_text(model.name))
    cursor.execute(
        "INSERT INTO models (sha256, variant, name, engine) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (sha256, variant, name) DO UPDATE SET engine = excluded.engine",
        (*key, model.engine),
    )
    found = cursor.execute("SELECT id FROM models WHERE sha256 = ? AND variant = ? AND name = ?", key)
    return int(found.fetchone()[0])
