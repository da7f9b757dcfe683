"""The size of a network's input: as typed, and as a recipe or its architecture has it."""

from __future__ import annotations

import re
from dataclasses import replace

from fer_edge.console.command import usage_error
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.models import architecture
from fer_edge.train.recipes.recipe import Recipe


def parse_size(text: str, *, square: bool = False) -> tuple[int, int, int | None]:
    """``--size`` as width, height and channels: ``64``, ``64x48`` or ``64x48x3``; None where it names no channels.

    Raises:
        click.UsageError: it is none of these, or not ``square``.
    """
    found = re.fullmatch(r"(\d+)(?:x(\d+)(?:x([13]))?)?", text)
    width, height = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not found or (width != height if square else not (width and height)):
        high, said = ("64", "square, channels") if square else ("48", "channels")
        usage_error(f"--size {text!r} cannot be read; write 64, 64x{high} or 64x{high}x3 ({said} 1 or 3).")
    return width, height, int(found[3]) if found[3] else None


def with_size(recipe: Recipe) -> Recipe:
    """The recipe with its input size written out: the architecture's own where it says nothing.

    Raises:
        FerEdgeError: a network that is not built in, without a size.
    """
    if recipe.width and recipe.height and recipe.channels:
        return recipe
    if ":" in recipe.arch:
        raise FerEdgeError(
            f"--arch {recipe.arch} has no size of its own: add --size WIDTHxHEIGHTxCHANNELS, such as 96x96x3"
        )
    own = architecture(recipe.arch)
    return replace(
        recipe,
        width=recipe.width or own.width,
        height=recipe.height or own.height,
        channels=recipe.channels or own.channels,
    )
