"""A recipe with the command line's choices in place of its own."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fer_edge.console.command import usage_error
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import EMOTIONS, RESERVED, canonical
from fer_edge.train.datasets.request import SPLITS
from fer_edge.train.recipes.input_size import parse_size
from fer_edge.train.recipes.recipe import Recipe
from fer_edge.train.recipes.values import FIXED

ABOVE_ZERO = ("learning_rate", "std", "distillation_temperature")
SHARES = ("label_smoothing", "ema_decay")
LEAST = {"epochs": 1, "batch_size": 2, "views": 1}
KEEPING = ("all", "best")
LARGEST_SEED = 2**32 - 1
"""NumPy's and Lightning's."""
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "64-true")
YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def choose_recipe(name: str, options: Mapping[str, Any]) -> Recipe:
    """The recipe of that name with the command line's choices.

    Args:
        name: as typed.
        options: as :func:`override` takes them.

    Raises:
        click.UsageError: there is no such recipe, or a choice that cannot be read or that no recipe may have.
    """
    from fer_edge.train.recipes import recipe

    try:
        return override(recipe(name), options)
    except FerEdgeError as error:
        usage_error(str(error))


def check_recipe(name: str) -> None:
    """Refuse an unknown name, before anything else about it is asked for.

    Raises:
        click.UsageError: there is no such recipe; the message names the closest one.
    """
    from fer_edge.train.recipes import recipe

    try:
        recipe(name)
    except FerEdgeError as error:
        usage_error(str(error))


def override(recipe: Recipe, options: Mapping[str, Any]) -> Recipe:
    """The recipe with the options that were given; what is not there or None stays.

    Args:
        recipe: as it is listed.
        options: by the names of the command's parameters; ``settings`` are the texts of ``--set``.

    Raises:
        click.UsageError: a size, class, argument or setting that cannot be read.
        FerEdgeError: a value that no recipe may have.
    """
    recipe = _with_settings(recipe, options.get("settings") or ())
    names = ("epochs", "batch_size", "learning_rate", "precision", "seed", "views", "keep_snapshots")
    changes: dict[str, Any] = {name: options[name] for name in names if options.get(name) is not None}
    if options.get("arch"):
        changes |= _architecture(options["arch"])
    if options.get("arch_args"):
        from fer_edge.train.models.foreign import parse_arguments

        changes["arch_args"] = parse_arguments(_pairs("--arch-arg", options["arch_args"]))
    if options.get("size"):
        width, height, channels = parse_size(options["size"])
        changes |= {"width": width, "height": height} | ({"channels": channels} if channels else {})
    if options.get("map"):
        recipe = _mapped(recipe, options["map"])
    if options.get("classes"):
        changes["classes"] = _classes(options["classes"], any_name="map" in recipe.options)
    if options.get("limit"):
        limit = options["limit"]
        changes["faces"] = {split: min(recipe.faces.get(split, limit), limit) for split in SPLITS}
    return check_values(replace(recipe, **changes))


def _with_settings(recipe: Recipe, texts: Sequence[str]) -> Recipe:
    """``--set`` first: the options with names of their own are the stronger word."""
    settable = {field.name: field for field in dataclasses.fields(Recipe) if field.name not in FIXED}
    changes: dict[str, Any] = {}
    chosen = dict(recipe.options)
    for name, text in _pairs("--set", texts).items():
        if name in chosen:
            chosen[name] = _read(name, text, type(recipe.options[name]))
        elif name == "classes":
            changes["classes"] = _classes(tuple(text.split(",")), any_name="map" in recipe.options)
        elif name == "arch":
            changes |= _architecture(text)
        elif name in settable:
            changes[name] = _read(name, text, type(getattr(recipe, name)))
        else:
            usage_error(unknown("--set", name, [*settable, *chosen]))
    recipe = replace(recipe, options=chosen, **changes)
    return recipe if "classes" in changes else replace(recipe, classes=recipe.option_classes())


def _architecture(name: str) -> dict[str, Any]:
    model = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition(":")[2]).strip("-")
    return {"arch": name, "model": model, "width": 0, "height": 0, "channels": 0, "arch_args": {}}


def _read(name: str, text: str, kind: type) -> Any:
    readers: dict[type, tuple[Callable[[str], Any], str]] = {
        bool: (_truth, "true or false"),
        int: (int, "a whole number"),
        float: (float, "a number"),
    }
    read, wanted = readers.get(kind, (str, "a text"))
    try:
        return read(text)
    except ValueError:
        usage_error(f"--set {name}={text} cannot be read; {name} is {wanted}.")


def _truth(text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise ValueError(text)
    return text.lower() in YES


def check_values(recipe: Recipe) -> Recipe:
    """The recipe itself, if every choice by name exists and every number is in its range.

    Raises:
        FerEdgeError: the first one that is not; the message names the allowed ones.
    """
    for name, allowed in allowed_words().items():
        if getattr(recipe, name) not in allowed:
            raise FerEdgeError(unknown(name, str(getattr(recipe, name)), allowed))
    for name, least in LEAST.items():
        _require(recipe, name, getattr(recipe, name) >= least, f"at least {least}")
    for name in ABOVE_ZERO:
        _require(recipe, name, getattr(recipe, name) > 0, "above 0")
    for name in SHARES:
        _require(recipe, name, 0 <= getattr(recipe, name) < 1, "at least 0 and below 1")
    for name in ("width", "height", "seed", "early_stopping", "weight_decay", "crop_margin"):
        _require(recipe, name, getattr(recipe, name) >= 0, "0 or more")
    _require(recipe, "seed", recipe.seed <= LARGEST_SEED, f"at most {LARGEST_SEED}")
    _require(recipe, "mean", True, "a number")
    _require(recipe, "channels", recipe.channels in (0, 1, 3), "1, 3, or 0 for the architecture's own")
    kept = recipe.keep_snapshots
    if kept not in KEEPING and not (kept.isascii() and kept.isdigit() and int(kept)):
        raise FerEdgeError(
            f"keep_snapshots is {kept[:40]!r}; allowed: all, best, or how many of the best epochs"
        )
    _require(recipe, "distillation_weight", 0 <= recipe.distillation_weight <= 1, "0 to 1")
    return recipe


def allowed_words() -> Mapping[str, Sequence[str]]:
    """The words that a recipe may choose from, by the name of its value; importing them imports torch."""
    from fer_edge.train.data.augmentation import AUGMENTATIONS
    from fer_edge.train.optimization.losses import LOSSES
    from fer_edge.train.optimization.monitors import MONITORS
    from fer_edge.train.optimization.optimizers import OPTIMIZERS, SCHEDULES

    return {
        "optimizer": list(OPTIMIZERS),
        "schedule": list(SCHEDULES),
        "loss": list(LOSSES),
        "class_weights": ["none", "balanced"],
        "augmentation": list(AUGMENTATIONS),
        "monitor": list(MONITORS),
        "precision": PRECISIONS,
    }


def _require(recipe: Recipe, name: str, holds: bool, allowed: str) -> None:
    value = getattr(recipe, name)
    if not holds or not math.isfinite(value):
        raise FerEdgeError(f"{name} is {value}; allowed: {allowed}")


def _mapped(recipe: Recipe, parts: Sequence[str]) -> Recipe:
    """``--map``: what the folders of a recipe that reads folders hold."""
    if "map" not in recipe.options:
        usage_error(
            f"--map is for recipes that read folders of classes; {recipe.name} reads a published layout."
        )
    text = ",".join(f"{name}={_label(label)}" for name, label in read_class_map(parts).items())
    return replace(recipe, options={**recipe.options, "map": text})


def read_class_map(parts: Sequence[str]) -> dict[str, str]:
    """``--map`` as it was given: the folder names, each with the class that it holds.

    Raises:
        click.UsageError: a part that is not ``FOLDER=CLASS``, or a folder with two classes.
    """
    from fer_edge.faces.labeled_folder import parse_class_map

    try:
        return parse_class_map(",".join(parts))
    except FerEdgeError as error:
        usage_error(f"--map: {error}.")


def _classes(words: tuple[str, ...], *, any_name: bool = False) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_label(word) for word in words))
    for name in names:
        if name not in EMOTIONS and not any_name:
            usage_error(unknown("class", name, EMOTIONS))
        if name in RESERVED or not name:
            usage_error(
                f"--classes {name!r} cannot be a label; the answers' own keys are {', '.join(sorted(RESERVED))}."
            )
    if len(names) < 2:
        usage_error("--classes needs two or more.")
    return names


def _label(word: str) -> str:
    """An emotion's own name, whatever its spelling; other names as they are."""
    name = canonical(word.strip().lower())
    return name if name in EMOTIONS else word.strip()


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            usage_error(f"{option} {text!r} is not KEY=VALUE.")
    found: dict[str, str] = {}
    for name, value in (text.split("=", 1) for text in texts):
        if found.setdefault(name.strip(), value) != value:
            usage_error(
                f"{option} {name.strip()} is given twice, as {found[name.strip()]!r} and {value!r}; give it once."
            )
    return found
