"""Pictures at the model's size after step 6 of the camera spec, with labels where they are known and with provenance."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.pictures.drawn_faces import draw_scaled
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.labels import EMOTIONS, canonical

if TYPE_CHECKING:
    from fer_edge.synthetic import SyntheticFaces

Tick = Callable[[], object]
"""Called between pictures, so that whoever waits for children can look after them."""


@dataclass(frozen=True)
class ImageSet:
    """Pictures at the model's size.

    Attributes:
        scaled: (n, height, width, 3) uint8 RGB after step 6 of the camera spec.
        labels: of each picture, its place in the contract's labels; -1 where unknown.
        source: ``synthetic <split>`` or ``folder``: no path, so that a manifest does not depend on where it lay.
        sha256: over names and contents of what was read, or of the recipe of drawn faces.
        left_out: what of a folder was left out, as a sentence; "" where nothing was.
    """

    scaled: NDArray[np.uint8]
    labels: NDArray[np.int64]
    source: str
    sha256: str
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.scaled)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each picture's pixels: the same face in two files is found whatever the files are called."""
        return tuple(hashlib.sha256(picture.tobytes()).hexdigest() for picture in self.scaled)

    def classes(self, labels: Sequence[str]) -> dict[str, int]:
        """Pictures of each label, in label order, zeros included; empty where no label is known."""
        counted = Counter(self.labels.tolist())
        if set(counted) <= {-1}:
            return {}
        return {label: counted[index] for index, label in enumerate(labels)}

    def take(self, indices: Sequence[int]) -> ImageSet:
        """Some of the pictures, with the same provenance."""
        chosen = list(indices)
        return ImageSet(self.scaled[chosen], self.labels[chosen], self.source, self.sha256, self.left_out)


def draw_faces(
    split: str, count: int, contract: Contract, *, seed: int = 0, tick: Tick | None = None
) -> ImageSet:
    """Drawn faces of a split; labels by name, for the emotions that the model knows.

    Args:
        split: ``train``, ``validation`` or ``test``: disjoint in identities and seeds.
        count: how many.
        contract: gives size, margin and labels.
        seed: another set of the same split.
        tick: called after each face.
    """
    faces, labels = drawn_series(split, count, contract, seed=seed)
    pictures = draw_scaled(faces, contract, tick)
    return ImageSet(pictures, labels, f"synthetic {split}", faces.sha256())


def drawn_series(
    split: str, count: int, contract: Contract, *, seed: int = 0
) -> tuple[SyntheticFaces, NDArray[np.int64]]:
    """The series of drawn faces for a model, and the place of each face's emotion in its labels; -1 where it has no such word."""
    from fer_edge.synthetic import SyntheticFaces

    # A face whose emotion the model has no word for is still a face: without any known word take them all.
    known = tuple(emotion for emotion in EMOTIONS if _place(emotion, contract) >= 0) or None
    faces = SyntheticFaces(split, count, seed=seed, emotions=known)
    places = [_place(emotion, contract) for emotion in faces.emotions]
    return faces, np.array([places[index % len(places)] for index in range(count)], np.int64)


def count_overlap(first: ImageSet, second: ImageSet) -> int:
    """Count the pictures of ``first`` that are also in ``second``, by content."""
    others = set(second.digests)
    return sum(digest in others for digest in first.digests)


def _place(label: str, contract: Contract) -> int:
    for index, known in enumerate(contract.labels):
        if label == known or canonical(label) == canonical(known):
            return index
    return -1
