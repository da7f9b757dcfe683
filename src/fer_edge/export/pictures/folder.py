"""A person's folder or table of pictures through the one camera path: faces already cut out, or photos in which they are found."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.pictures.arrays import put_rows
from fer_edge.export.pictures.images import ImageSet, Tick
from fer_edge.runtime.camera import scaled
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError, PictureError

if TYPE_CHECKING:
    from fer_edge.faces.face import Box
    from fer_edge.faces.labeled_folder import LabeledPicture
    from fer_edge.faces.labeled_table import TableFace
    from fer_edge.runtime.frame import Frame

SHOWN = 10
"""Pictures that cannot be read, in a message."""

Locate = Callable[[str, "Frame"], "Box | None"]
"""Finds the face in a picture of a folder, given its name there; None: no face, the picture is left out."""


@dataclass(frozen=True)
class PictureOptions:
    """Options about pictures, as typed.

    Attributes:
        calibration: a folder, a table, ``synthetic`` or None.
        accuracy: the same.
        accuracy_samples: drawn faces for accuracy, or None for the default.
        parity_inputs: number of parity inputs, or None for the default.
        detector: finds the largest face in each picture of a folder; None: a picture is a face.
        detector_model: the file of a detector that needs one.
        faces: or by this file in the form of the prediction JSON.
        skip_unknown: pictures of classes that the model does not know are left out of folders.
        renamed: name of a class folder -> the class that it holds.
    """

    calibration: str | None = None
    accuracy: str | None = None
    accuracy_samples: int | None = None
    parity_inputs: int | None = None
    detector: str | None = None
    detector_model: Path | None = None
    faces: Path | None = None
    skip_unknown: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)

    def locator(self) -> Locate | None:
        """The function that finds the face in a picture; None: the whole picture is the face, and no margin is added."""
        if self.faces is not None:
            from fer_edge.faces.boxes_file import boxes_of, read_boxes

            boxes = read_boxes(self.faces)
            return lambda name, _: _largest(boxes_of(boxes, name))
        if self.detector is not None:
            from fer_edge.faces.detectors import detect_faces, make_detector

            detector = make_detector(self.detector, self.detector_model)
            return lambda _, frame: _largest([face.box for face in detect_faces(frame, detector)])
        return None


def _largest(boxes: Sequence[Box]) -> Box | None:
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)


def read_folder(
    path: Path,
    contract: Contract,
    options: PictureOptions,
    locate: Locate | None,
    *,
    labeled: bool,
    limit: int | None,
    tick: Tick | None = None,
    into: Path | None = None,
) -> ImageSet:
    """Pictures of a folder.

    Args:
        path: holds one folder a class (known spellings are understood), or, unless ``labeled``, pictures alone; or is a table
            (:mod:`fer_edge.faces.labeled_table`).
        contract: gives size, margin and labels.
        options: say what folders of other names hold, and whether unknown classes are left out.
        locate: of the options; made once for several folders.
        labeled: whether every picture must have a label.
        limit: at most that many, evenly over the sorted list.
        tick: called after each picture.
        into: file that gets the pixels one picture after the other, as ``numpy.save`` writes them, and is mapped into
            memory: all test faces of a data set may be more than there is. None: they are kept in memory.

    Raises:
        ExportError: no picture has a face, or a class that the model does not know.
        PictureError: no pictures, a file that cannot be decoded.
    """
    from fer_edge.faces.labeled_folder import spread
    from fer_edge.faces.picture_files import describe_left_out

    left_out: Counter[str] = Counter()
    entries = spread(_entries(path, contract, options, left_out, labeled=labeled), limit)
    labels, digest = list[int](), hashlib.sha256()

    def read() -> Iterator[NDArray[np.uint8]]:
        for entry, box, picture in _located(entries, contract, locate, tick):
            labels.append(contract.labels.index(entry.label) if entry.label else -1)
            digest.update(f"{entry.sha256()} {box} {entry.name}\n".encode("utf-8", "surrogateescape"))
            yield picture

    pictures = put_rows(into, read(), len(entries)) if into else np.array(list(read()), np.uint8)
    if not labels:
        raise ExportError(f"{path}: no face was found in {len(entries)} pictures")
    return ImageSet(
        pictures, np.array(labels, np.int64), "folder", digest.hexdigest(), describe_left_out(left_out)
    )


def read_faces(
    path: Path,
    contract: Contract,
    options: PictureOptions,
    locate: Locate | None,
    *,
    labeled: bool,
    limit: int,
) -> Iterator[tuple[Frame, Box | None, int]]:
    """Whole pictures of a folder with the face's box and the place of its label, -1 where unknown; else as ``read_folder``."""
    from fer_edge.faces.labeled_folder import spread

    for entry in spread(_entries(path, contract, options, Counter(), labeled=labeled), limit):
        frame = entry.read()
        box = locate(entry.name, frame) if locate else None
        if locate is None or box is not None:
            yield frame, box, contract.labels.index(entry.label) if entry.label else -1


def _located(
    entries: Sequence[LabeledPicture | TableFace],
    contract: Contract,
    locate: Locate | None,
    tick: Tick | None,
) -> Iterator[tuple[LabeledPicture | TableFace, Box | None, NDArray[np.uint8]]]:
    """Each picture with a face, where that is, and its pixels at the model's size; at the end those that cannot be read, all of them."""
    size, camera = contract.input, contract.camera
    faults: list[PictureError] = []
    for entry in entries:
        try:
            frame = entry.read()
        except PictureError as error:
            faults.append(error)
            continue
        if faults:
            continue
        box = locate(entry.name, frame) if locate else None
        if locate is None or box is not None:
            margin, mirror = camera.crop_margin, camera.mirror
            yield (
                entry,
                box,
                scaled(frame, size.width, size.height, box=box, crop_margin=margin, mirror=mirror),
            )
        if tick:
            tick()
    if faults:
        raise _together(faults, len(entries))


def _together(faults: Sequence[PictureError], among: int) -> PictureError:
    """One error for all pictures that cannot be read: whoever mends a folder wants to mend it once."""
    if len(faults) == 1:
        return faults[0]
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    said = "; ".join(str(fault) for fault in faults[:SHOWN])
    return PictureError(
        f"{len(faults)} of {among} pictures cannot be used: {said}{more}. Mend or remove them"
    )


def _entries(
    path: Path, contract: Contract, options: PictureOptions, left_out: Counter[str], *, labeled: bool
) -> Sequence[LabeledPicture | TableFace]:
    from fer_edge.faces.labeled_folder import LabeledPicture, UnknownClasses, labeled_pictures
    from fer_edge.faces.labeled_table import table_pictures
    from fer_edge.faces.picture_files import find_pictures

    if not labeled and path.is_dir():
        here: Counter[str] = Counter()
        loose = find_pictures(path, here)
        if loose and all(picture.parent == path for picture in loose):
            left_out.update(here)
            return [LabeledPicture(picture, picture.name, "") for picture in loose]
    known, renamed, skip = contract.labels, options.renamed, options.skip_unknown
    try:
        if path.is_file():
            return table_pictures(
                path, known, renamed=renamed, left_out=left_out, skip_unknown=skip, labeled=labeled
            )
        return labeled_pictures(path, known, renamed=renamed, left_out=left_out, skip_unknown=skip)
    except UnknownClasses as error:
        raise ExportError(
            f"{error}. --map FOLDER=CLASS,... says what they hold; --skip-unknown leaves them out"
        ) from error
