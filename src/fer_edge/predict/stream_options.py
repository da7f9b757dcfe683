"""The options of videos and cameras."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import ParamType
from fer_edge.runtime.errors import FerEdgeError

if TYPE_CHECKING:
    from fer_edge.predict.sources.source import Source
    from fer_edge.predict.stream import StreamOptions

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

HALF_LIFE_SECONDS = 0.25
"""As in :mod:`fer_edge.runtime.smoothing`, which needs numpy; ``--help`` does not."""

LIVE_DETECT_EVERY = 3
"""Of a camera: a detector takes longer than all else together, and a late answer is no answer."""


class Span(ParamType):
    """A span of time, such as ``0.5s``, in nanoseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The nanoseconds."""
        from fer_edge.predict.sources.videos import parse_span

        try:
            return value if isinstance(value, int) else parse_span(value)
        except FerEdgeError as error:
            self.fail(str(error), param, ctx)


_OPTIONS = (
    click.option("--every", type=Span(), metavar="TIME",
                 help="Of a video or camera, look at one frame in each span of so long, such as 0.5s; without it at every frame."),
    click.option("--smooth", type=click.FloatRange(0), default=HALF_LIFE_SECONDS, show_default=True, metavar="SECONDS",
                 help="Of videos and cameras: after so long an old answer for a face has half of its weight; 0: off."),
    click.option("--detect-every", type=click.IntRange(1, 1000), metavar="N",
                 help="Of videos and cameras: look for faces in every Nth frame and move them along in between.  "
                      f"[default: 1; cameras: {LIVE_DETECT_EVERY}]"),
)  # fmt: skip


def stream_options(function: Decorated) -> Decorated:
    """``--every``, ``--smooth`` and ``--detect-every``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def check_streams(given: Mapping[str, Any]) -> None:
    """Refuse what is no number.

    Raises:
        click.UsageError: ``--smooth nan``.
    """
    if not math.isfinite(given["smooth"]):
        usage_error(f"--smooth {given['smooth']} is no time; allowed: 0 (off) or seconds")


def streaming(given: Mapping[str, Any], sources: Sequence[Source]) -> StreamOptions:
    """How frames of these sources are looked at."""
    from fer_edge.predict.stream import StreamOptions

    usual = LIVE_DETECT_EVERY if any(source.is_live for source in sources) else 1
    # Boxes of a file, or whole pictures, need nobody to find them.
    found = given["faces_path"] is None and given["detector"] != "none"
    return StreamOptions(given["smooth"], (given["detect_every"] or usual) if found else 1)
