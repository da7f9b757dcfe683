"""Options that the three commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import Decorated, list_option
from fer_edge.console.shared_options import PATH, settings_option
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.labels import EMOTIONS, canonical
from fer_edge.train.cyclegan.choices import Origin


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


def edge(text: str) -> tuple[int, int | None]:
    """``--size`` as edge and channels: ``64``, ``64x64`` or ``64x64x3``; pictures are square."""
    found = re.fullmatch(r"(\d+)(?:x(\d+)(?:x([13]))?)?", text)
    if not found or (found[2] and found[2] != found[1]):
        usage_error(f"--size {text!r} cannot be read; write 64, 64x64 or 64x64x3 (square, channels 1 or 3).")
    return int(found[1]), int(found[3]) if found[3] else None


def set_threads(count: int | None) -> None:
    """Threads of torch; those that wait must not spin."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import torch

    from fer_edge.train.data.arrays import cores

    torch.set_num_threads(count or cores())
