"""``fer-train compare``: two models on the same faces, with a paired test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.lists import list_option
from fer_edge.console.output import Output
from fer_edge.console.table import table
from fer_edge.runtime.extras import need
from fer_edge.train.report.options import face_options, open_series

if TYPE_CHECKING:
    from fer_edge.train.report.outcome import Outcome
    from fer_edge.train.report.subject import Subject

EXAMPLE = (
    "fer-train compare runs/vgg13/best.safetensors runs/fast/best.safetensors --recipe ferplus --data FER/"
)
ANSWERS = ".json"


@command("compare", example=EXAMPLE)
@click.argument("first", metavar="FIRST", type=click.Path(path_type=Path))
@click.argument("second", metavar="SECOND", type=click.Path(path_type=Path))
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
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, help="Of each model.")
@click.option(
    "--no-timing", is_flag=True, help="Leave the inference time out: equal inputs then give equal bytes."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("comparison"),
    show_default=True,
    help="Folder for the page.",
)
def compare_command(
    output: Output, first: Path, second: Path, out: Path, no_timing: bool, **options: Any
) -> None:
    """Ask two models about the same faces; leaves comparison.html, its pictures and comparison.json in --out.

    FIRST and SECOND are checkpoints, bundles, artifacts, or evaluation.json files of fer-train evaluate on the same
    faces. Inference is timed one face at a time, the models taking turns.
    """
    from fer_edge.train.datasets.opening import keep_apart
    from fer_edge.train.report.compare_page import rows, write
    from fer_edge.train.report.document import read

    need("train", "scipy", "torchmetrics", "matplotlib", "PIL")
    keep_apart(out, options["data"])
    paths = (first, second)
    subjects = _subjects([path for path in paths if path.suffix != ANSWERS], options)
    if subjects:
        answered = iter(_asked(output, subjects, options, timed=not no_timing))
        outcomes = [read(path) if path.suffix == ANSWERS else next(answered) for path in paths]
    else:
        _refuse_face_options(options)
        outcomes = [read(path) for path in paths]
    page, found = write(outcomes[0], outcomes[1], out)
    headers = ("figure", *(model["title"] for model in found["models"]), "change")
    text = table(headers, rows(found), right=headers[1:], width=output.width)
    output.result(
        {"report": str(page), **found}, "\n".join([text, "", *found["sentences"], "", f"Report: {page}"])
    )


def _asked(
    output: Output, subjects: Sequence[Subject], options: dict[str, Any], *, timed: bool
) -> list[Outcome]:
    from fer_edge.train.report.answering import answered

    series = open_series(options, _common([subject.contract.labels for subject in subjects]))
    for note in series.notes:
        output.warn(note)
    names = " and ".join(f"{subject.title} ({subject.engine})" for subject in subjects)
    output.say(f"{names} on {len(series)} faces of {series.source}")
    with output.progress("Faces", len(series)) as bar:
        return answered(subjects, series, timed=timed, advance=bar.advance)


def _common(labels: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Labels that all models know, in the first one's order and spelling."""
    from fer_edge.runtime.labels import canonical

    others = [{canonical(name.lower()) for name in names} for names in labels[1:]]
    return tuple(name for name in labels[0] if all(canonical(name.lower()) in names for names in others))


def _subjects(paths: Sequence[Path], options: dict[str, Any]) -> list[Subject]:
    from fer_edge.train.report.subject import is_bundle, is_checkpoint, open_subject

    variants = _spread(options["variant"], [is_bundle(path) for path in paths], "--variant", "bundles")
    engines = _spread(
        options["engine"], [not is_checkpoint(path) for path in paths], "--engine", "bundles and artifacts"
    )
    return [
        open_subject(path, variant=variant, engine=engine, threads=options["threads"], arch=options["arch"])
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
            "Both are answers to faces already; leave --data and --recipe out, or give the models themselves."
        )
