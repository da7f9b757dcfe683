"""The cards of the page; each leaves the pictures it shows in a mapping, file name -> PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.faults import SHOWN
from fer_edge.train.evaluation import html
from fer_edge.train.evaluation.examples import face_png
from fer_edge.train.evaluation.number_text import percent
from fer_edge.train.look import charts
from fer_edge.train.look.document import Findings, agreement, bounded, class_rows, line, repetitions
from fer_edge.train.look.pictures import Example, altered, crop_of
from fer_edge.train.look.repeats import Repeat
from fer_edge.train.look.survey import Looked
from fer_edge.train.look.two_labels import ROWS, SideBySide, TwoLabels

FREQUENCIES, EXAMPLES, ALTERED = "classes.png", "examples.png", "altered.png"
LABELS, TWICE, REPEATS = "fer-ferplus.png", "repeated.png", "repeated.txt"
PICTURES = (FREQUENCIES, EXAMPLES, ALTERED, LABELS, TWICE)
VIEWS = 23
"""Altered pictures of one face."""
COLUMNS = 8
"""Pictures in a row of a sheet."""
TOLD = 12
"""Repetitions and differing labels that are shown with their faces."""
COPIES = 4
"""Of a repetition, that are shown."""

Crop = NDArray[np.uint8]
"""(1 or 3, H, W)."""
Pictures = dict[str, bytes]
"""File name -> PNG."""


def classes(found: Findings, shown: Mapping[str, Sequence[Example]], pictures: Pictures) -> list[str]:
    """How often each class is there, and examples of each."""
    if not shown:
        return [html.card("No faces", html.note("There is nothing that the recipe could read."), wide=True)]
    counts, recipe = found.looked.counts(), found.looked.recipe
    pictures[FREQUENCIES] = charts.frequencies(counts, list(shown))
    pictures[EXAMPLES] = charts.sheet({name: [face.crop for face in faces] for name, faces in shown.items()})
    head = ("class", *counts, "share")
    rows = [(bounded(name), *cells) for name, *cells in class_rows(counts, recipe.classes)]
    size = f"{recipe.width}x{recipe.height}x{recipe.channels}"
    said = html.note(f"Drawn at random by --seed and cut out as for the network, whose input is {size}.")
    body = "".join(
        f"<h3>{html.escape(bounded(name))}</h3>{_row([(face.crop, face.name) for face in faces])}"
        for name, faces in shown.items()
    )
    return [
        html.chart(
            "How often each class is there", pictures[FREQUENCIES], "By the strongest emotion of each face."
        ),
        html.card("Classes in numbers", html.grid(head, rows, right=head[1:])),
        html.card("Faces of each class", said + body, wide=True),
    ]


def views(looked: Looked, shown: Mapping[str, Sequence[Example]], pictures: Pictures) -> list[str]:
    """One face as a training alters it."""
    first = next((faces[0] for faces in shown.values() if faces), None)
    if first is None:
        return []
    recipe, face = looked.recipe, looked.splits[first.split][first.index]
    plain = replace(recipe, augmentation="none", views=1)
    crops = [*altered(face, first.index, plain, 1), *altered(face, first.index, recipe, VIEWS)]
    pictures[ALTERED] = charts.sheet(
        {str(at // COLUMNS + 1): crops[at : at + COLUMNS] for at in range(0, len(crops), COLUMNS)}
    )
    crop = f" Each epoch takes one of {recipe.views} crops." if recipe.views > 1 else ""
    said = html.note(
        f"{bounded(first.name)}: as it is, then as {VIEWS} epochs may see it, altered by the recipe's own augmentation, "
        f"{recipe.augmentation}.{crop}"
    )
    body = said + _row([(each, f"{first.name}, altered") for each in crops])
    return [html.card("One face as training alters it", body, wide=True)]


def labels(found: Findings, pictures: Pictures) -> list[str]:
    """FER2013's labels beside those of FER+."""
    both = found.labels
    if both is None:
        return []
    if not both.rows:
        return [html.card("FER2013 and FER+", html.note(agreement(both)), wide=True)]
    pictures[LABELS] = charts.crossed(both.table(), "what most voters of FER+ saw", "label of FER2013")
    said = html.note(
        "The votes of FER+ that are surest that FER2013 is wrong; FER2013's emotions in turn. Ten people voted."
    )
    crops = [(row, crop_of(row.entry, found.looked.recipe)) for row in both.disagreements(TOLD)]
    body = "".join(_judged(row, crop) for row, crop in crops if crop is not None)
    return [
        html.chart("FER2013 and FER+", pictures[LABELS], agreement(both)),
        html.card("Both labels in numbers", _agreements(both)),
        html.card("Faces on which they differ", f'{said}<div class="faces">{body}</div>', wide=True),
    ]


def _agreements(both: SideBySide) -> str:
    head = ("FER2013", "faces", "FER+ agrees", "FER+ sees instead")
    rows = []
    for name in ROWS:
        row = both.table()[name]
        others = sorted((other for other in row if other != name and row[other]), key=lambda it: -row[it])
        seen = ", ".join(f"{other} {row[other]}" for other in others[:2]) or "-"
        decided = sum(row[emotion] for emotion in EMOTIONS)
        rows.append((name, str(sum(row.values())), percent(row[name] / decided if decided else None), seen))
    told = "Agreement: share of the faces on which most voters saw one emotion."
    return html.grid(head, rows, right=head[1:3]) + html.note(told)


def _judged(row: TwoLabels, crop: Crop) -> str:
    told = f"FER2013: {row.face.emotion}<br>FER+: {html.escape(row.ballot)}"
    name = bounded(row.entry.name)
    return f'<div class="face" title="{html.escape(name)}">{html.image(face_png(crop), name)}<div>{told}</div></div>'


def repeats(found: Findings, pictures: Pictures) -> list[str]:
    """Pictures that are there more than once."""
    if not found.repeats:
        return []
    shown = [(each, _copies(each, found.looked)) for each in found.repeats[:TOLD]]
    rows = {f"{at}": [crop for crop, _ in crops] for at, (_, crops) in enumerate(shown, 1) if crops}
    if rows:
        pictures[TWICE] = charts.sheet(rows)
    body = "".join(f"<h3>{at}. {html.escape(line(each))}</h3>{_row(crops)}" for at, (each, crops) in enumerate(shown, 1))  # fmt: skip
    rest = "".join(f"<li>{html.escape(line(each))}</li>" for each in found.repeats[TOLD : TOLD + SHOWN])
    all_of_them = html.note(f"All of them, one a line: {REPEATS} beside this page.")
    parts = [html.note(repetitions(found.repeats)), body, f"<ul>{rest}</ul>" if rest else "", all_of_them]
    return [html.card("Pictures that are there more than once", "".join(parts), wide=True)]


def _copies(repeat: Repeat, looked: Looked) -> list[tuple[Crop, str]]:
    crops = [(crop_of(copy.entry, looked.recipe), copy.text) for copy in repeat.copies[:COPIES]]
    return [(crop, text) for crop, text in crops if crop is not None]


def _row(crops: Sequence[tuple[Crop, str]]) -> str:
    return (
        f'<div class="row">{"".join(html.image(face_png(crop), bounded(text)) for crop, text in crops)}</div>'
    )
