"""The faces that ``fer-train ambiguous`` lists, each beside its translation, as one page to look through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fer_edge.console.rendering import render
from fer_edge.train.cyclegan.data import Domain
from fer_edge.train.cyclegan.model import Direction
from fer_edge.train.cyclegan.networks import translate
from fer_edge.train.cyclegan.similarity import Score
from fer_edge.train.data.faces import Faces
from fer_edge.train.evaluation.examples import face_png

SHOWN = 120
"""Faces of a class on the page; the list has all."""
LONGEST_NAME = 80
HEADERS = ("class", "faces", "listed", "median similarity")


@dataclass(frozen=True)
class Shown:
    """A listed face.

    Attributes:
        name: of the face in its split.
        ssim: similarity to its translation.
        before: (C, H, W) uint8.
        after: the same, translated.
    """

    name: str
    ssim: float
    before: Tensor
    after: Tensor

    @property
    def short_name(self) -> str:
        """The end of a long name."""
        return self.name if len(self.name) <= LONGEST_NAME else f"...{self.name[3 - LONGEST_NAME :]}"

    @property
    def before_png(self) -> bytes:
        """``before`` as a PNG."""
        return face_png(self.before.numpy())

    @property
    def after_png(self) -> bytes:
        """``after`` as a PNG."""
        return face_png(self.after.numpy())


@dataclass(frozen=True)
class Sheet:
    """The listed faces of a class, most similar first.

    Attributes:
        source: the class.
        target: what they were translated into.
        listed: how many there are.
        shown: the first ``SHOWN``.
    """

    source: str
    target: str
    listed: int
    shown: Sequence[Shown]


def sheet(
    direction: Direction, domain: Domain, scores: Sequence[Score], faces: Faces, threshold: float
) -> Sheet:
    """Translate the listed faces of a class again, for the page.

    Args:
        direction: that leads away from the class.
        domain: its faces.
        scores: one a face, in the same order.
        faces: the split.
        threshold: from which on a face is listed.
    """
    listed = [at for at, score in enumerate(scores) if score.ssim >= threshold]
    listed.sort(key=lambda at: (-scores[at].ssim, scores[at].index))
    first = listed[:SHOWN]
    before = domain.images[first]
    after = translate(direction.network, before) if first else before
    shown = [
        Shown(faces.name(scores[at].index), scores[at].ssim, before[place], after[place])
        for place, at in enumerate(first)
    ]
    return Sheet(direction.source, direction.target, len(listed), shown)


def listed_page(summary: Mapping[str, Any], sheets: Sequence[Sheet], histogram: bytes) -> str:
    """The page's HTML.

    Args:
        summary: of the command.
        sheets: of the classes.
        histogram: of the similarities, PNG.
    """
    rows = [
        (name, str(one["faces"]), str(one["listed"]), f"{one['median_ssim']:.3f}")
        for name, one in summary["classes"].items()
    ]
    return render(
        "fer_edge.train.cyclegan",
        "listed.html.j2",
        title="Faces whose label is in doubt",
        summary=summary,
        headers=HEADERS,
        rows=rows,
        histogram=histogram,
        sheets=sheets,
    )
