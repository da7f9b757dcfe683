"""From what was typed to everything that a look gives; where no recipe is named, the one that reads what lies there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_edge.faces.csv_rows import find_columns, find_table, read_rows
from fer_edge.faces.labeled_folder import classes_in, order_classes, parse_class_map
from fer_edge.faces.pictures import is_picture
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.labels import RESERVED
from fer_edge.train.datasets import affectnet, fer2013, ferplus
from fer_edge.train.datasets.folder import class_names
from fer_edge.train.datasets.jaffe import PICTURE
from fer_edge.train.datasets.label_maps import SEVEN, label_space
from fer_edge.train.look.document import Findings
from fer_edge.train.look.survey import repeats_of, survey
from fer_edge.train.look.two_labels import SideBySide, side_by_side
from fer_edge.train.recipes.input_size import with_size
from fer_edge.train.recipes.overrides import choose_recipe
from fer_edge.train.recipes.recipe import Recipe

TWO_LABELS = ("fer2013", "ferplus", "ferplus-fast")
"""Recipes whose data both label files belong to."""


def find(
    data: Path | None, recipe_name: str | None, options: Mapping[str, Any], say: Callable[[str], None]
) -> Findings:
    """Look at a data set.

    Args:
        data: folder or table; None where the recipe needs none.
        recipe_name: that reads it; None: by what lies there.
        options: as :func:`~fer_edge.train.recipes.overrides.override` takes them.
        say: gets how the data is read, before the work.

    Raises:
        click.UsageError: no such recipe, or options that cannot be read.
        FerEdgeError: no such data.
    """
    if recipe_name is None:
        assert data is not None
        recipe_name, why = recognize(data)
        say(f"read as {recipe_name}: {why}; --recipe names another one")
    recipe = with_size(choose_recipe(recipe_name, options))
    classes = _classes(data, recipe, options)
    recipe = replace(recipe, classes=classes or recipe.classes)
    if recipe.needs_data and data is None:
        raise FerEdgeError(f"recipe {recipe.name!r} needs DATA: {recipe.summary}")
    if not recipe.needs_data:
        data = None
    say(f"looking at every face of {data or recipe.summary}")
    found = survey(recipe, data)
    repeats = repeats_of(found.seen, label_space(recipe.classes))
    return Findings(found, repeats, _labels(data, recipe.name), bool(classes))


def _classes(data: Path | None, recipe: Recipe, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that the folders have, where nobody asked for others; empty: the recipe's own."""
    asked = options["classes"] or any(text.startswith("classes=") for text in options["settings"])
    if recipe.name != "folder" or asked or data is None or not data.is_dir():
        return ()
    return classes_there(data, recipe.options["map"])


def _labels(data: Path | None, name: str) -> SideBySide | None:
    return side_by_side(data) if data is not None and name in TWO_LABELS else None


def recognize(data: Path) -> tuple[str, str]:
    """The name of the recipe, and what of the data says so.

    Args:
        data: a folder, or a table.

    Raises:
        DataError: neither; or a table of no known kind.
    """
    if data.is_file():
        return _of_table(data), f"by the header of {data.name}"
    if not data.is_dir():
        raise DataError(f"{data} is no folder and no table; fer-train look takes the folder of a data set")
    for name, sign in (("ferplus", ferplus.VOTES), ("fer2013", _fer2013_sign(data))):
        if sign and (find_table(data, sign) or (data / sign).is_file()):
            return name, f"{sign} lies there"
    for sign in _affectnet_signs():
        if (data / sign).exists():
            return "affectnet", f"{sign} lies there"
    picture = next((path.name for path in data.rglob("*") if _of_jaffe(path)), "")
    if picture:
        return "jaffe", f"{picture} lies there"
    return "folder", "no published layout is known by its names"


def _of_table(table: Path) -> str:
    header = next(read_rows(table), None)
    if header is not None and "NF" in find_columns(header.fields, ferplus.COLUMNS):
        return "ferplus"
    if header is not None and "pixels" in find_columns(header.fields, fer2013.COLUMNS):
        return "fer2013"
    raise DataError(
        f"{table} is no table of FER2013 (a column pixels) or FER+ (a column NF); give the folder of the data set"
    )


def _fer2013_sign(folder: Path) -> str:
    """Name of the table or of a part; names that others use too only where the columns are FER2013's."""
    for name in (fer2013.TABLE, fer2013.TABLE_TOO):
        if find_table(folder, name):
            return name
    for name in (*(f"{usage}.csv" for usage in fer2013.USAGES), fer2013.TRAINING_ONLY):
        table = find_table(folder, name)
        header = next(read_rows(table), None) if table else None
        if table and header and "pixels" in find_columns(header.fields, fer2013.COLUMNS):
            return table.name
    return ""


def _affectnet_signs() -> list[str]:
    tables = [f"{at}/{name}".lstrip("/") for at in affectnet.LISTS for name in affectnet.TABLES.values()]
    return tables + [f"{name}/annotations" for name in affectnet.SETS.values()]


def _of_jaffe(path: Path) -> bool:
    return PICTURE.fullmatch(path.stem) is not None and is_picture(path)


def classes_there(folder: Path, renamed: str = "") -> tuple[str, ...]:
    """The classes that the folders of a data set have, for the recipe ``folder``.

    Args:
        folder: of the data.
        renamed: what ``--map`` says.

    Returns:
        The emotions in their order, then other names; empty where the recipe's own classes serve: all of them are there and no
        other, or what is there could not be classes.
    """
    names = set(classes_in(class_names(folder), parse_class_map(renamed)).values())
    if (
        names == set(SEVEN)
        or len(names) < 2
        or names & RESERVED
        or any("," in name or not name.isprintable() for name in names)
    ):
        return ()
    return order_classes(names)
