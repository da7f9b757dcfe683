"""Writes the photographed face of the Android library's tests: `PYTHONPATH=src:tests python -m support.photographed_face`.

`face.jpg` is a part of scikit-image's photograph of Eileen Collins (NASA, public domain), `faces.json` the box that OpenCV's frontal
cascade finds there, and `expected.json` what `fer-predict` answers for both with the ready bundle.
"""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from support.paths import DEMO_BUNDLE, ROOT
from support.processes import python

FOLDER = ROOT / "android_demo/library/src/test/resources/face"
LEFT, WIDTH, HEIGHT = 84, 320, 240
FACE = (177, 66, 95, 95)


def photograph() -> Image.Image:
    """The part of the photograph, 320x240."""
    from skimage.data import astronaut

    return Image.fromarray(astronaut()).crop((LEFT, 0, LEFT + WIDTH, HEIGHT))


def predicted(bundle: Path = DEMO_BUNDLE) -> str:
    """What `fer-predict` prints for the stored picture and box."""
    words = (
        FOLDER / "face.jpg", "--model", bundle, "--variant", "tflite-fp32", "--faces", FOLDER / "faces.json",
        "--probabilities", "--json",
    )  # fmt: skip
    return python("-m", "fer_edge.predict.cli", *words, check=True).stdout


def main() -> None:
    """Write the three files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    photograph().save(FOLDER / "face.jpg", quality=90)
    x, y, width, height = FACE
    box = [x - LEFT, y, x - LEFT + width, y + height]
    faces = [{"face_id": 1, "bbox": [str(value) for value in box]}]
    document = {"images": [{"file_name": "face.jpg", "threshold": 0.5, "faces": faces}]}
    (FOLDER / "faces.json").write_text(json.dumps(document) + "\n")
    (FOLDER / "expected.json").write_text(predicted())


if __name__ == "__main__":
    main()
