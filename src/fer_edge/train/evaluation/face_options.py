"""What ``fer-train evaluate`` and ``fer-train compare`` are both asked about the faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import Word, list_option
from fer_edge.train.evaluation.series import Series, folder_series, recipe_series

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

OVERRIDING = ("classes", "settings", "map", "seed", "limit")
"""Options that change a recipe, as they do for a training."""
OPTIONS = (
    click.option("--data", type=click.Path(path_type=Path), help="Folder of face crops, DIR/<class>/*; with --recipe, its data set."),
    click.option("--recipe", "recipe_name", help="Read --data as this recipe does; 'synthetic' needs no --data."),
    click.option("--split", type=Word("split", ("train", "validation", "test")), help="Of the recipe's data; default: test, else validation."),
    click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Option of the recipe's data set."),
    list_option("--classes", help="Only faces of these classes; default: all that the data has."),
    list_option("--map", metavar="FOLDER=CLASS,...", help="What folders of other names hold, such as 0=anger."),
    click.option("--seed", type=click.IntRange(0), help="Of drawn faces and of whatever a recipe draws; default: the recipe's."),
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
    from fer_edge.faces.labeled_folder import renamed_by
    from fer_edge.train.recipes.overrides import recipe_asked_for

    limit, skip = options["limit"], options["skip_unknown"]
    if options["recipe_name"] is None:
        if options["data"] is None:
            usage_error("Give --data DIR with a folder a class, or --recipe NAME (synthetic needs no data).")
        if options["split"] or options["settings"]:
            usage_error("--split and --set are for the data of a --recipe; a labeled folder is taken whole.")
        return folder_series(
            options["data"],
            known,
            classes=options["classes"],
            limit=limit,
            skip_unknown=skip,
            renamed=renamed_by(",".join(options["map"])),
        )
    return recipe_series(
        recipe_asked_for(options["recipe_name"], {name: options[name] for name in OVERRIDING}),
        options["data"],
        known,
        split=options["split"],
        skip_unknown=skip,
    )
