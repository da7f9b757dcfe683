"""The command ``fer-predict``."""

from __future__ import annotations

import gc
import math
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.option_types import Word
from fer_edge.console.output import Output
from fer_edge.predict.batch import RUNNERS
from fer_edge.predict.detection import detection_options, finder_of, settings_of
from fer_edge.predict.model_options import describe_model, load_chosen, model_options
from fer_edge.predict.outputs import check_live, check_outputs, close_sinks, open_sinks, output_options
from fer_edge.predict.stream_options import check_streams, stream_options, streaming
from fer_edge.runtime.errors import PictureError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_edge.predict.batch.batch import Batch
    from fer_edge.predict.outputs.sink import Sink
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
@click.option("--jobs", type=click.IntRange(1), metavar="N",
              help="Look at pictures in N processes; default: what is faster for so many pictures and cores.")  # fmt: skip
@click.option("--runner", type=Word("runner", RUNNERS), default=RUNNERS[0], show_default=True,
              help="What the processes are: children of this one, or workers of a Ray cluster.")  # fmt: skip
@click.option("--ray-address", metavar="ADDRESS",
              help="Of a cluster that runs, such as auto or ray://HOST:10001; without it one on this machine is started.")  # fmt: skip
@click.option(
    "--resume",
    is_flag=True,
    help="Look only at what --db or --parquet does not hold yet; all other outputs are whole again.",
)
@stream_options
@output_options
def main(output: Output, sources: tuple[str, ...], **given: Any) -> None:
    """Find faces in pictures and name their emotions.

    A SOURCE is a picture file, a folder whose pictures are all read, a video, a camera (0, camera:1), the https:// address of
    a picture, or - for one on standard input. A picture that cannot be read is reported, the others are still answered, and
    the exit code is 1.
    """
    _check_usage(given, output)
    with ExitStack() as stack:
        with _without_garbage_collection():
            from fer_edge.predict.outputs.sink import SinkRequest
            from fer_edge.predict.run import Recognizer, Run

            opened = _open_sources(sources, output, given["every"] or 0)
            check_live(given, opened, json=output.json)
            batch = _start_batch(opened, given, stack)
            find, model = finder_of(given, given["faces_path"]), load_chosen(given)
            pictures = [picture for source in opened for picture in source.known]
            streams = [text for text, source in zip(sources, opened, strict=True) if source.is_stream]
            request = SinkRequest(
                "",
                pictures,
                streams,
                given["threshold"],
                given["probabilities"],
                given["resume"],
                model,
                output,
                settings_of(given),
                any(source.is_live for source in opened),
            )
            sinks = open_sinks(given, request)
            stack.callback(close_sinks, sinks)
            _check_resume(sinks, given)
        output.say(describe_model(model, given["threads"]) + (f", {batch.jobs} processes" if batch else ""))
        hashing = any(sink.hashing for sink in sinks)
        if batch is not None:
            from fer_edge.predict.batch.worker import WorkerPlan

            batch.begin(WorkerPlan(given, hashing, [sink for sink in sinks if sink.in_worker]))
        recognizer = Recognizer(find, model, hashing, streaming(given, opened))
        run = Run(recognizer, sinks, output, batch=batch, resume=given["resume"])
        tally = run.look_at(opened)
    _finish(output, tally)


def _start_batch(opened: list[Source], given: dict[str, Any], stack: ExitStack) -> Batch | None:
    """Workers, if they are wanted; they start while this process opens its own model."""
    listed = sum(len(source.known) for source in opened if not source.is_stream)
    if given["runner"] == "ray":
        if any(source.is_stream for source in opened):
            raise PictureError("--runner ray answers pictures; look at streams without it")
        from fer_edge.predict.batch.ray import RayBatch

        return stack.enter_context(RayBatch(given["jobs"], given["ray_address"]))
    if listed < 2:  # without importing what starts processes
        return None
    from fer_edge.predict.batch.local import LocalBatch, choose_jobs

    jobs = min(listed, choose_jobs(given["jobs"], listed, given["threads"]))
    return stack.enter_context(LocalBatch(jobs)) if jobs > 1 else None


def _check_resume(sinks: list[Sink], given: dict[str, Any]) -> None:
    if given["resume"] and not any(sink.remembers for sink in sinks):
        usage_error(
            "--resume goes on with what --db FILE or --parquet DIR holds of an earlier run; give one of them too"
        )


def _check_usage(given: dict[str, Any], output: Output) -> None:
    if math.isnan(given["threshold"]):
        usage_error("--threshold nan is no probability; allowed: 0 to 1")
    check_streams(given)
    if given["ray_address"] is not None and given["runner"] != "ray":
        usage_error("--ray-address is for --runner ray; give that too")
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


def _open_sources(texts: tuple[str, ...], output: Output, every_nanos: int) -> list[Source]:
    from fer_edge.faces.picture_files import describe_left_out
    from fer_edge.predict.sources import open_sources
    from fer_edge.predict.sources.source import SourceOptions

    options = SourceOptions(every_nanos=every_nanos)
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
