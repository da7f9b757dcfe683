"""Options that the three commands share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from fer_edge.console.option_types import Decorated, list_option
from fer_edge.console.shared_options import PATH, settings_option
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.labels import EMOTIONS, canonical
from fer_edge.train.cyclegan.choices import Origin
from fer_edge.train.loop.processes import let_threads_sleep, set_torch_threads


class Emotion(click.ParamType):  # type: ignore[type-arg]
    """One of the eight emotions in any known spelling; anything else is a usage error that names the closest one."""

    name = "class"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Its name in ``EMOTIONS``."""
        name = canonical(str(value).strip().lower())
        if name not in EMOTIONS:
            self.fail(unknown("class", str(value), EMOTIONS), param, ctx)
        return name


def data_options(function: Decorated) -> Decorated:
    """``--data --recipe --classes --limit --set --workers --threads``."""
    options = (
        click.option(
            "--data",
            type=PATH,
            help="Folder DIR/<class>/* of face crops, or the recipe's.",
        ),
        click.option(
            "--recipe", help="Whose training split is taken; without it --data is a folder of classes."
        ),
        list_option("--classes", element=Emotion(), help="Classes of the recipe, as fer-train gets them."),
        click.option(
            "--limit", type=click.IntRange(2), help="At most so many faces of the split, as fer-train has it."
        ),
        settings_option("Option of the recipe's data set."),
        click.option(
            "--workers", type=click.IntRange(1), help="Processes that prepare faces; default: one a core."
        ),
        click.option(
            "--threads", type=click.IntRange(1), help="Threads of the networks; default: one a core."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def origin_of(options: Mapping[str, Any]) -> Origin:
    """The options about the faces."""
    return Origin(
        recipe=options["recipe"] or "",
        classes=options["classes"],
        limit=options["limit"],
        seed=options["seed"],
        settings=options["settings"],
    )


def origin_for(trained: Origin, options: Mapping[str, Any]) -> Origin:
    """The faces of a model's training, with what the options change.

    Without ``--recipe`` the model's recipe is taken; ``--data`` beside a recipe that needs none is a labeled folder.
    """
    given = origin_of(options)
    if given.recipe or (options["data"] is not None and not _needs_data(trained)):
        return given
    return replace(
        trained,
        classes=given.classes or trained.classes,
        limit=trained.limit if given.limit is None else given.limit,
        seed=trained.seed if given.seed is None else given.seed,
        settings=given.settings or trained.settings,
    )


def _needs_data(origin: Origin) -> bool:
    chosen = origin.chosen()
    return chosen is None or chosen.needs_data


def set_threads(count: int | None) -> None:
    """Threads of the networks; as many as there are cores without a number."""
    let_threads_sleep()
    from fer_edge.train.data.arrays import cores

    set_torch_threads(count or cores())
