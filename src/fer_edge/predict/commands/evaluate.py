"""``fer-predict evaluate``: how many faces are found and how many emotions are right, against the truth in a file."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH
from fer_edge.predict.detection import detection_options, finder_of, settings_of
from fer_edge.predict.model_options import describe_model, load_chosen, model_options
from fer_edge.runtime.extras import need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_edge.predict.evaluation.judging import JudgedPicture
    from fer_edge.predict.evaluation.truth.form import Truth
    from fer_edge.predict.sources.picture import SourcePicture

SHOWN = 3


@command("evaluate", example="fer-predict evaluate photos --truth truth.json --model bundle")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--truth", type=PATH, required=True, metavar="FILE",
              help="What is there: prediction JSON or CSV with an emotion a face, COCO JSON, WIDER FACE text.")  # fmt: skip
@click.option("--iou", type=click.FloatRange(0, 1, min_open=True), default=0.5, show_default=True,
              help="Overlap, intersection over union, from which a box has found a face.")  # fmt: skip
@model_options
@detection_options
@click.option(
    "--faces", "faces_path", metavar="FILE", help="Take the boxes of this prediction JSON; find none."
)
def evaluate_command(output: Output, sources: tuple[str, ...], truth: Path, iou: float, **given: Any) -> None:
    """Judge a model and a detector on pictures of which the truth is known.

    Counts the faces that were found, missed and falsely found, and how many emotions are right, of each class and of all. Boxes
    and true faces are assigned so that as many as possible match. A picture is found in the truth by its name in the folder,
    or by the end of its path.
    """
    if math.isnan(iou):
        usage_error("--iou nan is no share; allowed: above 0, at most 1")
    need("stats", "scipy")
    from fer_edge.predict.evaluation.figures import DOCUMENT, Left, evaluate
    from fer_edge.predict.evaluation.judging import find_truths
    from fer_edge.predict.evaluation.report import report
    from fer_edge.predict.evaluation.truth import read_truth
    from fer_edge.predict.identity import identify_model
    from fer_edge.runtime.errors import PictureError

    told = read_truth(truth)
    pictures = _open(sources, output)
    names = find_truths((picture.file_name for picture in pictures), told)
    chosen = [picture for picture in pictures if picture.file_name in names]
    absent = [name for name in told if name not in set(names.values())]
    _tell(output, truth, pictures, names, absent)
    find, model = finder_of(given, given["faces_path"]), load_chosen(given)
    output.say(describe_model(model, given["threads"]))
    judged, failures = _judge(output, chosen, told, names, find, model, iou)
    left = Left(len(failures), len(pictures) - len(chosen), len(absent))
    found = evaluate(judged, left, identify_model(model), settings_of(given), iou)
    output.result(DOCUMENT.members(found), report(found, output.width))
    for failure in failures:
        output.error(failure)
    if failures:
        raise PictureError(
            f"{len(failures)} of {len(chosen)} pictures could not be read; their faces are not counted"
        )


def _open(sources: Sequence[str], output: Output) -> list[SourcePicture]:
    from fer_edge.faces.picture_files import describe_left_out
    from fer_edge.predict.sources import open_sources
    from fer_edge.predict.sources.source import SourceOptions
    from fer_edge.runtime.errors import PictureError

    options = SourceOptions()
    opened = open_sources(sources, options)
    if options.left_out:
        output.say(describe_left_out(options.left_out))
    if any(source.is_stream for source in opened):
        raise PictureError(
            "a stream has no pictures that a truth could name; give picture files and folders of them"
        )
    return [picture for source in opened for picture in source]


def _tell(
    output: Output,
    truth: Path,
    pictures: Sequence[SourcePicture],
    names: dict[str, str],
    absent: Sequence[str],
) -> None:
    """Say which pictures are not judged.

    Raises:
        PictureError: none is.
    """
    from fer_edge.runtime.errors import PictureError

    untold = [picture.file_name for picture in pictures if picture.file_name not in names]
    if not names:
        raise PictureError(
            f"{truth} says nothing of the {len(pictures)} pictures, which are called {_some(untold)}; it names {_some(absent)}"
        )
    if untold:
        output.say(f"not judged: {len(untold)} pictures of which {truth} says nothing ({_some(untold)})")
    if absent:
        output.say(f"not there: {len(absent)} pictures that {truth} names ({_some(absent)})")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _judge(
    output: Output,
    pictures: Sequence[SourcePicture],
    told: Truth,
    names: dict[str, str],
    find: Any,
    model: Any,
    iou: float,
) -> tuple[list[JudgedPicture], list[str]]:
    from fer_edge.predict.evaluation.judging import judge
    from fer_edge.predict.recognition import recognize_picture

    judged, failures = [], []
    labels = model.contract.labels
    with output.progress("Looking at pictures", len(pictures)) as progress:
        for picture in pictures:
            begun = time.perf_counter()
            result, _ = recognize_picture(picture, find, model)
            seconds = time.perf_counter() - begun
            if result.failure is not None:
                failures.append(result.failure.message)
            else:
                faces = told[names[picture.file_name]]
                judged.append(judge(faces, result.faces, labels, iou=iou, seconds=seconds))
            progress.advance()
    return judged, failures
