"""``--parquet``: a folder of Parquet files with a row a picture, for pandas, DuckDB, Spark and Ray.

Columns as in :func:`_schema`; ``faces`` is a list of structs, whose ``probabilities`` have a float32 for each label. Parts are written
whole, every ``MOST_ROWS`` pictures and at least once in ``LONGEST`` seconds, so that a killed run loses no more than those; it is resumed
by its contents. The folder holds the results of one model, variant, threshold and way to find faces.
"""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import astuple
from pathlib import Path
from typing import Any

from fer_edge.predict.identity import identify_model
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels, RecognizedFace
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import need, require
from fer_edge.runtime.prediction import Prediction

MOST_ROWS = 1000
LONGEST = 60.0
KEY = b"fer_edge_results"
"""In the metadata of each part's schema: what its rows are answers to, as JSON."""
_PART = re.compile(r"part-(\d{5,})\.parquet")


class ParquetFolder(Sink):
    """Collects rows and writes them as one more part."""

    hashing = True
    remembers = True

    def __init__(self, request: SinkRequest) -> None:
        need("ray", "pyarrow")
        self._folder = Path(request.place)
        self._threshold, self._labels = request.threshold, request.model.contract.labels
        self._model = identify_model(request.model)
        asked = [*astuple(self._model)[:3], request.threshold, dict(request.settings), list(self._labels)]
        self._asked = json.dumps(asked).encode()
        self._rows: list[dict[str, Any]] = []
        self._flushed = time.monotonic()
        parts = self._parts(resume=request.resume)
        self._next = max((number for number, _ in parts), default=-1) + 1
        self._held: dict[tuple[str, int | None], dict[str, Any]] = {}
        self._written = set[tuple[str | None, int | None, str]]()
        for _, path in parts:
            self._index(path)

    def write(self, result: PictureResult, pixels: Pixels) -> None:  # noqa: ARG002
        """Keep the row; the part is written when there are enough."""
        key = (result.sha256, result.picture.frame, _text(result.picture.file_name))
        if result.failure is None and key not in self._written:
            self._rows.append(self._row(result))
        if len(self._rows) >= MOST_ROWS or (self._rows and time.monotonic() - self._flushed > LONGEST):
            self._flush()

    def recall(self, picture: SourcePicture, sha256: str) -> PictureResult | None:
        """What the folder holds of this content."""
        row = self._held.get((sha256, picture.frame))
        if row is None:
            return None
        faces = [
            RecognizedFace(
                face["face_id"],
                (face["x0"], face["y0"], face["x1"], face["y1"]),
                Prediction({label: face["probabilities"][label] for label in self._labels}),
            )
            for face in row["faces"]
        ]
        size = None if row["width"] is None else (row["width"], row["height"])
        return PictureResult(picture, faces, size=size, sha256=sha256)

    def close(self) -> None:
        """Write what is left, after Ctrl-C too."""
        self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        arrow, parquet = require("pyarrow", "ray"), require("pyarrow.parquet", "ray")
        table = arrow.Table.from_pylist(self._rows, schema=_schema(arrow, self._labels, self._asked))
        self._rows, self._flushed = [], time.monotonic()
        buffer = io.BytesIO()
        parquet.write_table(table, buffer, compression="zstd")
        write_bytes(self._folder / f"part-{self._next:05}.parquet", buffer.getvalue())
        self._next += 1

    def _row(self, result: PictureResult) -> dict[str, Any]:
        picture, model = result.picture, self._model
        width, height = result.size or (None, None)
        return {
            "file_name": _text(picture.file_name),
            "source": _text(picture.source),
            "frame": picture.frame,
            "time_seconds": picture.time_seconds,
            "sha256": result.sha256,
            "width": width,
            "height": height,
            "model": model.name,
            "variant": model.variant,
            "model_sha256": model.sha256,
            "threshold": self._threshold,
            "faces": [self._face(face) for face in result.faces],
        }

    def _face(self, face: RecognizedFace) -> dict[str, Any]:
        (label, value), *_ = face.prediction.top(1)
        sides = dict(zip(("x0", "y0", "x1", "y1"), face.bbox, strict=True))
        emotion = label if value >= self._threshold else None
        return {
            "face_id": face.face_id,
            **sides,
            "emotion": emotion,
            "probabilities": face.prediction.probabilities,
        }

    def _parts(self, *, resume: bool) -> list[tuple[int, Path]]:
        """The parts that are there, by number; the folder is made.

        Raises:
            FerEdgeError: a folder with other things in it, or with results that are not to be gone on with.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            names = sorted(path.name for path in self._folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            raise FerEdgeError(f"cannot write to {self._folder}: {error.strerror}") from None
        found = {name: _PART.fullmatch(name) for name in names}
        strange = [name for name, match in found.items() if match is None]
        if strange:
            raise FerEdgeError(
                f"{self._folder} holds {strange[0]}, which is no part of results; name a new or empty folder"
            )
        if found and not resume:
            raise FerEdgeError(
                f"{self._folder} holds results already; go on with them by --resume, or name another folder"
            )
        return [(int(match[1]), self._folder / name) for name, match in found.items() if match is not None]

    def _index(self, path: Path) -> None:
        """Note the rows that are there by content and frame.

        Raises:
            FerEdgeError: the file is no such part, or its rows are answers to something else.
        """
        table = self._read(path)
        if (table.schema.metadata or {}).get(KEY) != self._asked:
            raise FerEdgeError(
                f"{path} holds results of another model, threshold or way to find faces; name another folder"
            )
        for row in table.to_pylist():
            self._held[row["sha256"], row["frame"]] = row
            self._written.add((row["sha256"], row["frame"], row["file_name"]))

    @staticmethod
    def _read(path: Path) -> Any:
        arrow = require("pyarrow", "ray")
        try:
            return require("pyarrow.parquet", "ray").ParquetFile(path).read()
        except (arrow.ArrowException, OSError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise FerEdgeError(f"{path} cannot be read as Parquet: {first}; move it away") from None


def _schema(arrow: Any, labels: tuple[str, ...], asked: bytes) -> Any:
    whole, text = arrow.int32(), arrow.string()
    face = arrow.struct(
        [
            arrow.field("face_id", whole, nullable=False),
            *(arrow.field(side, whole, nullable=False) for side in ("x0", "y0", "x1", "y1")),
            arrow.field("emotion", text),
            arrow.field(
                "probabilities", arrow.struct([arrow.field(label, arrow.float32()) for label in labels])
            ),
        ]
    )
    columns = {
        "file_name": text,
        "source": text,
        "frame": arrow.int64(),
        "time_seconds": arrow.float64(),
        "sha256": text,
        "width": whole,
        "height": whole,
        "model": text,
        "variant": text,
        "model_sha256": text,
        "threshold": arrow.float64(),
        "faces": arrow.list_(face),
    }
    return arrow.schema(list(columns.items()), metadata={KEY: asked})


def _text(name: str) -> str:
    """Parquet has UTF-8 only: a name that is no text is spelled out."""
    return name.encode("utf-8", "backslashreplace").decode()
