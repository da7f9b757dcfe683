"""Working memory that is kept from picture to picture: fresh pages cost more than the arithmetic done in them."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_LARGEST_KEPT = 4 << 20
"""Bytes of one buffer; larger ones are made anew, so that one huge picture does not hold memory for ever."""


class _Kept(threading.local):
    """Buffers by purpose, each thread its own."""

    def __init__(self) -> None:
        self.buffers: dict[str, NDArray[np.uint8]] = {}


_KEPT = _Kept()


def scratch(purpose: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Uninitialized memory; the next call for the same purpose in the same thread hands out the same memory.

    Args:
        purpose: what for; two arrays in use at the same time need two purposes.
        shape: of the array.
        dtype: of the array.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size > _LARGEST_KEPT:
        return np.empty(shape, dtype)
    buffer = _KEPT.buffers.get(purpose)
    if buffer is None or len(buffer) < size:
        buffer = _KEPT.buffers[purpose] = np.empty(size, np.uint8)
    return buffer[:size].view(dtype).reshape(shape)
