"""``--crops DIR``: each face as a picture of its own, in folders that ``fer-train folder`` reads once they are sorted.

A crop is the box with the contract's margin, unscaled, as PNG: byte for byte what the model saw, so that the whole crop, looked
at without a detector, gets the same answer, and a network trained on it learns what it will be shown.

| ``--label-by`` | a face goes to                                               |
|----------------|--------------------------------------------------------------|
| not given      | ``DIR/unlabeled/``: sort them into ``DIR/<class>/``          |
| ``guess``      | ``DIR/<the most probable emotion>/``: correct what is wrong  |

A crop that lies in some folder of ``DIR`` already stays there: a second run does not undo what a person has sorted.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.pictures import save_picture
from fer_edge.predict.outputs.place import written
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels, RecognizedFace, faces_within
from fer_edge.runtime.camera.geometry import crop
from fer_edge.runtime.errors import FerEdgeError

UNLABELED = "unlabeled"
GUESS = "guess"
_LONGEST_NAME = 80


class FaceCrops(Sink):
    """Writes the crops of each picture.

    Args:
        request: what is asked for; ``place`` is the folder, which is made.

    Raises:
        FerEdgeError: the place is no folder.
    """

    in_worker = True

    def __init__(self, request: SinkRequest) -> None:
        self._root = Path(request.place)
        self._margin = request.model.contract.camera.crop_margin
        self._by_guess = request.label_by == GUESS
        if self._root.exists() and not self._root.is_dir():
            raise FerEdgeError(f"{self._root} is no folder; name one for the crops")

    def write(self, result: PictureResult, pixels: Pixels) -> None:
        """Cut the faces out and write those that are new."""
        if result.failure is not None or not result.faces:
            return
        picture = pixels()
        height, width = picture.shape[:2]
        for face in faces_within(result, width, height):
            x0, y0, x1, y1 = face.seen or crop(face.bbox, self._margin, width, height)
            self._save(result, face, picture[y0:y1, x0:x1])

    def _save(self, result: PictureResult, face: RecognizedFace, pixels: NDArray[np.uint8]) -> None:
        name = _name(result, face, pixels)
        if next(self._root.glob(f"*/{name}"), None) is not None:
            return
        folder = self._root / (_folder_name(face.prediction.label) if self._by_guess else UNLABELED)
        with written(folder):
            folder.mkdir(parents=True, exist_ok=True)
        save_picture(folder / name, np.ascontiguousarray(pixels))


def _name(result: PictureResult, face: RecognizedFace, pixels: NDArray[np.uint8]) -> str:
    """After the picture, for people, and the crop's content: pictures of one name in two folders do not meet."""
    picture = result.picture
    stem = re.sub(r"[^\w.-]+", "_", picture.file_name.rpartition(".")[0] or picture.file_name).strip("._")
    frame = "" if picture.frame is None else f"-frame{picture.frame:06}"
    content = hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()[:12]
    return f"{stem[-_LONGEST_NAME:]}{frame}-{face.face_id}-{content}.png"


def _folder_name(label: str) -> str:
    """A label as a folder: foreign models may have any."""
    return re.sub(r"[/\\\0]+", "_", label).strip(". ") or "_"
