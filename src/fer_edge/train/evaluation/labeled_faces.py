"""Labeled faces that models are asked about: a folder of crops or a recipe's data, and the options that choose them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import Decorated, Word, list_option
from fer_edge.console.shared_options import PATH, map_option, settings_option
from fer_edge.faces.face import LabeledFace
from fer_edge.runtime.errors import DataError

OVERRIDING = ("classes", "settings", "map", "seed", "limit")
"""Options that change a recipe, as they do for a training."""
OPTIONS = (
    click.option("--data", type=PATH, help="Folder of face crops, DIR/<class>/*; with --recipe, its data set."),
    click.option("--recipe", "recipe_name", help="Read --data as this recipe does; 'synthetic' needs no --data."),
    click.option("--split", type=Word("split", ("train", "validation", "test")), help="Of the recipe's data; default: test, else validation."),
    settings_option("Option of the recipe's data set."),
    list_option("--classes", help="Only faces of these classes; default: all that the data has."),
    map_option("What folders of other names hold, such as 0=anger."),
    click.option("--seed", type=click.IntRange(0), help="Of drawn faces and of whatever a recipe draws; default: the recipe's."),
    click.option("--limit", type=click.IntRange(1), help="At most so many faces, evenly over all of them."),
    click.option("--skip-unknown", is_flag=True, help="Leave out faces of classes that the model does not know."),
)  # fmt: skip


@dataclass(frozen=True)
class LabeledFaces:
    """Labeled faces in a fixed order.

    Attributes:
        classes: in the order of each face's label.
        source: what they are; no path.
        sha256: of what decides on the faces: the same one as in the training's report, for a recipe's data.
        names: of the faces, as the data set calls them.
        face: gives one of them, its label over the classes.
        notes: sentences about the data: what was left out, what stands in two splits.
    """

    classes: tuple[str, ...]
    source: str
    sha256: str
    names: Sequence[str]
    face: Callable[[int], LabeledFace]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


def face_options(function: Decorated) -> Decorated:
    """Add the options that choose the faces."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def open_faces(options: Mapping[str, Any], known: Sequence[str]) -> LabeledFaces:
    """The faces that the options name.

    Args:
        options: values of :func:`face_options`.
        known: labels that every judged model has.

    Raises:
        click.UsageError: neither data nor recipe, or options that need a recipe.
        FerEdgeError: the data is at fault, no such split, or a class that is not known.
    """
    if options["recipe_name"] is not None:
        return _of_recipe(options, known)
    if options["data"] is None:
        usage_error("Give --data DIR with a folder a class, or --recipe NAME (synthetic needs no data).")
    if options["split"] or options["settings"]:
        usage_error("--split and --set are for the data of a --recipe; a labeled folder is taken whole.")
    return _of_folder(options, known)


def _of_folder(options: Mapping[str, Any], known: Sequence[str]) -> LabeledFaces:
    """The pictures of ``DIR/<class>/*``, evenly over the sorted list if limited; the whole of each is a face."""
    from fer_edge.faces.labeled_folder import content_sha256, labeled_pictures, spread
    from fer_edge.faces.picture_files import describe_left_out
    from fer_edge.faces.pictures import read_picture
    from fer_edge.train.datasets.label_maps import one_hot
    from fer_edge.train.recipes.overrides import read_class_map

    folder, renamed = options["data"], read_class_map(options["map"])
    there = _class_folders(folder, renamed)
    wanted = {_spelled(name) for name in options["classes"] or there}
    if not wanted <= set(there):
        absent = ", ".join(sorted(wanted - set(there)))
        raise DataError(f"{folder} holds no pictures of {absent}; there are {', '.join(there)}")
    classes = _known([name for name in there if name in wanted], known, str(folder), options["skip_unknown"])
    skipped: Counter[str] = Counter()
    found = labeled_pictures(folder, there, renamed=renamed, left_out=skipped)
    pictures = spread([entry for entry in found if entry.label in classes], options["limit"])
    skipped.update(f"of class {entry.label}" for entry in found if entry.label not in classes)

    def face(index: int) -> LabeledFace:
        picture = pictures[index]
        frame = read_picture(picture.path, name=picture.name)
        return LabeledFace(frame, None, one_hot(picture.label, classes), clear=True)

    names = [picture.name for picture in pictures]
    notes = (describe_left_out(skipped),) if skipped else ()
    return LabeledFaces(classes, "a labeled folder", content_sha256(pictures), names, face, notes)


def _of_recipe(options: Mapping[str, Any], known: Sequence[str]) -> LabeledFaces:
    """A split of a recipe's data, opened as for a training; each label is cut to the classes."""
    from fer_edge.train.data.arrays import distribution
    from fer_edge.train.datasets.label_maps import label_space
    from fer_edge.train.datasets.request import DataRequest
    from fer_edge.train.recipes.overrides import choose_recipe

    recipe = choose_recipe(options["recipe_name"], {name: options[name] for name in OVERRIDING})
    folder = options["data"]
    if recipe.needs_data and folder is None:
        raise DataError(f"recipe {recipe.name!r} needs --data: {recipe.summary}")
    classes = _known(recipe.classes, known, f"recipe {recipe.name!r}", options["skip_unknown"])
    request = DataRequest(folder, classes, recipe.faces, recipe.seed, recipe.options)
    opened = recipe.open_data(request)
    split = options["split"] or ("test" if "test" in opened else "validation")
    if split not in opened:
        raise DataError(
            f"recipe {recipe.name!r} has no split {split!r} in this data; there are: {', '.join(opened)}"
        )
    faces = opened[split]
    if not len(faces):
        raise DataError(f"the split {split!r} of recipe {recipe.name!r} has no faces")
    space = label_space(classes)
    columns = [space.index(name) for name in classes]

    def face(index: int) -> LabeledFace:
        found = faces[index]
        return LabeledFace(found.frame, found.box, distribution(found.label, columns), found.clear)

    names = [faces.name(index) for index in range(len(faces))]
    return LabeledFaces(classes, f"{recipe.name} {split}", faces.sha256(), names, face, tuple(request.notes))


def _class_folders(folder: Path, renamed: Mapping[str, str]) -> tuple[str, ...]:
    """Class names of a folder, canonical ones first in their order."""
    from fer_edge.faces.labeled_folder import classes_in, order_classes
    from fer_edge.faces.picture_files import find_pictures

    paths = find_pictures(folder, linked_classes=True)
    names = {path.relative_to(folder).parts[0] for path in paths if path.parent != folder}
    return order_classes(classes_in(names, renamed))


def _known(classes: Sequence[str], known: Sequence[str], what: str, skip_unknown: bool) -> tuple[str, ...]:
    labels = {_spelled(label) for label in known}
    unknown = [name for name in classes if _spelled(name) not in labels]
    if unknown and not skip_unknown:
        raise DataError(
            f"{what} has classes that the model does not know: {', '.join(unknown)}. It knows {', '.join(known)}; "
            "--skip-unknown leaves those faces out"
        )
    left = tuple(name for name in classes if name not in unknown)
    if not left and classes:
        raise DataError(f"{what} has no class that the model knows; it knows {', '.join(known)}")
    return left


def _spelled(label: str) -> str:
    from fer_edge.faces.labeled_folder import fold_class

    return fold_class(label)
