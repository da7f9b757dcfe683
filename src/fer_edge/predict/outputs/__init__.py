"""Outputs by form: one file each, listed here with the option that asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:  # --help reads this list
    from fer_edge.predict.outputs.sink import Sink, SinkRequest

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class OutputForm:
    """A form that results take besides the one on standard output.

    Attributes:
        name: of the option's value in the command.
        options: the option and its other names.
        metavar: ``FILE``, ``DIR``; empty: a switch.
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


ROOM = "fer_edge.predict.outputs"
FORMS: tuple[OutputForm, ...] = (
    OutputForm("annotate", ("--annotate", "--out"), "PATH", f"{ROOM}.annotated:AnnotatedPictures",
               "Write the picture with its faces: a file, or a folder for several."),
)  # fmt: skip
"""Every form. Adding one is a file here and a line in this list."""


def output_options(function: Decorated) -> Decorated:
    """The options of all forms."""
    for form in reversed(FORMS):
        kind: dict[str, Any] = {"metavar": form.metavar} if form.metavar else {"is_flag": True}
        function = click.option(*form.options, form.name, help=form.help, **kind)(function)
    return function


def open_sinks(given: Mapping[str, Any], request: SinkRequest) -> list[Sink]:
    """The outputs that are asked for; the one on standard output comes first.

    Args:
        given: the options of :func:`output_options` by name.
        request: what holds for all; its ``place`` is replaced.

    Raises:
        FerEdgeError: one cannot be written.
    """
    from fer_edge.predict.outputs.printed import PrintedResult

    sinks: list[Sink] = [PrintedResult(request)]
    try:
        for form in FORMS:
            if given[form.name]:
                place = given[form.name] if form.metavar else ""
                sinks.append(form.open(replace(request, place=place)))
    except BaseException:
        close_sinks(sinks)
        raise
    return sinks


def close_sinks(sinks: list[Sink]) -> None:
    """Close all, the last one first."""
    for sink in reversed(sinks):
        sink.close()
