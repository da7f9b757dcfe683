"""Training splits after cleaning: without faces whose label is in doubt, with faces that a generator made.

``fer-train ambiguous`` writes the list that :func:`reduce` reads, ``fer-train generate`` the folder that
:func:`augment` reads. Both give ``Faces`` again; where both are wanted, :func:`reduce` comes first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import LabeledFace
from fer_edge.faces.pictures import read_picture
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.ambiguous_list import pixels_sha256, read_list, refuse
from fer_edge.train.datasets.generated import GeneratedPicture, file_faults, read_provenance
from fer_edge.train.datasets.label_maps import label_space, one_hot


def reduce(faces: Faces, file: Path) -> Faces:
    """The split without the faces of a list.

    Args:
        faces: the training split.
        file: as ``fer-train ambiguous`` writes it.

    Raises:
        DataError: the list cannot be read, names a face that is not in the split or has other pixels now, or leaves
            nothing; every fault is named.
    """
    rows = read_list(Path(file))
    where = {faces.name(index): index for index in range(len(faces))}
    faults = [f"{row.name} is not in the training split" for row in rows if row.name not in where]
    for row in rows:
        if row.name in where and pixels_sha256(faces[where[row.name]]) != row.sha256:
            faults.append(f"{row.name} has other pixels than when it was listed")
    refuse(str(file), faults)
    gone = {where[row.name] for row in rows}
    kept = [index for index in range(len(faces)) if index not in gone]
    if not kept:
        raise DataError(
            f"{file} lists all {len(faces)} faces of the training split; raise --threshold of fer-train ambiguous"
        )
    return Subset(faces, np.array(kept))


def augment(faces: Faces, folder: Path, classes: Sequence[str]) -> Faces:
    """The split and, behind it, the generated faces of a folder.

    Args:
        faces: the training split; may be :func:`reduce`, or augmented by other folders before.
        folder: as ``fer-train generate`` writes it.
        classes: of the training; generated faces of other classes are left out.

    Raises:
        DataError: the provenance is missing or malformed, a file is missing, changed or not in it, a picture was made
            of a face that is not in the training split (one of the validation faces, say), or the folder was added before;
            every fault is named.
    """
    folder = Path(folder)
    made = read_provenance(folder)
    before, whole = 0, faces
    while isinstance(whole, AugmentedFaces | Subset):
        if isinstance(whole, AugmentedFaces):
            before += 1
            if whole.folder.resolve() == folder.resolve():
                raise DataError(f"--augmented {folder} is given twice; its faces would count double")
        whole = whole.faces
    known = {whole.name(index) for index in range(len(whole))}
    faults = [*file_faults(folder, made)]
    faults += [f"{one.file} was made of {one.source}, which is not in the training split" for one in made
               if one.source not in known]  # fmt: skip
    refuse(str(folder), faults)
    above = f"generated-{before + 1}" if before else "generated"
    return AugmentedFaces(
        faces, folder, tuple(one for one in made if one.label in classes), label_space(classes), above
    )


class Subset:
    """Some faces of a split, in its order.

    Attributes:
        faces: the whole split.
        indices: (n,) int, which ones.
    """

    def __init__(self, faces: Faces, indices: NDArray[np.int_]) -> None:
        self.faces, self.indices = faces, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> LabeledFace:
        return self.faces[int(self.indices[index])]

    def name(self, index: int) -> str:
        """As in the whole split."""
        return self.faces.name(int(self.indices[index]))

    def sha256(self) -> str:
        """Of the whole split and the choice."""
        chosen = ",".join(map(str, self.indices.tolist()))
        return hashlib.sha256(f"{self.faces.sha256()} {chosen}".encode()).hexdigest()


class AugmentedFaces:
    """A split and, behind it, generated faces, decoded when asked for.

    Attributes:
        faces: the split.
        folder: of the generated pictures.
        made: what the provenance says of them.
        space: what the places of a label mean.
        above: what the names of the generated faces begin with.
    """

    def __init__(
        self,
        faces: Faces,
        folder: Path,
        made: tuple[GeneratedPicture, ...],
        space: tuple[str, ...] = EMOTIONS,
        above: str = "generated",
    ) -> None:
        self.faces, self.folder, self.made, self.space, self.above = faces, folder, made, space, above

    def __len__(self) -> int:
        return len(self.faces) + len(self.made)

    def __getitem__(self, index: int) -> LabeledFace:
        if index < len(self.faces):
            return self.faces[index]
        one = self.made[index - len(self.faces)]
        label = one_hot(one.label, self.space)
        frame = read_picture(self.folder / one.file, name=one.file)
        return LabeledFace(frame, one.box, label, clear=False)

    def name(self, index: int) -> str:
        """The split's own, or ``generated/<class>/<name>.png``."""
        if index < len(self.faces):
            return self.faces.name(index)
        return f"{self.above}/{self.made[index - len(self.faces)].file}"

    def sha256(self) -> str:
        """Of the split and the generated files."""
        parts = [self.faces.sha256(), *(f"{one.sha256}  {one.file}" for one in self.made)]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
