"""What ``fer-train evaluate`` and ``fer-train compare`` are both asked about the faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from fer_edge.console.command import usage_error
from fer_edge.console.lists import Word
from fer_edge.runtime.closest import unknown
from fer_edge.train.report.series import Series, folder_series, recipe_series

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

OPTIONS = (
    click.option("--data", type=click.Path(path_type=Path), help="Folder of face crops, DIR/<class>/*; with --recipe, its data set."),
    click.option("--recipe", "recipe_name", help="Read --data as this recipe does; 'synthetic' needs no --data."),
    click.option("--split", type=Word("split", ("train", "validation", "test")), help="Of the recipe's data; default: test, else validation."),
    click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Option of the recipe's data set."),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of drawn faces and of whatever a recipe draws."),
    click.option("--limit", type=click.IntRange(1), help="At most so many faces, evenly over all of them."),
    click.option("--skip-unknown", is_flag=True, help="Leave out faces of classes that the model does not know."),
)  # fmt: skip


def face_options(function: Decorated) -> Decorated:
    """Add the options that choose the faces."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def open_series(options: dict[str, Any], known: Sequence[str]) -> Series:
    """The faces that the options name.

    Args:
        options: values of :func:`face_options`.
        known: labels that every judged model has.

    Raises:
        click.UsageError: neither data nor recipe, or options that need a recipe.
        FerEdgeError: the data is at fault.
    """
    limit, skip = options["limit"], options["skip_unknown"]
    if options["recipe_name"] is None:
        if options["data"] is None:
            usage_error("Give --data DIR with a folder a class, or --recipe NAME (synthetic needs no data).")
        if options["split"] or options["settings"]:
            usage_error("--split and --set are for the data of a --recipe; a labeled folder is taken whole.")
        return folder_series(options["data"], known, limit=limit, skip_unknown=skip)
    return recipe_series(
        options["recipe_name"],
        options["data"],
        known,
        split=options["split"],
        limit=limit,
        skip_unknown=skip,
        seed=options["seed"],
        options=_settings(options["recipe_name"], options["settings"]),
    )


def _settings(name: str, texts: Sequence[str]) -> dict[str, Any]:
    """``--set``: each value in the type of the recipe's own."""
    from fer_edge.train.recipes import recipe

    own = recipe(name).options
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            usage_error(f"--set {text!r} is not KEY=VALUE.")
        if key not in own:
            usage_error(
                unknown("option", key, own)
                if own
                else f"recipe {name!r} has no options; leave --set {key} out."
            )
        found[key] = _typed(key, value, own[key])
    return found


def _typed(key: str, text: str, like: Any) -> Any:
    if isinstance(like, bool):
        if text.lower() not in {"true", "false"}:
            usage_error(f"--set {key}={text} must be true or false.")
        return text.lower() == "true"
    if isinstance(like, int | float):
        try:
            return type(like)(text)
        except ValueError:
            usage_error(f"--set {key}={text} must be a number like {like}.")
    return text
