"""The picture that a graph takes: one input of four axes, in whichever order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fer_edge.runtime.errors import CheckpointError

PLANES = (1, 3)
"""Gray and RGB."""


@dataclass(frozen=True)
class Picture:
    """The input.

    Attributes:
        name: in the file.
        layout: ``NCHW`` or ``NHWC``.
        channels: 1 or 3.
        height: in pixels.
        width: in pixels.
        notes: what is worth telling.
    """

    name: str
    layout: str
    channels: int
    height: int
    width: int
    notes: tuple[str, ...] = ()

    def of_size(self, height: int, width: int) -> Picture:
        """The same of another size."""
        return replace(self, height=height, width=width)


def settle(edges: Sequence[int | None], wanted: Sequence[int] | None) -> tuple[str, int, int, int]:
    """Layout, channels, height and width.

    Args:
        edges: of the input; None: open.
        wanted: width, height, channels as the user says.
    """
    if len(edges) != 4:
        raise CheckpointError(
            f"its input is {in_words(edges)}, and no picture of four axes (N, C, H, W or N, H, W, C)"
        )
    _, a, b, c = edges
    said = wanted[2] if wanted else None
    last = c in PLANES and a not in PLANES
    if last:
        layout, channels, height, width = "NHWC", c, a, b
    else:
        layout, channels, height, width = "NCHW", a, b, c
    if channels is None:
        channels = said
    if channels not in PLANES:
        raise CheckpointError(
            f"its input is {in_words(edges)}: {channels or 'an open number of'} channels, and pictures have 1 or 3"
        )
    return layout, channels, *_size(edges, height, width, channels, wanted)


def _size(
    edges: Sequence[int | None],
    height: int | None,
    width: int | None,
    channels: int,
    wanted: Sequence[int] | None,
) -> tuple[int, int]:
    if wanted is None and (height is None or width is None):
        raise CheckpointError(
            f"its input is {in_words(edges)}, of open size: say which with --input, such as --input 224x224x{channels}"
        )
    if wanted is not None:
        other = [
            (one, own)
            for one, own in zip(wanted, (width, height, channels), strict=True)
            if own not in (None, one)
        ]
        if other:
            own = "x".join("?" if one is None else str(one) for one in (width, height, channels))
            raise CheckpointError(
                f"it takes {own} (WIDTHxHEIGHTxCHANNELS), and --input says {'x'.join(map(str, wanted))}"
            )
        return wanted[1], wanted[0]
    assert height is not None
    assert width is not None
    return height, width


def in_words(edges: Sequence[int | None]) -> str:
    """``?x3x224x224``."""
    return "x".join("?" if edge is None else str(edge) for edge in edges) or "a scalar"
