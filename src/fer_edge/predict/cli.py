"""The command ``fer-predict``."""

from __future__ import annotations

import gc
import math
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import VariantName, Word, names_in
from fer_edge.console.output import Output
from fer_edge.console.shared_options import threads_option
from fer_edge.faces import DETECTOR_LIST, USUAL_DETECTOR
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fer_edge.predict.recognition import PictureResult, RecognizedFace
    from fer_edge.predict.sources import SourcePicture


@command("fer-predict", example="fer-predict photo.jpg --model bundle --annotate photo-annotated.png")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--model", "model_path", default="bundle", show_default=True, help="A bundle or one of its artifacts."
)
@click.option("--variant", type=VariantName(), help="Of the bundle, such as tflite-int8.")
@click.option(
    "--engine",
    type=Word("engine", names_in("fer_edge.runtime.engines:ENGINES")),
    help="What runs it, such as litert or onnxruntime.",
)
@threads_option("Of the engine.")
@click.option("--allow-foreign-code", is_flag=True,
              help="Run a TorchScript file that does more than fer-export writes: it can do anything you can.")  # fmt: skip
@click.option(
    "--detector",
    type=Word("detector", names_in(DETECTOR_LIST)),
    default=USUAL_DETECTOR,
    show_default=True,
    help="What finds the faces; none: each picture is a face.",
)
@click.option(
    "--faces", "faces_path", metavar="FILE", help="Take the boxes of this prediction JSON; find none."
)
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True,
              help="Name the emotions that are at least this probable.")  # fmt: skip
@click.option("--probabilities", is_flag=True, help="Add every emotion's probability.")
@click.option("--annotate", "--out", "place", metavar="PATH",
              help="Write the picture with its faces: a file, or a folder for several.")  # fmt: skip
def main(  # noqa: PLR0913, PLR0917 - one parameter an option
    output: Output,
    sources: tuple[str, ...],
    model_path: str,
    variant: Variant | None,
    engine: str | None,
    threads: int,
    allow_foreign_code: bool,
    detector: str,
    faces_path: str | None,
    threshold: float,
    probabilities: bool,
    place: str | None,
) -> None:
    """Find faces in pictures and name their emotions.

    A SOURCE is a picture file, or a folder whose pictures are all read. A picture that cannot be read is reported, the
    others are still answered, and the exit code is 1.
    """
    if math.isnan(threshold):
        usage_error("--threshold nan is no probability; allowed: 0 to 1")
    if place == "":
        usage_error("--annotate is empty; name a picture file, or a folder for several")
    with _without_garbage_collection():
        from fer_edge.predict.outputs import annotation_targets, write_annotated
        from fer_edge.predict.recognition import make_face_finder, recognize
        from fer_edge.runtime import load

        pictures = _pictures(sources, output)
        targets = annotation_targets(place, pictures) if place else []
        find = make_face_finder(detector, faces_path)
        model = load(
            model_path,
            variant=variant.name if variant else None,
            engine=engine,
            threads=threads,
            allow_foreign_code=allow_foreign_code,
        )
    output.say(
        f"{model.contract.model}: {model.variant or model.path.name} by {model.engine}, {threads} thread{'s' * (threads > 1)}"
    )

    def draw(index: int, pixels: NDArray[np.uint8], faces: Sequence[RecognizedFace]) -> None:
        write_annotated(targets[index], pixels, faces, threshold)

    found = []
    with output.progress("Looking at pictures", len(pictures)) as progress:
        for result in recognize(pictures, find, model, draw if targets else None):
            found.append(result)
            if result.note:
                output.say(result.note)
            progress.advance()
    _finish(output, found, targets, threshold=threshold, probabilities=probabilities)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Imported modules and opened models are there to stay; looking through it for garbage is a tenth of a short call."""
    gc.disable()
    try:
        yield
        gc.freeze()  # neither now nor when the process ends
    finally:
        gc.enable()


def _pictures(sources: tuple[str, ...], output: Output) -> list[SourcePicture]:
    from fer_edge.faces.picture_files import describe_left_out
    from fer_edge.predict.sources import pictures_of

    left_out = Counter[str]()
    pictures = pictures_of(sources, left_out)
    if left_out:
        output.say(describe_left_out(left_out))
    return pictures


def _finish(
    output: Output, found: list[PictureResult], targets: list[Path], *, threshold: float, probabilities: bool
) -> None:
    from fer_edge.predict.outputs import prediction_document, report

    output.result(
        prediction_document(found, threshold=threshold, probabilities=probabilities),
        report(found, threshold=threshold, probabilities=probabilities, width=output.width),
    )
    failures = [result.failure for result in found if result.failure is not None]
    for result, path in zip(found, targets, strict=False):
        if result.failure is None:
            output.say(f"wrote {path}")
    for failure in failures if len(found) > 1 else []:
        output.error(failure)
    if failures:
        raise PictureError(
            failures[0]
            if len(found) == 1
            else f"{len(failures)} of {len(found)} pictures could not be answered"
        )


if __name__ == "__main__":
    main()
