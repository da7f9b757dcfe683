"""Arrays as files that children read while their parent still writes others: each appears whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

CALIBRATION_FILE = "calibration.npy"
"""Where children find the images that ranges are taken from."""
POLL_SECONDS = 0.01


def put_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array that a reader sees whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as stream:
        np.save(stream, array)
    part.replace(path)


def put_rows(path: Path, rows: Iterable[NDArray[np.uint8]], most: int) -> NDArray[np.uint8]:
    """The same for rows that come one after the other; only one of them is in memory.

    Args:
        path: the file to write.
        rows: of one shape.
        most: how many may come.

    Returns:
        (n, ...) uint8, mapped from the file; where no row came nothing is written and n is 0.
    """
    part = path.with_name(f"{path.name}.part")
    count, shape = 0, tuple[int, ...]()
    with part.open("w+b") as stream:
        for row in rows:
            if not count:
                shape = row.shape
                _put_header(stream, (most, *shape))
            stream.write(np.ascontiguousarray(row).data)
            count += 1
        # numpy leaves room for any number of rows, so that the header may be written again in its place.
        stream.seek(0)
        _put_header(stream, (count, *shape))
    if not count:
        part.unlink()
        return np.empty((0,), np.uint8)
    part.replace(path)
    return np.asarray(np.load(path, mmap_mode="r"))


def _put_header(stream: IO[bytes], shape: tuple[int, ...]) -> None:
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, about)  # type: ignore[no-untyped-call]


def wait_for(path: Path, *, sleep: Callable[[float], None] = time.sleep) -> Path:
    """Return when the file is there. There is no limit: a child whose parent is gone ends by itself."""
    while not path.exists():
        sleep(POLL_SECONDS)
    return path


def get_array(path: Path) -> NDArray[Any]:
    """Wait for an array; its pages are shared between the children that read it."""
    found: NDArray[Any] = np.load(wait_for(path), mmap_mode="r")
    return found
