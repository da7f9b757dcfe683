"""New labeled faces: those of one class, translated into the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from fer_edge.console.output import Output
from fer_edge.faces.pictures import save_picture
from fer_edge.runtime.errors import DataError
from fer_edge.train.cyclegan.choices import Choices
from fer_edge.train.cyclegan.data import Domain, load_domains
from fer_edge.train.cyclegan.model import Direction, Model
from fer_edge.train.cyclegan.networks import translate
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.ambiguous_list import pixels_sha256
from fer_edge.train.datasets.generated import GeneratedPicture, write_provenance


def make_faces(
    model: Model,
    faces: Faces,
    out: Path,
    output: Output,
    *,
    only: str | None = None,
    count: int | None = None,
    seed: int = 0,
    workers: int | None = None,
) -> dict[str, Any]:
    """Write ``<class>/*.png`` and, when all are there, ``provenance.json``.

    Args:
        model: a trained CycleGAN.
        faces: the split whose faces are translated.
        out: a new or empty folder.
        output: where progress goes.
        only: a class of which alone faces are made.
        count: at most so many a class, drawn by ``seed``.
        seed: of that choice.
        workers: processes that prepare faces; None: one a core.

    Raises:
        DataError: the folder holds something already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(
            f"{out} exists and is not an empty folder; name a new one, so that old pictures do not stay"
        )
    choices = model.choices
    ways = [way for way in model.directions if only in (None, way.target)]
    classes = load_domains(faces, choices, [way.source for way in ways], output, workers)
    domains_of = {name: choose_faces(domain, count, seed) for name, domain in classes.items()}
    out.mkdir(parents=True, exist_ok=True)
    with output.progress("Generating", sum(map(len, domains_of.values()))) as bar:
        made = [
            one
            for way in ways
            for one in generate(way, domains_of[way.source], faces, out, choices, bar.advance)
        ]
    write_provenance(out, about(model.sha256, choices, seed, ways), made)
    return {
        "folder": str(out),
        "model_sha256": model.sha256,
        "made": {way.target: len(domains_of[way.source]) for way in ways},
    }


def choose_faces(domain: Domain, limit: int | None, seed: int) -> Domain:
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
