"""Rate at which a face detector takes drawn faces for faces.

    python benchmarks/studies/haar_detection.py

Draws frontal synthetic faces in pictures of 160 x 160 pixels, half of them clear and half weak or mixed expressions,
and runs OpenCV's frontal Haar cascade on them as fer-predict does. A face counts as found if one detected box overlaps
its own box with an intersection over union of at least 0.4. The share of found faces must be at least 97 percent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from machine import machine
from runner import Asked, Document, option, study

from fer_edge.faces.detectors import detect_faces, make_detector
from fer_edge.faces.face import Box
from fer_edge.synthetic import EMOTIONS, SyntheticFaces, render_face

SIZE = 160
OVERLAP = 0.4
TARGET = 0.97


def run(asked: Asked) -> Document:
    """Detection rate, overall and by emotion, on ``count`` frontal faces of the test split."""
    detector, count = make_detector("haar"), asked.count
    faces = SyntheticFaces("test", count, frontal=True)
    overlaps, drawn, found = [], Counter[str](), Counter[str]()
    for index in range(count):
        emotion = EMOTIONS[index % len(EMOTIONS)]
        clear = index // len(EMOTIONS) % 2 == 0
        face = render_face(faces.face_seed(index), emotion=emotion, clear=clear, frontal=True, size=SIZE)
        best = max(
            (overlap(face.box, found_face.box) for found_face in detect_faces(face.frame, detector)),
            default=0.0,
        )
        drawn[emotion] += 1
        if best >= OVERLAP:
            found[emotion] += 1
            overlaps.append(best)
    return {
        "schema": "fer-edge-haar-detection/1",
        "environment": {"cpu": machine()["cpu"], "opencv": version("opencv-python"), "numpy": np.__version__},
        "picture": SIZE,
        "faces": count,
        "found": found.total(),
        "rate": round(found.total() / count, 4),
        "target": TARGET,
        "met": found.total() / count >= TARGET,
        "overlap_median": round(float(np.median(overlaps)), 3),
        "rate_by_emotion": {name: round(found[name] / drawn[name], 4) for name in EMOTIONS if drawn[name]},
    }


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (areas - width * height)


def show(found: Document) -> Iterator[str]:
    """The rates."""
    share = f"{found['rate']:.2%} (at least {TARGET:.0%})"
    yield f"found {found['found']} of {found['faces']} frontal faces: {share}"
    yield f"overlap of the boxes where found: median {found['overlap_median']:.2f}"
    for emotion, rate in found["rate_by_emotion"].items():
        yield f"  {emotion:<10} {rate:.2%}"


if __name__ == "__main__":
    study(run, option("--count", 1600), show=show)
