"""Writes the drawn face that the app's tests put before the camera: `PYTHONPATH=src:tests python -m support.drawn_face`.

`face.i420.gz` is what a phone held upright delivers, `face.png` its upright picture by the camera spec, `faces.json` its
box, and `expected.json` what `fer-predict` answers for that picture and that box with the ready bundle:

    fer-predict face.png --model android_demo/bundle --variant tflite-fp32 --faces faces.json --probabilities --json
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
from PIL import Image

from fer_edge.runtime import Frame
from fer_edge.runtime.camera import upright
from fer_edge.synthetic import render_face
from support.paths import DEMO_BUNDLE, ROOT
from support.processes import python

FOLDER = ROOT / "android_demo/app/src/test/resources/face"
WIDTH, HEIGHT, ROTATION, SIZE = 320, 240, 90, 240
SEED, EMOTION = 23, "happiness"


def planes() -> tuple[list[bytes], list[int]]:
    """Y, U and V of the frame as stored, and the box in the upright picture."""
    face = render_face(SEED, emotion=EMOTION, clear=True, frontal=True, size=SIZE, camera="rgba")
    drawn = upright(face.frame)
    above = (WIDTH - SIZE) // 2
    portrait = np.pad(drawn, ((above, above), (0, 0), (0, 0)), mode="edge")
    stored = np.rot90(portrait, ROTATION // 90).astype(np.float64)
    red, green, blue = (stored[:, :, channel] for channel in range(3))
    # JFIF 1.02, "RGB to YCbCr"; chroma is the mean of 2 x 2 pixels.
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    u, v = (blue - y) * 0.564 + 128, (red - y) * 0.713 + 128
    half = [plane.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3)) for plane in (u, v)]
    rounded = [np.clip(np.rint(plane), 0, 255).astype(np.uint8).tobytes() for plane in (y, *half)]
    x0, y0, x1, y1 = face.box
    return rounded, [round(x0), round(y0) + above, round(x1), round(y1) + above]


def picture(parts: list[bytes]) -> np.ndarray:
    """The upright picture, (320, 240, 3) uint8."""
    frame = Frame.from_yuv420(
        *parts, width=WIDTH, height=HEIGHT, y_row_stride=WIDTH, uv_row_stride=WIDTH // 2,
        uv_pixel_stride=1, rotation=ROTATION,
    )  # fmt: skip
    return upright(frame)


def predicted(bundle: Path = DEMO_BUNDLE) -> str:
    """What `fer-predict` prints for the stored picture and box."""
    words = (
        FOLDER / "face.png", "--model", bundle, "--variant", "tflite-fp32", "--faces", FOLDER / "faces.json",
        "--probabilities", "--json",
    )  # fmt: skip
    return python("-m", "fer_edge.predict.cli", *words, check=True).stdout


def main() -> None:
    """Write the four files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts, box = planes()
    (FOLDER / "face.i420.gz").write_bytes(gzip.compress(b"".join(parts), mtime=0))
    Image.fromarray(picture(parts)).save(FOLDER / "face.png", optimize=True)
    faces = [{"face_id": 1, "bbox": [str(value) for value in box]}]
    document = {"images": [{"file_name": "face.png", "threshold": 0.5, "faces": faces}]}
    (FOLDER / "faces.json").write_text(json.dumps(document) + "\n")
    if DEMO_BUNDLE.is_dir():
        (FOLDER / "expected.json").write_text(predicted())


if __name__ == "__main__":
    main()
