"""Drawn faces at a model's size, kept from one export to the next where the user has named a folder for caches.

Drawing takes 6 ms a face, and each export judges by the same ones. Nothing is kept unless ``FER_EDGE_CACHE`` names a
folder: an export leaves no traces that nobody asked for. A file is called by a hash of all that decides on its pixels:
the series of faces with the renderer's version, the camera path's spec and geometry, and the libraries that draw.
Before one is taken some faces are drawn anew and compared; one that differs, or cannot be read, is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.camera import scaled
from fer_edge.runtime.errors import FerEdgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_edge.runtime.contract import Contract
    from fer_edge.synthetic import SyntheticFaces

    Tick = Callable[[], object]

CACHE = "FER_EDGE_CACHE"
PROBES = 4
"""Faces that are drawn anew before a file is taken."""


def draw_scaled(faces: SyntheticFaces, contract: Contract, tick: Tick | None = None) -> NDArray[np.uint8]:
    """The faces after step 6 of the camera spec, (n, height, width, 3) uint8 RGB.

    Args:
        faces: the series.
        contract: gives size, margin and mirror.
        tick: called after each face that is drawn.
    """
    path = _path(faces, contract)
    kept = _kept(path, faces, contract) if path else None
    if kept is not None:
        return kept
    pictures = np.zeros(_shape(faces, contract), np.uint8)
    for index in range(len(faces)):
        pictures[index] = _draw(faces, index, contract)
        if tick:
            tick()
    if path:
        _keep(path, pictures)
    return pictures


def _shape(faces: SyntheticFaces, contract: Contract) -> tuple[int, int, int, int]:
    return len(faces), contract.input.height, contract.input.width, 3


def _draw(faces: SyntheticFaces, index: int, contract: Contract) -> NDArray[np.uint8]:
    face, camera = faces[index], contract.camera
    return scaled(
        face.frame,
        contract.input.width,
        contract.input.height,
        box=face.box,
        crop_margin=camera.crop_margin,
        mirror=camera.mirror,
    )


def _path(faces: SyntheticFaces, contract: Contract) -> Path | None:
    folder = os.environ.get(CACHE)
    if not folder:
        return None
    libraries = [f"{name} {version(name)}" for name in ("numpy", "opencv-python")]
    key = [faces.sha256(), contract.camera, contract.input.width, contract.input.height, *libraries]
    return Path(folder) / "faces" / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.npy"


def _kept(path: Path, faces: SyntheticFaces, contract: Contract) -> NDArray[np.uint8] | None:
    try:
        pictures = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if pictures.shape != _shape(faces, contract) or pictures.dtype != np.uint8:
        return None
    probes = np.linspace(0, len(faces) - 1, min(PROBES, len(faces)), dtype=int).tolist()
    same = all(np.array_equal(pictures[index], _draw(faces, index, contract)) for index in probes)
    return pictures if same else None


def _keep(path: Path, pictures: NDArray[np.uint8]) -> None:
    """A cache that cannot be written costs time and nothing else."""
    stream = io.BytesIO()
    np.save(stream, pictures)
    with contextlib.suppress(OSError, FerEdgeError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, stream.getvalue())
