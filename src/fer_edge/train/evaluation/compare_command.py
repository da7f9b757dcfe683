"""``fer-train compare``: models on the same faces, with a paired test."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import list_option
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, out_option, threads_option
from fer_edge.console.table import table
from fer_edge.runtime.extras import need
from fer_edge.train.evaluation.evaluated_model import is_bundle
from fer_edge.train.evaluation.labeled_faces import face_options, open_faces

if TYPE_CHECKING:
    from fer_edge.train.evaluation.evaluated_model import EvaluatedModel
    from fer_edge.train.evaluation.predictions import Predictions

EXAMPLE = (
    "fer-train compare runs/vgg13/best.safetensors runs/fast/best.safetensors --recipe ferplus --data FER/"
)
ANSWERS = ".json"
OPTIONAL = ("cross entropy", "Brier", "ECE", "macro F1", "size", "top-2")
"""Columns that a narrow terminal goes without, the first to go first; the sentences say the rest."""


@command("compare", example=EXAMPLE)
@click.argument("first", metavar="FIRST", type=PATH)
@click.argument("others", metavar="SECOND...", nargs=-1, required=True, type=PATH)
@face_options
@list_option(
    "--variant", unique=False, help="Of the bundles, in their order; a single one is for all of them."
)
@list_option("--engine", unique=False, help="Of the bundles and artifacts, in their order; likewise.")
@click.option(
    "--arch",
    multiple=True,
    help="Of checkpoints whose architecture is not built in: package.module:callable.",
)
@threads_option("Of each model.")
@out_option("Folder for the page.", default="comparison")
def compare_command(output: Output, first: Path, others: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Ask models about the same faces; leaves comparison.html, its pictures and comparison.json in --out.

    FIRST, SECOND and further ones are checkpoints, bundles, artifacts, or evaluation.json files of fer-train evaluate on
    the same faces; each is compared with FIRST. Times are not: fer-bench compare measures them.
    """
    from fer_edge.train.datasets.common import keep_apart
    from fer_edge.train.evaluation.compare_page import HEADERS, rows, write
    from fer_edge.train.evaluation.document import read

    need("train", "scipy", "torchmetrics", "matplotlib", "PIL")
    keep_apart(out, options["data"])
    paths = (first, *others)
    models = _models([path for path in paths if path.suffix != ANSWERS], options)
    if models:
        asked = iter(_asked(output, models, options))
        every = [read(path) if path.suffix == ANSWERS else next(asked) for path in paths]
    else:
        _refuse_face_options(options)
        every = [read(path) for path in paths]
    named = [
        replace(predictions, title=_name(path, predictions))
        for path, predictions in zip(paths, every, strict=True)
    ]
    page, found = write(named, out)
    text = table(HEADERS, rows(found), right=HEADERS[1:-1], optional=OPTIONAL, width=output.width)
    times = _times(paths, iter(models))
    output.result(
        {"report": str(page), "times": times, **found},
        "\n".join([text, "", *found["sentences"], "", f"Report: {page}", *times]),
    )


def _name(path: Path, predictions: Predictions) -> str:
    """Path seen from here; of a bundle with its variant."""
    place = path.parent if path.suffix == ANSWERS else path
    if place.is_absolute() and place.is_relative_to(Path.cwd()):
        place = place.relative_to(Path.cwd())
    variant = predictions.title.rpartition(" ")[2] if is_bundle(path) else ""
    return f"{place} {variant}".rstrip()


def _times(paths: Sequence[Path], models: Iterator[EvaluatedModel]) -> list[str]:
    """Comparisons of their times, as commands that run as printed; for weights what has to be done before."""
    artifacts = [None if path.suffix == ANSWERS else next(models).artifact for path in paths]
    first, *others = artifacts
    if first is None or None in others:
        return ["Times: fer-bench compare takes exported files; fer-export writes them from weights"]
    return [f"Times: {shlex.join(['fer-bench', 'compare', str(first), str(other)])}" for other in others]


def _asked(output: Output, models: Sequence[EvaluatedModel], options: dict[str, Any]) -> list[Predictions]:
    from fer_edge.train.evaluation.predictions import predict

    faces = open_faces(options, _common([model.contract.labels for model in models]))
    for note in faces.notes:
        output.warn(note)
    engines = ", ".join(dict.fromkeys(model.engine for model in models))
    output.say(f"{len(models)} models ({engines}) on {len(faces)} faces of {faces.source}")
    with output.progress("Faces", len(faces)) as bar:
        return predict(models, faces, timed=False, advance=bar.advance)


def _common(labels: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Labels that all models know, in the first one's order and spelling."""
    from fer_edge.runtime.labels import canonical

    others = [{canonical(name.lower()) for name in names} for names in labels[1:]]
    return tuple(name for name in labels[0] if all(canonical(name.lower()) in names for names in others))


def _models(paths: Sequence[Path], options: dict[str, Any]) -> list[EvaluatedModel]:
    from fer_edge.train.evaluation.evaluated_model import is_checkpoint, open_model

    variants = _spread(options["variant"], [is_bundle(path) for path in paths], "--variant", "bundles")
    engines = _spread(
        options["engine"], [not is_checkpoint(path) for path in paths], "--engine", "bundles and artifacts"
    )
    return [
        open_model(path, variant=variant, engine=engine, threads=options["threads"], arch=options["arch"])
        for path, variant, engine in zip(paths, variants, engines, strict=True)
    ]


def _spread(words: Sequence[str], takes: Sequence[bool], option: str, what: str) -> list[str | None]:
    """Each word to the next model that takes one; a single word to all of them."""
    count = sum(takes)
    if len(words) > count or (words and len(words) not in {1, count}):
        usage_error(f"{option} has {len(words)} values for {count} {what}.")
    left = iter(list(words) * count if len(words) == 1 else words)
    return [next(left, None) if take else None for take in takes]


def _refuse_face_options(options: dict[str, Any]) -> None:
    if options["data"] is not None or options["recipe_name"] is not None:
        usage_error(
            "All are answers to faces already; leave --data and --recipe out, or give the models themselves."
        )
