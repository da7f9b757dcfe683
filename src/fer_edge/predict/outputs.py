"""The results of ``fer-predict``: the prediction JSON, a table for people, and the picture with its faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.console.table import table
from fer_edge.faces.pictures import is_picture, save_picture
from fer_edge.predict.recognition import PictureResult, RecognizedFace
from fer_edge.predict.sources import SourcePicture
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.extras import require

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw


def prediction_document(
    found: Sequence[PictureResult], *, threshold: float, probabilities: bool = False
) -> dict[str, Any]:
    """The document that ``--json`` prints.

    Args:
        found: recognized pictures; failed ones are left out.
        threshold: 0..1; each emotion that reaches it is named.
        probabilities: add the whole distribution of each face.
    """
    images = [
        {
            "file_name": result.picture.file_name,
            "threshold": threshold,
            "faces": [
                face_entry(face, threshold=threshold, probabilities=probabilities) for face in result.faces
            ],
        }
        for result in found
        if result.failure is None
    ]
    return {"images": images}


def face_entry(face: RecognizedFace, *, threshold: float, probabilities: bool) -> dict[str, Any]:
    """One face's member of ``"faces"``; the unrounded probability is compared with the threshold."""
    every = face.prediction.probabilities
    entry: dict[str, Any] = {"face_id": face.face_id}
    entry |= {label: shortest(value) for label, value in every.items() if value >= threshold}
    entry["bbox"] = [str(side) for side in face.bbox]
    if probabilities:
        entry["probabilities"] = {label: shortest(value) for label, value in every.items()}
    return entry


def shortest(value: float) -> float:
    """The number whose decimal is the shortest that reads back as the same float32: 0.97, not 0.9700000286102295."""
    return float(np.format_float_scientific(np.float32(value), unique=True))


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
    headers = ["picture", "face", "box", "emotion", "probability"]
    headers.append("others" if probabilities else "second guess")
    rows = []
    for result in found:
        if result.failure is None:
            name = result.picture.file_name
            rows += [_row(name, face, threshold, probabilities) for face in result.faces] or [
                [name, "-", "-", "no face found", "", ""]
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


INK = (20, 20, 20)
PAPER = (255, 214, 10)
"""Dark on yellow: readable on skin, sky and night, and to color-blind eyes."""


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


def write_annotated(
    target: Path, pixels: NDArray[np.uint8], faces: Sequence[RecognizedFace], threshold: float = 0.0
) -> None:
    """Draw the faces and write the picture, whole or not at all.

    Args:
        target: of :func:`annotation_targets`; its folder is made.
        pixels: (H, W, 3) uint8 RGB, upright.
        faces: what is drawn: box, ``face_id``, most probable emotion, second guess.
        threshold: 0..1; where no emotion reaches it, none is written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    save_picture(target, annotate(pixels, faces, threshold))


def annotate(
    pixels: NDArray[np.uint8], faces: Sequence[RecognizedFace], threshold: float = 0.0
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: a copy with boxes and words."""
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
    font = _font(max(12, min(size) // 32))
    text = "\n".join(caption(face, threshold))
    left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=font)
    width, height = right - left + 2 * line, bottom - top + 2 * line
    x = max(0, min(x0, size[0] - width))
    y = y0 - height if y0 >= height else min(y1, max(0, size[1] - height))
    draw.rectangle((x, y, x + width, y + height), fill=PAPER)
    draw.multiline_text((x + line - left, y + line - top), text, fill=INK, font=font)


def _font(size: int) -> Any:
    return require("PIL.ImageFont", "predict").load_default(size=size)


def _name(picture: SourcePicture) -> str:
    return picture.file_name if is_picture(picture.file_name) else f"{picture.file_name}.png"


def _refuse_overwriting(wanted: Sequence[Path], pictures: Sequence[SourcePicture]) -> None:
    sources = {picture.path.resolve() for picture in pictures}
    nodes = {(found.st_dev, found.st_ino) for found in (path.stat() for path in sources if path.exists())}
    seen: set[Path] = set()
    for path in wanted:
        real = path.resolve()
        if real in seen:
            raise PictureError(f"two pictures would be written to {path}; annotate them one after another")
        seen.add(real)
        if real in sources or (real.exists() and (real.stat().st_dev, real.stat().st_ino) in nodes):
            raise PictureError(f"{path} is a source; name another file or folder for the annotated picture")
