"""The picture with its faces: boxes, emotions and second guesses with a bar for the probability of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.pictures import is_picture, save_picture
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels, RecognizedFace, faces_within
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.extras import require

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

INK = (20, 20, 20)
PAPER = (255, 214, 10)
"""Dark on yellow: readable on skin, sky and night, and to color-blind eyes."""
TRACK = (196, 160, 0)
"""Of a bar that is not full."""


def annotation_targets(place: str, pictures: Sequence[SourcePicture]) -> list[Path]:
    """The file of each annotated picture, decided and checked before any is made.

    Args:
        place: a picture file (for one picture), or a folder, which receives the names of the sources.
        pictures: what is annotated.

    Raises:
        PictureError: a source or another result would be overwritten, or one file is named for many pictures.
    """
    root = Path(place)
    if is_picture(root) and not root.is_dir():
        if len(pictures) != 1:
            raise PictureError(f"{place} is one file, but there are {len(pictures)} pictures; name a folder")
        wanted = [root]
    else:
        wanted = [root / _name(picture) for picture in pictures]
    _refuse_overwriting(wanted, pictures)
    return wanted


class AnnotatedPictures(Sink):
    """Writes each picture with its faces, whole or not at all.

    Args:
        request: what is asked for; ``place`` as in :func:`annotation_targets`.
    """

    in_worker = True

    def __init__(self, request: SinkRequest) -> None:
        targets = annotation_targets(request.place, request.pictures)
        self._targets = {
            picture.called: target for picture, target in zip(request.pictures, targets, strict=True)
        }
        self._threshold = request.threshold

    def write(self, result: PictureResult, pixels: Pixels) -> None:
        """Draw the faces: box, ``face_id``, most probable emotion, second guess."""
        if result.failure is not None:
            return
        seen = pixels()
        target = self._targets[result.picture.called]
        target.parent.mkdir(parents=True, exist_ok=True)
        height, width = seen.shape[:2]
        save_picture(target, annotate(seen, faces_within(result, width, height), self._threshold))

    def describe(self, result: PictureResult) -> str:
        """The file that was written."""
        return "" if result.failure is not None else f"wrote {self._targets[result.picture.called]}"


def annotate(
    pixels: NDArray[np.uint8], faces: Sequence[RecognizedFace], threshold: float = 0.0
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: a copy with boxes, words and bars."""
    image = require("PIL.Image", "predict").fromarray(pixels)
    draw = require("PIL.ImageDraw", "predict").Draw(image)
    for face in faces:
        _draw_face(draw, face, image.size, threshold)
    return np.array(image)


def caption(face: RecognizedFace, threshold: float = 0.0) -> list[str]:
    """``1: happiness 97 %`` and, below it, the second guess; the ``face_id`` alone where no emotion is probable enough."""
    named = face.emotions(threshold)
    if not named:
        return [f"{face.face_id}"]
    words = [f"{label} {100 * value:.0f} %" for label, value in named]
    return [f"{face.face_id}: {words[0]}", *(f"or {word}" for word in words[1:])]


def _draw_face(draw: ImageDraw, face: RecognizedFace, size: tuple[int, int], threshold: float) -> None:
    line = max(2, min(size) // 250)
    x0, y0, x1, y1 = face.bbox
    # Pillow's rectangle includes its last pixel.
    draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=PAPER, width=line)
    _draw_caption(draw, face, size, threshold, line)


def _draw_caption(
    draw: ImageDraw, face: RecognizedFace, size: tuple[int, int], threshold: float, margin: int
) -> None:
    """A panel above the box, or below it where there is no room: a line of words and a bar for each emotion."""
    height = max(12, min(size) // 32)
    font, bar = _font(height), max(2, height // 5)
    words, values = caption(face, threshold), [value for _, value in face.emotions(threshold)]
    inner = max(round(draw.textlength(text, font=font)) for text in words)
    step = round(1.25 * height) + (bar + margin if values else 0)
    width, tall = inner + 2 * margin, len(words) * step + 2 * margin
    x0, y0, _, y1 = face.bbox
    x = max(0, min(x0, size[0] - width))
    y = y0 - tall if y0 >= tall else min(y1, max(0, size[1] - tall))
    draw.rectangle((x, y, x + width, y + tall), fill=PAPER)
    for number, text in enumerate(words):
        top = y + margin + number * step
        draw.text((x + margin, top + height), text, fill=INK, font=font, anchor="ls")
        if number < len(values):
            left, foot = x + margin, top + round(1.25 * height)
            draw.rectangle((left, foot, left + inner - 1, foot + bar - 1), fill=TRACK)
            full = round(inner * values[number])
            if full:
                draw.rectangle((left, foot, left + full - 1, foot + bar - 1), fill=INK)


def _font(size: int) -> Any:
    return require("PIL.ImageFont", "predict").load_default(size=size)


def _name(picture: SourcePicture) -> str:
    return picture.file_name if is_picture(picture.file_name) else f"{picture.file_name}.png"


def _refuse_overwriting(wanted: Sequence[Path], pictures: Sequence[SourcePicture]) -> None:
    sources = {picture.path.resolve() for picture in pictures if picture.path is not None}
    nodes = {(found.st_dev, found.st_ino) for found in (path.stat() for path in sources if path.exists())}
    seen: set[Path] = set()
    for path in wanted:
        real = path.resolve()
        if real in seen:
            raise PictureError(f"two pictures would be written to {path}; annotate them one after another")
        seen.add(real)
        if real in sources or (real.exists() and (real.stat().st_dev, real.stat().st_ino) in nodes):
            raise PictureError(f"{path} is a source; name another file or folder for the annotated picture")
