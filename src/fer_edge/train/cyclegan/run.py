"""The work of the three commands, from open faces to written files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.console.output import Output
from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.runtime.errors import DataError
from fer_edge.train.cyclegan.choices import Choices, Origin
from fer_edge.train.cyclegan.data import Domain, domains, open_faces
from fer_edge.train.cyclegan.generate import about, chosen, generate
from fer_edge.train.cyclegan.listed_page import Sheet, listed_page, sheet
from fer_edge.train.cyclegan.model import Model, write_model
from fer_edge.train.cyclegan.pictures import sample_grid, save_grid, save_histogram
from fer_edge.train.cyclegan.similarity import Score, list_ambiguous, scores
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.ambiguous_list import AmbiguousFace, write_list
from fer_edge.train.datasets.generated import write_provenance

if TYPE_CHECKING:
    from fer_edge.train.cyclegan.training import CycleGan

SAMPLES = "samples"
SUMMARY_SCHEMA = "fer-edge-ambiguous/1"


def train(
    choices: Choices,
    origin: Origin,
    data: Path | None,
    out: Path,
    output: Output,
    *,
    resume: bool = False,
    sample_every: int = 1,
    workers: int | None = None,
) -> dict[str, Any]:
    """Train; leaves ``cyclegan.safetensors``, ``last.ckpt``, ``log.jsonl`` and ``samples/epoch-NNNN.png`` in ``out``.

    Args:
        choices: of networks and schedule.
        origin: of the faces.
        data: of ``--data``.
        out: folder, made if absent.
        output: where progress goes.
        resume: go on from the folder's snapshot.
        sample_every: epochs from grid to grid; the last epoch always has one.
        workers: processes that prepare faces; None: one a core.

    Returns:
        The command's result: paths, hash, faces of each class, losses of the last epoch.
    """
    from fer_edge.train.cyclegan.training import CycleGan, fit

    faces = open_faces(origin, data, (choices.source, choices.target))
    classes = _domains(faces, choices, (choices.source, choices.target), output, workers)
    x, y = (classes[name].images for name in (choices.source, choices.target))
    samples = out / SAMPLES
    samples.mkdir(parents=True, exist_ok=True)

    def sample(_losses: Mapping[str, float], trained: CycleGan) -> None:
        if trained.epoch % sample_every == 0 or trained.epoch == choices.epochs:
            save_grid(samples / f"epoch-{trained.epoch:04d}.png", sample_grid(trained, x, y))

    gan = CycleGan(choices)
    history = fit(gan, x, y, out, sample, output=output, resume=resume)
    path = write_model(out, gan, origin, faces.sha256())
    return {
        "model": str(path),
        "samples": str(samples),
        "faces": {name: len(domain) for name, domain in classes.items()},
        "epochs": gan.epoch,
        "losses": {name: value for name, value in history[-1].items() if name != "epoch"},
    }


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
    sheets: Sequence[Sheet]

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
        write_text(page, listed_page(self.summary, self.sheets, histogram.read_bytes()))
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
    classes = _domains(faces, model.choices, [way.source for way in ways], output, workers)
    found = {way.source: scores(way.network, classes[way.source], way.source) for way in ways}
    return Listing(
        _summary(model, faces, found, threshold),
        list_ambiguous([score for group in found.values() for score in group], faces, threshold),
        {name: [score.ssim for score in group] for name, group in found.items()},
        [sheet(way, classes[way.source], found[way.source], faces, threshold) for way in ways],
    )


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
    classes = _domains(faces, choices, [way.source for way in ways], output, workers)
    domains_of = {name: chosen(domain, count, seed) for name, domain in classes.items()}
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


def _domains(
    faces: Faces, choices: Choices, classes: Sequence[str], output: Output, workers: int | None
) -> Mapping[str, Domain]:
    with output.progress("Faces", len(faces)) as bar:
        return domains(faces, classes, choices, workers=workers, advance=bar.advance)


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
