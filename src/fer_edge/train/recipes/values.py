"""The values of a recipe: as JSON, by the names of ``--set``, as text."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from fer_edge.train.recipes.recipe import Recipe

FIXED = (
    "name",
    "summary",
    "open_data",
    "needs_data",
    "published",
    "faces",
    "options",
    "classes_of",
    "arch_args",
)
"""Attributes of a recipe that ``--set`` leaves alone."""
NO_CHOICE = ("open_data", "classes_of")
"""Attributes of a recipe that are code, or settled by the others."""
NO_VALUE = ("name", "summary", "published", "needs_data", "options")


def choices(recipe: Recipe) -> dict[str, Any]:
    """A recipe's values as JSON can hold them."""
    found = {
        field.name: getattr(recipe, field.name)
        for field in dataclasses.fields(recipe)
        if field.name not in NO_CHOICE
    }
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in found.items()}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Every choice of :func:`choices` by the name that ``--set`` knows it by, those of the data set among them."""
    return {name: value for name, value in found.items() if name not in NO_VALUE} | dict(found["options"])


def list_changes(recipe: Recipe, listed: Recipe) -> dict[str, dict[str, Any]]:
    """Values that the command line changed: by name, ``here`` and as it is ``listed``; both recipes with their size written out."""
    before, here = (json.loads(json.dumps(values(choices(one)))) for one in (listed, recipe))
    return {
        name: {"here": value, "listed": before.get(name)}
        for name, value in here.items()
        if value != before.get(name)
    }


def settings_of(recipe: Recipe) -> list[tuple[str, str]]:
    """Every key that ``--set`` takes: ``name=value`` as the recipe has it, and what it is."""
    told = _explanations()
    own = [
        (f"{field.name}={word(getattr(recipe, field.name))}", told.get(field.name, ""))
        for field in dataclasses.fields(Recipe)
        if field.name not in FIXED
    ]
    return own + [(f"{name}={word(value)}", "of the data set") for name, value in recipe.options.items()]


def word(value: Any) -> str:
    """A value of a recipe as ``--set`` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return " ".join(f"{name}={word(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ",".join(map(word, value)) or "none"
    return str(value) if value != "" else "none"


def _explanations() -> dict[str, str]:
    """Explanations of the values in the docstring of a recipe; nothing under ``python -OO``."""
    found = re.findall(r"^ {8}(\w+): (.+(?:\n {12}.+)*)", Recipe.__doc__ or "", re.MULTILINE)
    return {name: " ".join(text.replace("``", "").split()) for name, text in found}
