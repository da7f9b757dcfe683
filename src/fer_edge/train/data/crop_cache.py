"""Crops in files, for splits that are larger than memory: made once, mapped into memory, taken again by the next run.

A split is a folder that is called by its key: a hash of the data (names, contents, boxes, labels) and of all that makes a
crop of a picture. It comes whole or not at all, under a lock, so that several processes make it once. Before it is taken
again some faces are prepared anew and compared, so that a decoder that has changed since is noticed. Nothing removes
old folders: whoever needs the space deletes them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.atomic import sync_folder
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.data.arrays import Arrays, bytes_of, chunks, distribution, shape_of
from fer_edge.train.data.faces import Crops, Faces

IN_MEMORY = 2 << 30
"""Bytes of a split's crops up to which they stay in memory, unless a folder was named."""
SPARE = 64 << 20
"""Bytes that stay free on the disk."""
PROBES = 16
"""Faces that are prepared anew before a folder is taken again."""
SCHEMA = "crops/1, camera spec 1"
FILES = ("crops.npy", "labels.npy", "clear.npy")


def cache_folder() -> Path:
    """The folder of caches that no option names: ``$FER_EDGE_CACHE``, ``$XDG_CACHE_HOME/fer-edge/crops`` or below ``~/.cache``."""
    named = os.environ.get("FER_EDGE_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fer-edge" / "crops"


@dataclass(frozen=True)
class CropCache:
    """A folder of prepared splits.

    Attributes:
        folder: made if absent.
        say: gets what it costs and where it lies.
    """

    folder: Path
    say: Callable[[str], None]

    def load(
        self,
        faces: Faces,
        sha256: str,
        crops: Crops,
        columns: Sequence[int],
        *,
        workers: int | None = None,
        advance: Callable[[int], None] = lambda _: None,
    ) -> Arrays:
        """The split, its crops mapped from a file that is made if it is not there.

        Args:
            faces: the split.
            sha256: of the faces.
            crops: what is cut out of each.
            columns: which places of a face's label are classes, in their order.
            workers: processes that prepare faces; None: one a core.
            advance: told how many more faces are done.

        Raises:
            FerEdgeError: no faces, the disk has no room, or the folder cannot be written.
        """
        if not len(faces):
            raise FerEdgeError("a split of 0 faces cannot be trained on or judged; raise --limit")
        place = self.folder / _key(sha256, crops, columns)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _lock(self.folder / f".{place.name}.lock"):
                arrays = _map(place, faces, crops, columns)
                if arrays is None:
                    self._check_room(faces, crops)
                    _make(place, faces, crops, chunks(faces, crops, columns, workers=workers), advance)
                    arrays = _map(place, faces, crops, columns)
                else:
                    self.say(f"prepared faces are taken from {place}")
                    advance(len(faces))
        except OSError as error:
            raise FerEdgeError(
                f"the cache of prepared faces {self.folder} cannot be used: {error.strerror or error}; "
                "--cache DIR names another folder"
            ) from error
        if arrays is None:
            raise FerEdgeError(f"{place} does not hold what was written into it; is the disk sound?")
        return arrays

    def _check_room(self, faces: Faces, crops: Crops) -> None:
        size = bytes_of(len(faces), crops)
        free = shutil.disk_usage(self.folder).free
        told = (
            f"{len(faces)} faces of {crops.width}x{crops.height}x{crops.channels}, {crops.views} crops each"
        )
        if size + SPARE > free:
            raise FerEdgeError(
                f"{told}, take {size / 1e9:.1f} GB in {self.folder}, where {free / 1e9:.1f} GB are free; "
                "--cache DIR names a folder on another disk, or lower --limit, --views or --size"
            )
        self.say(
            f"{told}: {size / 1e9:.1f} GB go to {self.folder}, where the next run finds them "
            f"({free / 1e9:.1f} GB are free; --cache DIR names another folder)"
        )


def _key(sha256: str, crops: Crops, columns: Sequence[int]) -> str:
    parts = {"schema": SCHEMA, "faces": sha256, "crops": asdict(crops), "columns": list(columns)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One process at a time, where the system has locks; the others wait for what the first one makes."""
    with path.open("ab") as file:
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(
    place: Path, faces: Faces, crops: Crops, parts: Generator[Arrays], advance: Callable[[int], None]
) -> None:
    """Write all files beside the folder's place, then give them its name."""
    for left in (*place.parent.glob(f".{place.name}.*.tmp"), place):  # of a run that was killed, or not sound
        shutil.rmtree(left, ignore_errors=True)
    beside = place.with_name(f".{place.name}.{os.urandom(8).hex()}.tmp")
    beside.mkdir()
    try:
        labels, clear = [], []
        with (beside / FILES[0]).open("wb") as file, closing(parts):
            header = {"descr": "|u1", "fortran_order": False, "shape": shape_of(len(faces), crops)}
            np.lib.format.write_array_header_2_0(file, header)  # type: ignore[no-untyped-call]
            for part in parts:
                file.write(np.ascontiguousarray(part.crops).data)
                labels.append(part.labels)
                clear.append(part.clear)
                advance(len(part))
            _sync(file)
        for name, values in zip(FILES[1:], (np.concatenate(labels), np.concatenate(clear)), strict=True):
            with (beside / name).open("wb") as file:
                np.save(file, values)
                _sync(file)
        sync_folder(beside)
        beside.rename(place)
        sync_folder(place.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _map(place: Path, faces: Faces, crops: Crops, columns: Sequence[int]) -> Arrays | None:
    """The arrays that lie there; None: nothing, or not what these faces give."""
    try:
        # Copy on write: nothing is ever written, but torch warns of memory that cannot be.
        found = Arrays(
            np.load(place / FILES[0], mmap_mode="c"), np.load(place / FILES[1]), np.load(place / FILES[2])
        )
    except (OSError, ValueError, EOFError):
        return None
    shapes = (shape_of(len(faces), crops), (len(faces), len(columns)), (len(faces),))
    kinds = ("uint8", "float32", "bool")
    arrays: tuple[NDArray[Any], ...] = (found.crops, found.labels, found.clear)
    for array, shape, kind in zip(arrays, shapes, kinds, strict=True):
        if array.shape != shape or array.dtype != kind:
            return None
    return found if all(_same(found, faces, crops, columns, at) for at in _probes(len(faces))) else None


def _probes(count: int) -> list[int]:
    return sorted({at * (count - 1) // (PROBES - 1) for at in range(PROBES)})


def _same(found: Arrays, faces: Faces, crops: Crops, columns: Sequence[int], at: int) -> bool:
    face = faces[at]
    return (
        np.array_equal(found.crops[at], crops.of_face(face, at))
        and np.array_equal(found.labels[at], distribution(face.label, columns))
        and bool(found.clear[at]) == face.clear
    )
