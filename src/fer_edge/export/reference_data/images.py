"""Pictures for parity, calibration and accuracy, all through the one camera path.

Two sources: the project's drawn faces (``train.synthetic``) and a person's folder of pictures. Both end as pixels at
the model's size after step 6 of the camera spec, with a label where one is known and with provenance.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.reference_data.drawn_faces import draw_scaled
from fer_edge.export.worker.job import put_rows
from fer_edge.runtime.camera import scaled
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.labels import EMOTIONS, canonical

if TYPE_CHECKING:
    from fer_edge.faces.face import Box
    from fer_edge.faces.labeled_folder import LabeledPicture
    from fer_edge.runtime.frame import Frame

Locate = Callable[[str, "Frame"], "Box | None"]
"""Where the face is in a picture of a folder, given its name there; None: no face, the picture is left out."""
Tick = Callable[[], object]
"""Called between pictures, so that whoever waits for children can look after them."""


@dataclass(frozen=True)
class ImageSet:
    """Pictures at the model's size.

    Attributes:
        scaled: (n, height, width, 3) uint8 RGB after step 6 of the camera spec.
        labels: of each picture, its place in the contract's labels; -1 where unknown.
        source: ``synthetic <split>`` or ``folder``: no path, so that a manifest does not depend on where it lay.
        sha256: over names and contents of what was read, or of the recipe of drawn faces.
        left_out: what of a folder was left out, as a sentence; "" where nothing was.
    """

    scaled: NDArray[np.uint8]
    labels: NDArray[np.int64]
    source: str
    sha256: str
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.scaled)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each picture's pixels: the same face in two files is found whatever the files are called."""
        return tuple(hashlib.sha256(picture.tobytes()).hexdigest() for picture in self.scaled)

    def classes(self, labels: Sequence[str]) -> dict[str, int]:
        """Pictures of each label, in label order, zeros included; empty where no label is known."""
        counted = Counter(self.labels.tolist())
        if set(counted) <= {-1}:
            return {}
        return {label: counted[index] for index, label in enumerate(labels)}

    def take(self, indices: Sequence[int]) -> ImageSet:
        """Some of the pictures, with the same provenance."""
        chosen = list(indices)
        return ImageSet(self.scaled[chosen], self.labels[chosen], self.source, self.sha256, self.left_out)


def synthetic(
    split: str, count: int, contract: Contract, *, seed: int = 0, tick: Tick | None = None
) -> ImageSet:
    """Drawn faces of a split; labels by name, for the emotions that the model knows.

    Args:
        split: ``train``, ``validation`` or ``test``: disjoint in identities and seeds.
        count: how many.
        contract: gives size, margin and labels.
        seed: another set of the same split.
        tick: called after each face.
    """
    from fer_edge.synthetic import SyntheticFaces

    # A face whose emotion the model has no word for is still a face: without any known word take them all.
    known = tuple(emotion for emotion in EMOTIONS if _place(emotion, contract) >= 0) or None
    faces = SyntheticFaces(split, count, seed=seed, emotions=known)
    places = [_place(emotion, contract) for emotion in faces.emotions]
    labels = np.array([places[index % len(places)] for index in range(count)], np.int64)
    pictures = draw_scaled(faces, contract, tick)
    return ImageSet(pictures, labels, f"synthetic {split}", faces.sha256())


def folder(  # noqa: PLR0913 - what --calibration and --accuracy are asked for
    path: Path,
    contract: Contract,
    *,
    labeled: bool,
    locate: Locate | None = None,
    limit: int | None = None,
    skip_unknown: bool = False,
    renamed: Mapping[str, str] | None = None,
    tick: Tick | None = None,
    into: Path | None = None,
) -> ImageSet:
    """Pictures of a folder: crops, or whole photos with ``locate``.

    Args:
        path: holds one folder a class (known spellings are understood), or, unless ``labeled``, pictures alone.
        contract: gives size, margin and labels.
        labeled: whether every picture must have a label.
        locate: finds the face; without it the whole picture is the face and no margin is added.
        limit: at most that many, evenly over the sorted list.
        skip_unknown: leave out classes that the model does not know.
        renamed: folder name -> the class that it holds.
        tick: called after each picture.
        into: file that gets the pixels one picture after the other, as ``numpy.save`` writes them, and is mapped into
            memory: all test faces of a data set may be more than there is. None: they are kept in memory.

    Raises:
        ExportError: no picture has a face, or a class that the model does not know.
        PictureError: no pictures, a file that cannot be decoded.
    """
    from fer_edge.faces.labeled_folder import spread
    from fer_edge.faces.picture_files import describe_left_out
    from fer_edge.faces.pictures import read_picture

    left_out: Counter[str] = Counter()
    entries = spread(
        _entries(path, contract, left_out, labeled=labeled, skip_unknown=skip_unknown, renamed=renamed), limit
    )
    labels, digest = list[int](), hashlib.sha256()

    def read() -> Iterator[NDArray[np.uint8]]:
        for entry in entries:
            frame = read_picture(entry.path)
            box = locate(entry.name, frame) if locate else None
            if locate is None or box is not None:
                labels.append(contract.labels.index(entry.label) if entry.label else -1)
                digest.update(f"{entry.sha256()} {box} {entry.name}\n".encode("utf-8", "surrogateescape"))
                yield _scaled(frame, box, contract)
            if tick:
                tick()

    if into is None:
        size = contract.input
        pictures = np.empty((len(entries), size.height, size.width, 3), np.uint8)
        for at, picture in enumerate(read()):
            pictures[at] = picture
        pictures = pictures[: len(labels)]
    else:
        pictures = put_rows(into, read(), len(entries))
    if not labels:
        raise ExportError(f"{path}: no face was found in {len(entries)} pictures")
    return ImageSet(
        pictures, np.array(labels, np.int64), "folder", digest.hexdigest(), describe_left_out(left_out)
    )


def _entries(
    path: Path,
    contract: Contract,
    left_out: Counter[str],
    *,
    labeled: bool,
    skip_unknown: bool,
    renamed: Mapping[str, str] | None,
) -> list[LabeledPicture]:
    from fer_edge.faces.labeled_folder import LabeledPicture, UnknownClasses, labeled_pictures
    from fer_edge.faces.picture_files import find_pictures

    if not labeled:
        here: Counter[str] = Counter()
        loose = find_pictures(path, here)
        if loose and all(picture.parent == path for picture in loose):
            left_out.update(here)
            return [LabeledPicture(picture, picture.name, "") for picture in loose]
    try:
        return labeled_pictures(
            path, contract.labels, renamed=renamed, left_out=left_out, skip_unknown=skip_unknown
        )
    except UnknownClasses as error:
        raise ExportError(
            f"{error}. --map FOLDER=CLASS,... says what they hold; --skip-unknown leaves them out"
        ) from error


def overlap(first: ImageSet, second: ImageSet) -> int:
    """How many pictures of ``first`` are also in ``second``, by content."""
    others = set(second.digests)
    return sum(digest in others for digest in first.digests)


def _place(label: str, contract: Contract) -> int:
    for index, known in enumerate(contract.labels):
        if label == known or canonical(label) == canonical(known):
            return index
    return -1


def _scaled(frame: Frame, box: Box | None, contract: Contract) -> NDArray[np.uint8]:
    return scaled(
        frame,
        contract.input.width,
        contract.input.height,
        box=box,
        crop_margin=contract.camera.crop_margin,
        mirror=contract.camera.mirror,
    )
