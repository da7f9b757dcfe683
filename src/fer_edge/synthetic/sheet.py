"""A contact sheet of drawn faces: ``python -m fer_edge.synthetic.sheet faces.png``."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import upright
from fer_edge.runtime.extras import require
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.synthetic.face import render_face


def contact_sheet(seed: int = 0, rows: int = 4, size: int = 104) -> NDArray[np.uint8]:
    """Clear faces, a column for each emotion, every third row turned: (rows * size, 8 * size, 3) uint8 RGB."""
    lines = []
    for row in range(rows):
        seeds = range(seed + row * len(EMOTIONS), seed + (row + 1) * len(EMOTIONS))
        faces = (
            render_face(at, emotion=emotion, clear=True, frontal=row % 3 != 2, size=size)
            for at, emotion in zip(seeds, EMOTIONS, strict=True)
        )
        lines.append(np.hstack([upright(face.frame) for face in faces]))
    return np.vstack(lines)


def main(path: str, seed: int = 0) -> None:
    """Write a sheet as PNG of 256 colors: noise makes true-color files large."""
    image = require("PIL.Image", "train")
    image.fromarray(contact_sheet(seed)).quantize(256, dither=0).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1], *(int(seed) for seed in sys.argv[2:]))
