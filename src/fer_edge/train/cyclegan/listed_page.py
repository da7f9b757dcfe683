"""The faces that ``fer-train ambiguous`` lists, each beside its translation, as one page to look through."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from torch import Tensor

from fer_edge.console.html import grid, heading, note, page, picture
from fer_edge.train.cyclegan.data import Domain
from fer_edge.train.cyclegan.model import Direction
from fer_edge.train.cyclegan.similarity import Score
from fer_edge.train.cyclegan.training import translate
from fer_edge.train.data.faces import Faces
from fer_edge.train.evaluation.html import image

SHOWN = 120
"""Faces of a class on the page; the list has all."""
LONGEST_NAME = 80
STYLE = """
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 47%), 1fr)); gap: .75rem; margin: .5rem 0 1.5rem; }
.face { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font-size: .8125rem; line-height: 1.35; overflow-wrap: anywhere; }
.face div { padding: .4rem .5rem .5rem; }
.face img { width: 50%; aspect-ratio: 1; object-fit: contain; background: #808080; border: 0; border-radius: 0; display: inline-block; vertical-align: top; }
"""


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
    parts = [
        note(
            f"{summary['listed']} of {summary['faces']} faces are listed: their translation is as similar as "
            f"{summary['threshold']:g} or more, so that their label is in doubt. Left the face, right its translation. Look "
            "through them before --reduced leaves them out."
        ),
        grid(("class", "faces", "listed", "median similarity"), rows, right=("faces", "listed", "median similarity")),
        picture(histogram, "Similarities of all faces."),
        *(_section(one) for one in sheets),
    ]  # fmt: skip
    return page("Faces whose label is in doubt", parts, style=STYLE)


def _section(one: Sheet) -> str:
    more = f", the first {len(one.shown)} of them here" if one.listed > len(one.shown) else ""
    cards = "".join(_card(face, one.target) for face in one.shown) or "<p>None.</p>"
    return (
        heading(f"{one.source}: {one.listed} listed{more}")
        + note(f"Labeled {one.source}; translated into {one.target}.")
        + f'<div class="faces">{cards}</div>'
    )


def _card(face: Shown, target: str) -> str:
    name = face.name if len(face.name) <= LONGEST_NAME else f"...{face.name[3 - LONGEST_NAME :]}"
    pictures = image(_png(face.before), face.name) + image(_png(face.after), f"{face.name} as {target}")
    return f'<div class="face">{pictures}<div><b>{face.ssim:.3f}</b><br>{escape(name)}</div></div>'


def _png(pixels: Tensor) -> bytes:
    from PIL import Image

    planes = pixels.numpy()
    array = planes[0] if len(planes) == 1 else np.ascontiguousarray(planes.transpose(1, 2, 0))
    data = io.BytesIO()
    Image.fromarray(array).save(data, format="PNG", optimize=True)
    return data.getvalue()
