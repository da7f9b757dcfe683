"""Perceptual fingerprints, to tell whether two files show the same picture: re-encoded, resized, brighter or darker.

The 64-bit hash of the lowest frequencies (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash
Functions", section 3.2.1) finds candidates; since portraits on one background resemble each other, a candidate counts
only if small copies of both agree too.

Nothing here reaches a model, so the reduction is not the camera path's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.runtime.frame import Frame

NEAR = 10
"""Bits of 64 in which the hashes of one picture may differ; two different pictures differ in about 32."""
ALIKE = 0.985
"""Correlation of the small copies from which on two pictures are one."""
SMALL = 16
"""Edge of the small copies."""
FLAT = 2.0
"""Standard deviation in gray levels below which a picture shows nothing: then only equal bytes are the same."""
EVERY = 1 << 32
"""Pairs up to which each is looked at, in about a minute. Beyond, only those that have one of the four 16-bit words of the hash in common: all
with up to three differing bits, and nearly all re-encoded or resized copies."""
_BITS = np.asarray([bin(value).count("1") for value in range(1 << 16)], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """The parts that are compared.

    Attributes:
        bits: the 64-bit hash.
        small: (256,) float16, the picture at 16x16, mean 0 and length 1; zeros where the picture is flat. Half precision, since
            a large data set has hundreds of thousands of them.
    """

    bits: int
    small: NDArray[np.float16]


def fingerprint(frame: Frame) -> Fingerprint:
    """Of an RGBA frame, as decoders give it."""
    cv2 = require("cv2", "train")
    gray = cv2.cvtColor(np.ascontiguousarray(frame.planes[0]), cv2.COLOR_RGBA2GRAY)
    reduced = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(reduced)[:8, :8].reshape(-1)
    bits = int("".join("01"[int(value)] for value in low > np.median(low)), 2)
    small = cv2.resize(reduced, (SMALL, SMALL), interpolation=cv2.INTER_AREA).reshape(-1)
    small = small - small.mean()
    length = float(np.linalg.norm(small))
    flat = length < FLAT * SMALL
    return Fingerprint(
        bits, (np.zeros_like(small) if flat else small / np.float32(length)).astype(np.float16)
    )


def find_pairs(left: list[Fingerprint], right: list[Fingerprint]) -> list[tuple[int, int]]:
    """The pictures of one list that are pictures of the other.

    Returns:
        (index in ``left``, index in ``right``), ordered.
    """
    if not left or not right:
        return []
    words = np.asarray([entry.bits for entry in left], np.uint64).view(np.uint16).reshape(-1, 4)
    copies = np.stack([entry.small for entry in left])
    buckets = _Buckets(words) if len(left) * len(right) > EVERY else None
    found: list[tuple[int, int]] = []
    for at, entry in enumerate(right):
        own = np.asarray([entry.bits], np.uint64).view(np.uint16)
        if buckets is None:
            near = np.flatnonzero(_BITS[words ^ own].sum(1, dtype=np.uint8) <= NEAR)
        else:
            some = buckets.sharing(own)
            near = some[_BITS[words[some] ^ own].sum(1, dtype=np.uint8) <= NEAR]
        same = near[copies[near].astype(np.float32) @ entry.small.astype(np.float32) >= ALIKE]
        found += [(int(index), at) for index in same]
    return sorted(found)


class _Buckets:
    """Hashes by each of their four words.

    Args:
        words: (n, 4) uint16.
    """

    def __init__(self, words: NDArray[np.uint16]) -> None:
        self.orders = [np.argsort(words[:, place], kind="stable") for place in range(4)]
        self.sorted = [words[order, place] for place, order in enumerate(self.orders)]

    def sharing(self, own: NDArray[np.uint16]) -> NDArray[np.int64]:
        """Indices of the hashes that have a word of ``own`` in its place, ordered."""
        parts = []
        for place, (order, values) in enumerate(zip(self.orders, self.sorted, strict=True)):
            start, end = (
                np.searchsorted(values, own[place], "left"),
                np.searchsorted(values, own[place], "right"),
            )
            parts.append(order[start:end])
        return np.unique(np.concatenate(parts))
