"""Pictures that no check has seen: drawn faces of another seed, and crops of photographs that scikit-image ships."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

FACES, CROPS = 1024, 3072
SEED = 29
SMALLEST = 32
"""Edge of the smallest crop, in pixels."""


def draw_pictures(contract: Contract) -> NDArray[np.uint8]:
    """4,096 pictures at a model's size, faces and photographs mixed; (4096, height, width, 3) uint8 RGB."""
    from fer_edge.export.pictures.images import draw_faces

    faces = draw_faces("validation", FACES, contract, seed=SEED).scaled
    both = np.concatenate([faces, crop_photographs(contract, CROPS)])
    mixed: NDArray[np.uint8] = both[np.random.default_rng(SEED).permutation(len(both))]
    return mixed


def crop_photographs(contract: Contract, count: int) -> NDArray[np.uint8]:
    """Squares of any size and place, through the camera path."""
    from fer_edge.runtime.camera import scaled
    from fer_edge.runtime.frame import Frame

    photographs, rng = read_photographs(), np.random.default_rng(SEED)
    width, height = contract.input.width, contract.input.height
    found = np.zeros((count, height, width, 3), np.uint8)
    frames = [Frame.from_rgb(picture) for picture in photographs]
    for index in range(count):
        picture, frame = photographs[index % len(frames)], frames[index % len(frames)]
        rows, columns = picture.shape[:2]
        edge = int(rng.integers(min(SMALLEST, rows, columns), min(rows, columns) + 1))
        top, left = (int(rng.integers(0, size - edge + 1)) for size in (rows, columns))
        found[index] = scaled(
            frame, width, height, box=(left, top, left + edge, top + edge), crop_margin=0.0, mirror=False
        )
    return found


def read_photographs() -> list[NDArray[np.uint8]]:
    """Every picture in scikit-image's own folder of data, and the faces of its part of LFW; RGB."""
    import skimage
    from PIL import Image

    folder = Path(skimage.__file__).parent / "data"
    files = sorted(path for path in folder.iterdir() if path.suffix in (".png", ".jpg"))
    found = [np.asarray(Image.open(path).convert("RGB")) for path in files]
    if (folder / "lfw_subset.npy").exists():
        faces = np.load(folder / "lfw_subset.npy")[:100]
        found += [np.repeat(np.rint(face * 255).astype(np.uint8)[..., None], 3, axis=2) for face in faces]
    return found
