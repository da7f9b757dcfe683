"""Labeled faces that models are asked about: a folder of crops or a recipe's data, and the options that choose them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import Word, list_option
from fer_edge.console.shared_options import PATH, map_option, settings_option
from fer_edge.faces.face import LabeledFace
from fer_edge.runtime.errors import DataError

if TYPE_CHECKING:
    from fer_edge.faces.labeled_folder import LabeledPicture
    from fer_edge.train.data.faces import Faces
    from fer_edge.train.recipes import Recipe

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

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


class LabeledFaces(Protocol):
    """Labeled faces in a fixed order."""

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of each face's label."""
        ...

    @property
    def source(self) -> str:
        """What they are; no path."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the data: what was left out, what stands in two splits."""
        ...

    @property
    def sha256(self) -> str:
        """Of what decides on the faces: the same one as in the training's report, for a recipe's data."""
        ...

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """What the data set calls one of them."""
        ...

    def face(self, index: int) -> LabeledFace:
        """One of them, its label over the classes."""
        ...


@dataclass(frozen=True)
class FolderFaces:
    """Crops in ``DIR/<class>/*``."""

    classes: tuple[str, ...]
    source: str
    sha256: str
    pictures: Sequence[LabeledPicture]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pictures)

    def name(self, index: int) -> str:
        """Its path within the folder."""
        return self.pictures[index].name

    def face(self, index: int) -> LabeledFace:
        """Decode one picture; the whole of it is the face."""
        from fer_edge.faces.pictures import read_picture
        from fer_edge.train.datasets.label_maps import one_hot

        picture = self.pictures[index]
        frame = read_picture(picture.path, name=picture.name)
        return LabeledFace(frame, None, one_hot(picture.label, self.classes), clear=True)


@dataclass(frozen=True)
class RecipeFaces:
    """A split of a recipe's data."""

    classes: tuple[str, ...]
    source: str
    sha256: str
    faces: Faces
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.faces)

    def name(self, index: int) -> str:
        """As the split has it."""
        return self.faces.name(index)

    def face(self, index: int) -> LabeledFace:
        """One face with its distribution cut to the classes."""
        from fer_edge.train.data.arrays import distribution
        from fer_edge.train.datasets.label_maps import label_space

        found = self.faces[index]
        space = label_space(self.classes)
        label = distribution(found.label, [space.index(name) for name in self.classes])
        return LabeledFace(found.frame, found.box, label, found.clear)


def folder_faces(
    folder: Path,
    known: Sequence[str],
    *,
    classes: Sequence[str] = (),
    limit: int | None = None,
    skip_unknown: bool = False,
    renamed: Mapping[str, str] | None = None,
) -> FolderFaces:
    """The pictures of ``DIR/<class>/*``; each is a face crop.

    Args:
        folder: with a folder a class; other spellings are understood.
        known: labels that every judged model has.
        classes: only these; empty: all there are.
        limit: at most so many, evenly over the sorted list.
        skip_unknown: leave out classes that are not known, instead of refusing them.
        renamed: folder name -> the class that it holds.

    Raises:
        DataError: a class that is not known, or nothing is left.
        PictureError: no such folder, no pictures, or pictures outside class folders.
    """
    from fer_edge.faces.labeled_folder import content_sha256, labeled_pictures, spread
    from fer_edge.faces.picture_files import describe_left_out

    renamed = renamed or {}
    there = _class_folders(folder, renamed)
    wanted = {_spelled(name) for name in classes or there}
    if not wanted <= set(there):
        absent = ", ".join(sorted(wanted - set(there)))
        raise DataError(f"{folder} holds no pictures of {absent}; there are {', '.join(there)}")
    chosen = _known([name for name in there if name in wanted], known, str(folder), skip_unknown)
    skipped: Counter[str] = Counter()
    found = labeled_pictures(folder, there, renamed=renamed, left_out=skipped)
    pictures = spread([entry for entry in found if entry.label in chosen], limit)
    skipped.update(f"of class {entry.label}" for entry in found if entry.label not in chosen)
    notes = (describe_left_out(skipped),) if skipped else ()
    return FolderFaces(chosen, "a labeled folder", content_sha256(pictures), pictures, notes)


def recipe_faces(
    recipe: Recipe, folder: Path | None, known: Sequence[str], *, split: str | None, skip_unknown: bool
) -> RecipeFaces:
    """A split of a recipe's data, opened as for a training.

    Args:
        recipe: with the command line's choices in place of its own.
        folder: of ``--data``.
        known: labels that every judged model has.
        split: ``test``, ``validation`` or ``train``; None: test where there is one, else validation.
        skip_unknown: leave out faces of classes that are not known, instead of refusing the set.

    Raises:
        FerEdgeError: the data is at fault, no such split, or a class that is not known.
    """
    from fer_edge.train.recipes.recipe import DataRequest

    if recipe.needs_data and folder is None:
        raise DataError(f"recipe {recipe.name!r} needs --data: {recipe.summary}")
    classes = _known(recipe.classes, known, f"recipe {recipe.name!r}", skip_unknown)
    request = DataRequest(folder, classes, recipe.faces, recipe.seed, recipe.options)
    opened = recipe.open_data(request)
    wanted = split or ("test" if "test" in opened else "validation")
    if wanted not in opened:
        raise DataError(
            f"recipe {recipe.name!r} has no split {wanted!r} in this data; there are: {', '.join(opened)}"
        )
    faces = opened[wanted]
    if not len(faces):
        raise DataError(f"the split {wanted!r} of recipe {recipe.name!r} has no faces")
    return RecipeFaces(classes, f"{recipe.name} {wanted}", faces.sha256(), faces, tuple(request.notes))


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


def face_options(function: Decorated) -> Decorated:
    """Add the options that choose the faces."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def open_faces(options: dict[str, Any], known: Sequence[str]) -> LabeledFaces:
    """The faces that the options name.

    Args:
        options: values of :func:`face_options`.
        known: labels that every judged model has.

    Raises:
        click.UsageError: neither data nor recipe, or options that need a recipe.
        FerEdgeError: the data is at fault.
    """
    from fer_edge.faces.labeled_folder import parse_class_map
    from fer_edge.train.recipes.overrides import recipe_asked_for

    limit, skip = options["limit"], options["skip_unknown"]
    if options["recipe_name"] is None:
        if options["data"] is None:
            usage_error("Give --data DIR with a folder a class, or --recipe NAME (synthetic needs no data).")
        if options["split"] or options["settings"]:
            usage_error("--split and --set are for the data of a --recipe; a labeled folder is taken whole.")
        return folder_faces(
            options["data"],
            known,
            classes=options["classes"],
            limit=limit,
            skip_unknown=skip,
            renamed=parse_class_map(",".join(options["map"])),
        )
    return recipe_faces(
        recipe_asked_for(options["recipe_name"], {name: options[name] for name in OVERRIDING}),
        options["data"],
        known,
        split=options["split"],
        skip_unknown=skip,
    )
