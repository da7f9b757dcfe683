"""The splits of a recipe, opened, cleaned, and through the camera path into arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.console.output import Output
from fer_edge.train.data.arrays import Arrays, bytes_of, load
from fer_edge.train.data.crop_cache import IN_MEMORY, CropCache, cache_folder
from fer_edge.train.data.faces import Crops, Faces
from fer_edge.train.datasets.label_maps import label_space
from fer_edge.train.datasets.request import SPLITS, DataRequest
from fer_edge.train.recipes.recipe import Recipe


@dataclass(frozen=True)
class DataOptions:
    """The sources of the pictures.

    Attributes:
        folder: of ``--data``; None where the recipe needs none.
        workers: processes that prepare faces; None: one a core.
        reduced: list of ambiguous faces that the training split goes without.
        augmented: folders of generated faces that are added to it.
        cache: folder for prepared faces; None: those that are larger than memory go to the user's own.
        notes: gets sentences about the data that whoever reads the figures must know.
        left_out: gets a line for each face that was left out because something is wrong with it.
        lists: gets what each list of ``reduced`` and folder of ``augmented`` did: option, name, SHA-256, faces.
    """

    folder: Path | None = None
    workers: int | None = None
    reduced: Path | None = None
    augmented: tuple[Path, ...] = ()
    cache: Path | None = None
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    lists: list[dict[str, Any]] = field(default_factory=list)

    def note_list(self, option: str, path: Path, file: Path, faces: int) -> None:
        """Add to :attr:`lists`.

        Args:
            option: ``reduced`` or ``augmented``.
            path: as typed; its name alone is kept.
            file: what the hash is of.
            faces: that it took away or added.
        """
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        self.lists.append({"option": option, "name": path.name, "sha256": sha256, "faces": faces})


@dataclass(frozen=True)
class PreparedSplit:
    """A split ready for the loop, and what a report says of it."""

    faces: Faces
    arrays: Arrays
    sha256: str

    def facts(self) -> dict[str, Any]:
        """For provenance."""
        return {"faces": len(self.faces), "sha256": self.sha256}

    def names(self) -> list[str]:
        """Of the faces."""
        return [self.faces.name(index) for index in range(len(self.faces))]


def open_splits(recipe: Recipe, options: DataOptions) -> Mapping[str, Faces]:
    """The splits of the data set, the training one cleaned and extended as asked.

    Raises:
        DataError: whatever is wrong with the data, all at once.
    """
    request = DataRequest(
        options.folder,
        recipe.classes,
        recipe.faces,
        recipe.seed,
        recipe.options,
        notes=options.notes,
        left_out=options.left_out,
    )
    splits = dict(recipe.open_data(request))
    if options.reduced is not None or options.augmented:
        splits["train"] = _curate(splits["train"], recipe.classes, options)
    return splits


def _curate(faces: Faces, classes: Sequence[str], options: DataOptions) -> Faces:
    """The training split without the listed faces and with the generated ones."""
    from fer_edge.train.datasets.curated import augment, reduce
    from fer_edge.train.datasets.generated import PROVENANCE

    if options.reduced is not None:
        before, faces = len(faces), reduce(faces, options.reduced)
        options.note_list("reduced", options.reduced, options.reduced, before - len(faces))
    for folder in options.augmented:
        before, faces = len(faces), augment(faces, folder, classes)
        # The provenance holds the hash of every picture.
        options.note_list("augmented", folder, folder / PROVENANCE, len(faces) - before)
    return faces


def prepare_splits(recipe: Recipe, options: DataOptions, output: Output) -> dict[str, PreparedSplit]:
    """All splits there are, in the order of ``SPLITS``, as arrays."""
    splits = open_splits(recipe, options)
    for note in options.notes:
        output.warn(note)
    return {
        split: _prepare(recipe, split, splits[split], output, options) for split in SPLITS if split in splits
    }


def _prepare(recipe: Recipe, split: str, faces: Faces, output: Output, options: DataOptions) -> PreparedSplit:
    views = recipe.views if split == "train" else 1
    crops = Crops(recipe.width, recipe.height, recipe.channels, recipe.crop_margin, views, recipe.seed)
    space = label_space(recipe.classes)
    columns = [space.index(name) for name in recipe.classes]
    sha256 = faces.sha256()
    with output.progress(f"Faces ({split})", len(faces)) as bar:
        if options.cache is None and bytes_of(len(faces), crops) <= IN_MEMORY:
            arrays = load(faces, crops, columns, workers=options.workers, advance=bar.advance)
        else:
            cache = CropCache(options.cache or cache_folder(), output.say)
            arrays = cache.load(faces, sha256, crops, columns, workers=options.workers, advance=bar.advance)
    return PreparedSplit(faces, arrays, sha256)
