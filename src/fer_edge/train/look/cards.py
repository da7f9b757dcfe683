"""Content of the page's cards; each leaves its pictures in a mapping, file name -> PNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.faults import SHOWN
from fer_edge.train.evaluation.examples import face_png
from fer_edge.train.evaluation.texts import percent
from fer_edge.train.look import charts
from fer_edge.train.look.document import Findings, agreement, class_rows, line, repetitions, shorten
from fer_edge.train.look.pictures import Example, augmented_views, crop_of
from fer_edge.train.look.survey import Looked, Repeat
from fer_edge.train.look.two_labels import ROWS, SideBySide

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


Image = tuple[bytes, str]
"""PNG, and what a screen reader says."""


def classes(found: Findings, shown: Mapping[str, Sequence[Example]], pictures: Pictures) -> dict[str, Any]:
    """Frequencies of the classes, and examples of each; empty without any face."""
    if not shown:
        return {}
    counts, recipe = found.looked.counts(), found.looked.recipe
    pictures[FREQUENCIES] = charts.frequencies(counts, list(shown))
    pictures[EXAMPLES] = charts.sheet({name: [face.crop for face in faces] for name, faces in shown.items()})
    return {
        "frequencies": pictures[FREQUENCIES],
        "headers": ("class", *counts, "share"),
        "rows": [(shorten(name), *cells) for name, *cells in class_rows(counts, recipe.classes)],
        "size": f"{recipe.width}x{recipe.height}x{recipe.channels}",
        "examples": [
            (shorten(name), _images((face.crop, face.name) for face in faces))
            for name, faces in shown.items()
        ],
    }


def views(looked: Looked, shown: Mapping[str, Sequence[Example]], pictures: Pictures) -> dict[str, Any]:
    """One face as a training alters it; empty without any face."""
    first = next((faces[0] for faces in shown.values() if faces), None)
    if first is None:
        return {}
    recipe, face = looked.recipe, looked.splits[first.split][first.index]
    plain = replace(recipe, augmentation="none", views=1)
    crops = [
        *augmented_views(face, first.index, plain, 1),
        *augmented_views(face, first.index, recipe, VIEWS),
    ]
    pictures[ALTERED] = charts.sheet(
        {str(at // COLUMNS + 1): crops[at : at + COLUMNS] for at in range(0, len(crops), COLUMNS)}
    )
    crop = f" Each epoch takes one of {recipe.views} crops." if recipe.views > 1 else ""
    note = (
        f"{shorten(first.name)}: as it is, then as {VIEWS} epochs may see it, altered by the recipe's own augmentation, "
        f"{recipe.augmentation}.{crop}"
    )
    return {"note": note, "images": _images((crop, f"{first.name}, altered") for crop in crops)}


def labels(found: Findings, pictures: Pictures) -> dict[str, Any]:
    """FER2013's labels beside those of FER+; empty where only one of them is there."""
    both = found.labels
    if both is None:
        return {}
    if not both.rows:
        return {"agreement": agreement(both), "chart": None}
    pictures[LABELS] = charts.cross_table(both.table(), "what most voters of FER+ saw", "label of FER2013")
    crops = [(row, crop_of(row.entry, found.looked.recipe)) for row in both.disagreements(TOLD)]
    return {
        "agreement": agreement(both),
        "chart": pictures[LABELS],
        "headers": ("FER2013", "faces", "FER+ agrees", "FER+ sees instead"),
        "rows": _agreements(both),
        "faces": [
            {
                "name": shorten(row.entry.name),
                "png": face_png(crop),
                "emotion": row.face.emotion,
                "ballot": row.ballot,
            }
            for row, crop in crops
            if crop is not None
        ],
    }


def _agreements(both: SideBySide) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name in ROWS:
        row = both.table()[name]
        others = sorted((other for other in row if other != name and row[other]), key=lambda it: -row[it])
        seen = ", ".join(f"{other} {row[other]}" for other in others[:2]) or "-"
        decided = sum(row[emotion] for emotion in EMOTIONS)
        rows.append((name, str(sum(row.values())), percent(row[name] / decided if decided else None), seen))
    return rows


def repeats(found: Findings, pictures: Pictures) -> dict[str, Any]:
    """Pictures that are there more than once; empty without any."""
    if not found.repeats:
        return {}
    shown = [(each, _copies(each, found.looked)) for each in found.repeats[:TOLD]]
    rows = {f"{at}": [crop for crop, _ in crops] for at, (_, crops) in enumerate(shown, 1) if crops}
    if rows:
        pictures[TWICE] = charts.sheet(rows)
    return {
        "summary": repetitions(found.repeats),
        "shown": [(line(each), _images(crops)) for each, crops in shown],
        "rest": [line(each) for each in found.repeats[TOLD : TOLD + SHOWN]],
        "list": REPEATS,
    }


def _copies(repeat: Repeat, looked: Looked) -> list[tuple[Crop, str]]:
    crops = [(crop_of(copy.entry, looked.recipe), copy.text) for copy in repeat.copies[:COPIES]]
    return [(crop, text) for crop, text in crops if crop is not None]


def _images(crops: Iterable[tuple[Crop, str]]) -> list[Image]:
    return [(face_png(crop), shorten(text)) for crop, text in crops]
