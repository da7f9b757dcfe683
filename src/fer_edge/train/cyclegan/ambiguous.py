"""The faces whose label is in doubt: found by translating, as a list, and as one page to look through."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.console.output import Output
from fer_edge.console.rendering import render
from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.train.cyclegan.data import Domain, load_domains
from fer_edge.train.cyclegan.model import Direction, Model
from fer_edge.train.cyclegan.networks import translate
from fer_edge.train.cyclegan.pictures import save_histogram
from fer_edge.train.cyclegan.similarity import Score, list_ambiguous, scores
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.ambiguous_list import AmbiguousFace, write_list
from fer_edge.train.evaluation.examples import face_png

SUMMARY_SCHEMA = "fer-edge-ambiguous/1"
SHOWN = 120
"""Faces of a class on the page; the list has all."""
LONGEST_NAME = 80
HEADERS = ("class", "faces", "listed", "median similarity")


@dataclass(frozen=True)
class Listing:
    """The faces whose label is in doubt, and what their similarities look like.

    Attributes:
        summary: of the command, as JSON can hold it.
        rows: the list.
        similarities: of all faces, by class.
        sheets: the listed faces of each class.
    """

    summary: dict[str, Any]
    rows: Sequence[AmbiguousFace]
    similarities: Mapping[str, Sequence[float]]
    sheets: Sequence[Mapping[str, Any]]

    def write(self, out: Path) -> dict[str, str]:
        """The list ``out`` (CSV), and beside it its histogram (PNG), summary (JSON) and listed faces (HTML).

        Returns:
            The paths of list, histogram and page.
        """
        out.parent.mkdir(parents=True, exist_ok=True)
        histogram, page = out.with_suffix(".png"), out.with_suffix(".html")
        write_list(out, self.rows)
        save_histogram(histogram, self.similarities, self.summary["threshold"])
        write_bytes(out.with_suffix(".json"), (json.dumps(self.summary, indent=1) + "\n").encode())
        write_text(page, _page(self.summary, self.sheets, histogram.read_bytes()))
        return {"list": str(out), "histogram": str(histogram), "page": str(page)}


def find_ambiguous(
    model: Model,
    faces: Faces,
    output: Output,
    *,
    threshold: float,
    only: str | None = None,
    workers: int | None = None,
) -> Listing:
    """Translate every face and compare.

    Args:
        model: a trained CycleGAN.
        faces: the split.
        output: where progress goes.
        threshold: similarity from which on a face is listed, -1..1.
        only: a class whose faces alone are translated.
        workers: processes that prepare faces; None: one a core.
    """
    ways = model.away_from(only)
    classes = load_domains(faces, model.choices, [way.source for way in ways], output, workers)
    found = {way.source: scores(way.network, classes[way.source], way.source) for way in ways}
    return Listing(
        _summary(model, faces, found, threshold),
        list_ambiguous([score for group in found.values() for score in group], faces, threshold),
        {name: [score.ssim for score in group] for name, group in found.items()},
        [_sheet(way, classes[way.source], found[way.source], faces, threshold) for way in ways],
    )


def _summary(
    model: Model, faces: Faces, found: Mapping[str, Sequence[Score]], threshold: float
) -> dict[str, Any]:
    """Numbers of faces and listed ones of each class, and their similarities counted in bins of 0.05 from -1 to 1."""
    edges = np.linspace(-1, 1, 41)
    classes = {}
    for name, group in found.items():
        values = np.array([score.ssim for score in group])
        classes[name] = {
            "faces": len(values),
            "listed": int((values >= threshold).sum()),
            "median_ssim": round(float(np.median(values)), 6),
            "histogram": np.histogram(values, edges)[0].tolist(),
        }
    return {
        "schema": SUMMARY_SCHEMA,
        "model_sha256": model.sha256,
        "data_sha256": faces.sha256(),
        "choices": asdict(model.choices),
        "threshold": threshold,
        "faces": sum(one["faces"] for one in classes.values()),
        "listed": sum(one["listed"] for one in classes.values()),
        "classes": classes,
    }


def _sheet(
    direction: Direction, domain: Domain, scores: Sequence[Score], faces: Faces, threshold: float
) -> dict[str, Any]:
    """The listed faces of a class for the page, most similar first, each beside its translation."""
    listed = [at for at, score in enumerate(scores) if score.ssim >= threshold]
    listed.sort(key=lambda at: (-scores[at].ssim, scores[at].index))
    first = listed[:SHOWN]
    before = domain.images[first]
    after = translate(direction.network, before) if first else before
    shown = []
    for at, left, right in zip(first, before, after, strict=True):
        name = faces.name(scores[at].index)
        shown.append(
            {
                "name": name,
                "short_name": name if len(name) <= LONGEST_NAME else f"...{name[3 - LONGEST_NAME :]}",
                "ssim": scores[at].ssim,
                "before_png": face_png(left.numpy()),
                "after_png": face_png(right.numpy()),
            }
        )
    return {"source": direction.source, "target": direction.target, "listed": len(listed), "shown": shown}


def _page(summary: Mapping[str, Any], sheets: Sequence[Mapping[str, Any]], histogram: bytes) -> str:
    """The page's HTML."""
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
