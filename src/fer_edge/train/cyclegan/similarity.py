"""Faces that a translation leaves as they are: their label is in doubt.

A generator that turns happy faces into sad ones has little to do where the face is sad already, whatever its label
says. The measure is structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004, "Image Quality Assessment: From Error
Visibility to Structural Similarity", IEEE Transactions on Image Processing 13) as scikit-image computes it: windows of
7x7, range 255, mean over channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_edge.train.cyclegan.choices import THRESHOLD
from fer_edge.train.cyclegan.data import Domain
from fer_edge.train.cyclegan.networks import translate
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.ambiguous_list import AmbiguousFace, pixels_sha256


@dataclass(frozen=True)
class Score:
    """Similarity of a face and its translation.

    Attributes:
        index: of the face in its split.
        label: its class.
        ssim: -1..1; 1: the translation is the picture itself.
    """

    index: int
    label: str
    ssim: float


def similarities(images: Tensor, translated: Tensor) -> NDArray[np.float64]:
    """Structural similarity of each picture and its translation.

    Args:
        images: (n, C, H, W) uint8, edges of 7 pixels or more.
        translated: the same shape.

    Returns:
        (n,) float64 in -1..1.
    """
    from skimage.metrics import structural_similarity

    return np.array(
        [
            structural_similarity(before, after, data_range=255, channel_axis=0)  # type: ignore[no-untyped-call]
            for before, after in zip(images.numpy(), translated.numpy(), strict=True)
        ]
    )


def scores(network: nn.Module, domain: Domain, label: str) -> list[Score]:
    """Translate the faces of a class and compare.

    Args:
        network: the generator that leads away from the class.
        domain: its faces.
        label: its name.

    Returns:
        One score a face, in the order of the split.
    """
    values = similarities(domain.images, translate(network, domain.images))
    return [Score(index, label, float(value)) for index, value in zip(domain.indices, values, strict=True)]


def list_ambiguous(found: list[Score], faces: Faces, threshold: float = THRESHOLD) -> list[AmbiguousFace]:
    """The rows of ``ambiguous.csv``: scores at or above the threshold, most similar first.

    Args:
        found: of all classes together.
        faces: the split that they were taken from.
        threshold: -1..1.
    """
    rows = [score for score in found if score.ssim >= threshold]
    rows.sort(key=lambda score: (-score.ssim, score.index))
    return [
        AmbiguousFace(faces.name(row.index), row.label, row.ssim, pixels_sha256(faces[row.index]))
        for row in rows
    ]
