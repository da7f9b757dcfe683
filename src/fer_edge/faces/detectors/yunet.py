"""YuNet by OpenCV's ``FaceDetectorYN``: faces at angles and in light that the cascade does not find; needs a model file.

Source: Wu, Peng and Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector"; the file is OpenCV Zoo's
``face_detection_yunet_2023mar.onnx`` or a later one. fer-edge neither ships nor downloads it.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.faces.face import Detection
from fer_edge.faces.yunet_trial import why_not
from fer_edge.runtime.containers import wire
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.containers.onnx import refuse_external_data
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import require
from fer_edge.runtime.paths import kind_of, read_plain

LEAST_SCORE = 0.8
"""On photographs that libraries ship, faces have 0.91 and more, and what is none 0.70 at most."""
OVERLAP = 0.3
MOST_FACES = 5000
LARGEST_FILE = 1 << 24
"""Bytes; OpenCV Zoo's files have 0.1 to 0.3 million."""

_OUTPUTS = {f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)}
_FROM = "get face_detection_yunet_2023mar.onnx, or a later one, from OpenCV Zoo (models/face_detection_yunet)"


class YuNetDetector:
    """OpenCV's ``FaceDetectorYN``.

    Its boxes are as high as a face and narrower. Models learn from square crops, as the cascade gives them, so a detection is
    the square of the longer side about the same center, within the picture.
    """

    name: ClassVar[str] = "yunet"
    model_file: ClassVar[str] = f"YuNet's ONNX file: {_FROM}"
    longest_side: ClassVar[int] = 640
    """It learned faces of 10 to 300 pixels in pictures of 640; of a larger copy it misses the large ones."""

    def __init__(self, model: Path | None = None) -> None:
        """Open the file, which is untrusted: its size and outputs are looked at, and then another process tries it.

        Raises:
            FerEdgeError: no such file, or not YuNet's.
            MissingExtra: OpenCV is not installed.
        """
        if model is None:
            raise FerEdgeError(f"the detector yunet needs {self.model_file}")
        cv2 = require("cv2", "predict")
        if not hasattr(cv2, "FaceDetectorYN"):
            raise FerEdgeError(
                f"OpenCV {cv2.__version__} has no FaceDetectorYN; pip install 'opencv-python>=4.10,<5'"
            )
        content = np.frombuffer(_read(model), np.uint8)
        wrong = why_not(model)
        if wrong:
            raise FerEdgeError(f"{model} is damaged: {wrong}; {_FROM}")
        self._network: Any = cv2.FaceDetectorYN.create(
            "onnx", content, np.empty(0, np.uint8), (320, 320), LEAST_SCORE, OVERLAP, MOST_FACES
        )

    def detect(self, picture: NDArray[np.uint8], options: DetectorOptions) -> list[Detection]:
        """The faces of a (H, W, 3) uint8 RGB picture; a score is 0..1, at least ``LEAST_SCORE``."""
        height, width = picture.shape[:2]
        self._network.setInputSize((width, height))
        self._network.setNMSThreshold(OVERLAP if options.overlap is None else options.overlap)
        _, rows = self._network.detect(np.ascontiguousarray(picture[:, :, ::-1]))
        squares = (_square(row, width, height) for row in ([] if rows is None else rows.tolist()))
        found = [face for face in squares if face is not None and _side(face) >= options.smallest]
        return sorted(found, key=lambda face: face.box)


def _side(face: Detection) -> float:
    """The shorter one."""
    x0, y0, x1, y1 = face.box
    return min(x1 - x0, y1 - y0)


def _square(row: list[float], width: int, height: int) -> Detection | None:
    """A row of OpenCV's answer (x, y, width, height, five points, score) as a square; None if it lies outside."""
    if not all(map(math.isfinite, row)):
        return None
    x, y, across, down = row[:4]
    side = max(across, down)
    left, top = round(x + across / 2 - side / 2), round(y + down / 2 - side / 2)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + round(side)), min(height, top + round(side))
    return Detection((float(x0), float(y0), float(x1), float(y1)), row[-1]) if x0 < x1 and y0 < y1 else None


def _read(path: Path) -> bytes:
    """The bytes of a file whose outputs are YuNet's."""
    kind = kind_of(path)
    if kind != "file":
        wrong = "does not exist" if kind == "absent" else "is no plain file"
        raise FerEdgeError(f"{path} {wrong}; {_FROM}")
    content = read_plain(path, LARGEST_FILE)
    if not content:
        raise FerEdgeError(f"{path} is empty; {_FROM}")
    if len(content) > LARGEST_FILE:
        raise FerEdgeError(f"{path} has more than {LARGEST_FILE >> 20} MiB, so it is not YuNet's; {_FROM}")
    outputs = _outputs(path, content)
    if not outputs >= _OUTPUTS:
        lacking = ", ".join(sorted(_OUTPUTS - outputs)[:3])
        raise FerEdgeError(f"{path} is another network: it lacks the outputs {lacking}, ...; {_FROM}")
    return content


def _outputs(path: Path, content: bytes) -> set[str]:
    """The names of the outputs of an ONNX model: field 12 of its graph, which is field 7, and of each field 1."""
    file = io.BytesIO(content)
    try:
        whole = (0, len(content))
        refuse_external_data(file, whole)
        return {
            wire.text(file, name).decode("utf-8", "replace")
            for graph in wire.blocks(file, whole, 7)
            for output in wire.blocks(file, graph, 12)
            for name in wire.blocks(file, output, 1)
        }
    except ContainerError as error:
        raise FerEdgeError(f"{path} is no ONNX file ({_looks_like(content) or error}); {_FROM}") from None


def _looks_like(content: bytes) -> str:
    """What people get instead of the file."""
    beginning = content[:400].lstrip().lower()
    if beginning.startswith((b"<!doctype", b"<html")):
        return "it is a web page about it, saved in its place"
    if beginning.startswith(b"version https://git-lfs"):
        return "it is Git LFS's pointer to it: run git lfs pull"
    return ""
