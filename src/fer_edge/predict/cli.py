"""The command ``fer-predict``."""

from __future__ import annotations

import gc
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.output import Output
from fer_edge.predict.detection import detection_options, finder_of, settings_of
from fer_edge.predict.model_options import describe_model, load_chosen, model_options
from fer_edge.predict.outputs import check_outputs, close_sinks, open_sinks, output_options
from fer_edge.runtime.errors import PictureError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_edge.predict.run import Tally
    from fer_edge.predict.sources.source import Source

COMMANDS = "fer_edge.predict.commands"
SUBCOMMANDS: tuple[Subcommand, ...] = (
    Subcommand("serve", f"{COMMANDS}.serve:serve_command", "answer HTTP, with a page to try it"),
    Subcommand("db", f"{COMMANDS}.db:db_command", "show or export what --db stored"),
    Subcommand("evaluate", f"{COMMANDS}.evaluate:evaluate_command", "count what is right, given the truth"),
)
"""Every subcommand; adding one is a file in ``commands`` and a line here."""


@command(
    "fer-predict",
    example="fer-predict photo.jpg --model bundle --annotate photo-annotated.png",
    subcommands=SUBCOMMANDS,
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@model_options
@detection_options
@click.option(
    "--faces", "faces_path", metavar="FILE", help="Take the boxes of this prediction JSON; find none."
)
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True,
              help="Name the emotions that are at least this probable.")  # fmt: skip
@click.option("--probabilities", is_flag=True, help="Add every emotion's probability.")
@output_options
def main(output: Output, sources: tuple[str, ...], **given: Any) -> None:
    """Find faces in pictures and name their emotions.

    A SOURCE is a picture file, or a folder whose pictures are all read. A picture that cannot be read is reported, the
    others are still answered, and the exit code is 1.
    """
    _check_usage(given, output)
    with _without_garbage_collection():
        from fer_edge.predict.outputs.sink import SinkRequest
        from fer_edge.predict.run import Recognizer, run

        opened = _open_sources(sources, output)
        find = finder_of(given, given["faces_path"])
        model = load_chosen(given)
        pictures = [picture for source in opened for picture in source.known]
        streams = any(source.is_stream for source in opened)
        request = SinkRequest(
            "",
            pictures,
            streams,
            given["threshold"],
            given["probabilities"],
            False,
            model,
            output,
            settings_of(given),
        )
        sinks = open_sinks(given, request)
    output.say(describe_model(model, given["threads"]))
    try:
        recognizer = Recognizer(find, model, any(sink.hashing for sink in sinks))
        tally = run(opened, recognizer, sinks, output)
    finally:
        close_sinks(sinks)
    _finish(output, tally)


def _check_usage(given: dict[str, Any], output: Output) -> None:
    if math.isnan(given["threshold"]):
        usage_error("--threshold nan is no probability; allowed: 0 to 1")
    check_outputs(given, json=output.json)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Imported modules and opened models are there to stay; looking through it for garbage is a tenth of a short call."""
    gc.disable()
    try:
        yield
        gc.freeze()  # neither now nor when the process ends
    finally:
        gc.enable()


def _open_sources(texts: tuple[str, ...], output: Output) -> list[Source]:
    from fer_edge.faces.picture_files import describe_left_out
    from fer_edge.predict.sources import open_sources
    from fer_edge.predict.sources.source import SourceOptions

    options = SourceOptions()
    opened = open_sources(texts, options)
    if options.left_out:
        output.say(describe_left_out(options.left_out))
    return opened


def _finish(output: Output, tally: Tally) -> None:
    """List what failed, and end with the right exit code."""
    failures = [failure.message for failure in tally.failures]
    for failure in failures if tally.total > 1 else []:
        output.error(failure)
    if failures:
        raise PictureError(
            failures[0]
            if tally.total == 1
            else f"{len(failures)} of {tally.total} pictures could not be answered"
        )


if __name__ == "__main__":
    main()
