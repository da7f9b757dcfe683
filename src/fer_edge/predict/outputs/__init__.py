"""Outputs by form: one file each, listed here with the option that asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import Word

if TYPE_CHECKING:  # --help reads this list
    from fer_edge.predict.outputs.sink import Sink, SinkRequest
    from fer_edge.predict.sources.source import Source

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class OutputForm:
    """A form that results take besides the one on standard output.

    Attributes:
        name: of the option's value in the command.
        options: the option and its other names.
        metavar: ``FILE``, ``DIR``; ``[FILE]``: without a value it is standard output; empty: a switch.
        target: ``package.module:attribute`` of an ``OpenSink``, imported when it is asked for.
        help: of the option.
    """

    name: str
    options: tuple[str, ...]
    metavar: str
    target: str
    help: str

    def open(self, request: SinkRequest) -> Sink:
        """Import and open it."""
        module, _, attribute = self.target.partition(":")
        found: Sink = getattr(importlib.import_module(module), attribute)(request)
        return found


STANDARD_OUTPUT = "-"
ROOM = "fer_edge.predict.outputs"
FORMS: tuple[OutputForm, ...] = (
    OutputForm("annotate", ("--annotate", "--out"), "PATH", f"{ROOM}.annotated_video:open_annotated",
               "Write the picture or video with its faces: a file such as seen.png or seen.mp4, or a folder for several."),
    OutputForm("crops", ("--crops",), "DIR", f"{ROOM}.crops:FaceCrops",
               "Write each face as a PNG of its own, to be sorted for fer-train folder."),
    OutputForm("csv", ("--csv",), "FILE", f"{ROOM}.csv:CsvFile", "Write a row for each face, for spreadsheets."),
    OutputForm("jsonl", ("--jsonl",), "[FILE]", f"{ROOM}.json_lines:JsonLines",
               "Write a line of JSON for each picture as it is done: to standard output, or a FILE.jsonl."),
    OutputForm("show", ("--show",), "", f"{ROOM}.window:Window",
               "Show pictures and videos in a window, with frames a second and latency; q ends it."),
    OutputForm("parquet", ("--parquet",), "DIR", f"{ROOM}.parquet:ParquetFolder",
               "Write Parquet files with a row for each picture to this folder."),
    OutputForm("db", ("--db",), "FILE", f"{ROOM}.database:StoredResults",
               "Store the results in this SQLite file; the same picture again is updated."),
)  # fmt: skip
"""Every form, in the order in which each result is given to them. Adding one is a file here and a line in this list; what
remembers results for ``--resume`` comes last, so that a killed run has in it only what all others have too."""
LINES = (".jsonl", ".ndjson", ".json", ".txt", ".log")
"""Endings of a file after ``--jsonl``; any other word after it is a source, which must never be written over."""


class OptionalFile(click.Option):
    """An option whose value, a file, may be left out: ``--jsonl photo.jpg`` reads the photograph."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Give a word that is no such file back to the command line."""
        super().add_to_parser(parser, ctx)
        for name in self.opts:
            own = parser._long_opt[name]
            own.process = _give_back(own.process)


def _give_back(process: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def taken(value: Any, state: Any) -> None:
        if isinstance(value, str) and not _takes_lines(value):
            state.rargs.insert(0, value)
            value = STANDARD_OUTPUT
        process(value, state)

    return taken


def _takes_lines(word: str) -> bool:
    return (
        word in {STANDARD_OUTPUT, ""}
        or word.lower().endswith(LINES)
        or word.startswith(("/dev/std", "/dev/fd/", "/dev/null"))
    )


def output_options(function: Decorated) -> Decorated:
    """The options of all forms."""
    for form in reversed(FORMS):
        kind: dict[str, Any] = {"metavar": form.metavar} if form.metavar else {"is_flag": True}
        if form.metavar.startswith("["):
            kind |= {"is_flag": False, "flag_value": STANDARD_OUTPUT, "cls": OptionalFile}
        function = click.option(*form.options, form.name, help=form.help, **kind)(function)
    sorts = "Sort the --crops into a folder for each emotion by the first guess; else all are in unlabeled/."
    return click.option("--label-by", type=Word("way to label", ("guess",)), metavar="guess", help=sorts)(
        function
    )


def open_sinks(given: Mapping[str, Any], request: SinkRequest) -> list[Sink]:
    """The outputs that are asked for; the result for people, or under ``--json``, comes first where nothing else is printed.

    Args:
        given: the options of :func:`output_options` by name.
        request: what holds for all; its ``place`` is replaced.

    Raises:
        FerEdgeError: one cannot be written.
    """
    from fer_edge.predict.outputs.printed import PrintedResult

    sinks: list[Sink] = []
    try:
        for form in FORMS:
            if given[form.name]:
                place = given[form.name] if form.metavar else ""
                sinks.append(form.open(replace(request, place=place, label_by=given["label_by"])))
    except BaseException:
        close_sinks(sinks)
        raise
    # What is printed at the end would never be printed of a source that has none.
    return sinks if request.live or any(sink.prints for sink in sinks) else [PrintedResult(request), *sinks]


def check_outputs(given: Mapping[str, Any], *, json: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        click.UsageError: an empty value, or two results for standard output.
    """
    for form in FORMS:
        if given[form.name] == "":
            usage_error(f"{form.options[0]} is empty; name a {form.metavar.strip('[]').lower()}")
    if given["label_by"] and not given["crops"]:
        usage_error("--label-by sorts crops; add --crops DIR")
    if json and given["jsonl"] == STANDARD_OUTPUT:
        usage_error("--json and --jsonl both write to standard output; give --jsonl a file, or leave one out")


def check_live(given: Mapping[str, Any], sources: Sequence[Source], *, json: bool) -> None:
    """Refuse a camera whose results would be shown only at an end that does not come.

    Raises:
        click.UsageError: no output that takes one result after the other.
    """
    if not any(source.is_live for source in sources):
        return
    if json:
        usage_error("a camera has no end, but --json prints one document at the end; use --jsonl")
    if not any(given[form.name] for form in FORMS):
        names = ", ".join(form.options[0] for form in FORMS)
        usage_error(
            f"a camera has no end, so its results do not fit a table; add --jsonl, or another of {names}"
        )


def close_sinks(sinks: list[Sink]) -> None:
    """Close all, the last one first."""
    for sink in reversed(sinks):
        sink.close()
