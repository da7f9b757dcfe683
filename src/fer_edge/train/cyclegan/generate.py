"""New labeled faces: those of one class, translated into the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from fer_edge.faces.pictures import save_picture
from fer_edge.train.cyclegan.choices import Choices
from fer_edge.train.cyclegan.data import Domain
from fer_edge.train.cyclegan.model import Direction
from fer_edge.train.cyclegan.networks import translate
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.ambiguous_list import pixels_sha256
from fer_edge.train.datasets.generated import GeneratedPicture


def chosen(domain: Domain, limit: int | None, seed: int) -> Domain:
    """At most ``limit`` faces of a class, drawn by seed, in the order of the split."""
    if limit is None or limit >= len(domain):
        return domain
    drawn = np.sort(np.random.default_rng(seed).permutation(len(domain))[:limit])
    return Domain(domain.images[drawn], tuple(domain.indices[at] for at in drawn))


def generate(
    direction: Direction,
    domain: Domain,
    faces: Faces,
    folder: Path,
    choices: Choices,
    advance: Callable[[int], None] = lambda _: None,
) -> list[GeneratedPicture]:
    """Write the translations of a class as PNGs, ``<target>/<number>-<name of the source>.png``.

    Args:
        direction: which way.
        domain: the faces to translate, of class ``direction.source``.
        faces: the split that they were taken from.
        folder: an existing folder.
        choices: of the CycleGAN; the margin decides on the box.
        advance: told how many more pictures are written.

    Returns:
        What the provenance has to tell of each.
    """
    (folder / direction.target).mkdir(exist_ok=True)
    made = []
    pictures = translate(direction.network, domain.images)
    for index, picture in zip(domain.indices, pictures, strict=True):
        name = faces.name(index)
        file = f"{direction.target}/{index:06d}-{_plain(name)}.png"
        save_picture(folder / file, _rgb(picture))
        made.append(
            GeneratedPicture(
                file=file,
                sha256=hashlib.sha256((folder / file).read_bytes()).hexdigest(),
                label=direction.target,
                box=inner_box(choices.size, choices.margin),
                source=name,
                source_label=direction.source,
                source_sha256=pixels_sha256(faces[index]),
            )
        )
        advance(1)
    return made


def inner_box(size: int, margin: float) -> tuple[float, float, float, float]:
    """The box that, grown by the margin as the camera spec's step 5 does, is the whole picture of that size."""
    edge = size / (1 + 2 * margin)
    low = margin * edge
    return low, low, low + edge, low + edge


def about(model_sha256: str, choices: Choices, seed: int, directions: Sequence[Direction]) -> dict[str, Any]:
    """Facts about all pictures of a folder."""
    return {
        "model_sha256": model_sha256,
        "directions": [f"{way.source} to {way.target}" for way in directions],
        "size": choices.size,
        "channels": choices.channels,
        "crop_margin": choices.margin,
        "seed": seed,
    }


def _plain(name: str) -> str:
    """A face's name as part of a file's: the number before it keeps it unique."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition(".")[0] or name).strip("-")[-60:]


def _rgb(picture: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.repeat(picture.numpy().transpose(1, 2, 0), 3 // picture.shape[0], axis=2)
