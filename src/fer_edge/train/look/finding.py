"""From what was typed to everything that a look gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.datasets.label_maps import label_space
from fer_edge.train.look.document import Findings
from fer_edge.train.look.recognizing import classes_there, recognized
from fer_edge.train.look.repeats import repeated
from fer_edge.train.look.survey import looked
from fer_edge.train.look.two_labels import SideBySide, side_by_side
from fer_edge.train.loop.pipeline import sized
from fer_edge.train.recipes.overrides import recipe_asked_for
from fer_edge.train.recipes.recipe import Recipe

TWO_LABELS = ("fer2013", "ferplus", "ferplus-fast")
"""Recipes whose data both label files belong to."""


def found_in(
    data: Path | None, recipe_name: str | None, options: Mapping[str, Any], say: Callable[[str], None]
) -> Findings:
    """Look at a data set.

    Args:
        data: folder or table; None where the recipe needs none.
        recipe_name: that reads it; None: by what lies there.
        options: as :func:`~fer_edge.train.recipes.overrides.overridden` takes them.
        say: gets how the data is read, before the work.

    Raises:
        click.UsageError: no such recipe, or options that cannot be read.
        FerEdgeError: no such data.
    """
    if recipe_name is None:
        assert data is not None
        recipe_name, why = recognized(data)
        say(f"read as {recipe_name}: {why}; --recipe names another one")
    recipe = sized(recipe_asked_for(recipe_name, options))
    classes = _classes(data, recipe, options)
    recipe = replace(recipe, classes=classes or recipe.classes)
    if recipe.needs_data and data is None:
        raise FerEdgeError(f"recipe {recipe.name!r} needs DATA: {recipe.summary}")
    if not recipe.needs_data:
        data = None
    say(f"looking at every face of {data or recipe.summary}")
    found = looked(recipe, data)
    repeats = repeated(found.seen, label_space(recipe.classes))
    return Findings(found, repeats, _labels(data, recipe.name), bool(classes))


def _classes(data: Path | None, recipe: Recipe, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that the folders have, where nobody asked for others; empty: the recipe's own."""
    asked = options["classes"] or any(text.startswith("classes=") for text in options["settings"])
    if recipe.name != "folder" or asked or data is None or not data.is_dir():
        return ()
    return classes_there(data, recipe.options["map"])


def _labels(data: Path | None, name: str) -> SideBySide | None:
    return side_by_side(data) if data is not None and name in TWO_LABELS else None
