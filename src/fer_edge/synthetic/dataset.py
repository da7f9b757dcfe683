"""Series of drawn faces: three splits that share no seed and so no person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Final, overload

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import EMOTIONS, canonical
from fer_edge.synthetic.face import DrawnFace, render_face

VERSION: Final = 1
"""Counts up with every change of the pictures; part of the provenance hash."""

SPLITS: Final[tuple[str, ...]] = ("train", "validation", "test")


class SyntheticFaces(Sequence[DrawnFace]):
    """``count`` faces of one split; emotions take turns, so that classes are balanced.

    Each face is drawn when it is asked for. Its seed leaves the remainder ``SPLITS.index(split)`` when divided by
    three, so two splits never share a seed, whatever their count and ``seed``.
    """

    def __init__(
        self, split: str, count: int, *, seed: int = 0, clear: bool | None = None, frontal: bool | None = None,
        emotions: Iterable[str] | None = None,
    ) -> None:  # fmt: skip
        """Describe the series; nothing is drawn.

        Args:
            split: one of :data:`SPLITS`.
            count: number of faces, from 0 on.
            seed: another number, other faces.
            clear: only clear (True) or only weak and mixed (False) expressions; None: both.
            frontal: only faces towards the camera (True) or turned ones (False); None: both.
            emotions: which ones, in the order they take turns; None: all eight.

        Raises:
            FerEdgeError: an unknown split or emotion, no emotion at all, or a negative count.
        """
        if split not in SPLITS:
            raise FerEdgeError(unknown("split", split, SPLITS))
        if count < 0:
            raise FerEdgeError(f"count {count} is negative: 0 or more faces are allowed")
        self.split, self.length, self.seed, self.clear, self.frontal = split, count, seed, clear, frontal
        self.emotions = EMOTIONS if emotions is None else tuple(canonical(name) for name in emotions)
        for name in self.emotions:
            if name not in EMOTIONS:
                raise FerEdgeError(unknown("emotion", name, EMOTIONS))
        if not self.emotions:
            raise FerEdgeError(f"no emotion is named: at least one of {', '.join(EMOTIONS)} is needed")

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> DrawnFace: ...
    @overload
    def __getitem__(self, index: slice) -> list[DrawnFace]: ...
    def __getitem__(self, index: int | slice) -> DrawnFace | list[DrawnFace]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self.length))]
        at = index + self.length if index < 0 else index
        if not 0 <= at < self.length:
            raise IndexError(f"face {index} of {self.length}")
        emotion = self.emotions[at % len(self.emotions)]
        return render_face(self.face_seed(at), emotion=emotion, clear=self.clear, frontal=self.frontal)

    def face_seed(self, index: int) -> int:
        """The seed of one face, 0 .. 3 * 2**48."""
        digest = hashlib.sha256(f"{self.split}/{self.seed}/{index}".encode()).digest()
        return int.from_bytes(digest[:6], "big") * len(SPLITS) + SPLITS.index(self.split)

    def name(self, index: int) -> str:
        """``<split>/<seed>``."""
        return f"{self.split}/{self.face_seed(index)}"

    def sha256(self) -> str:
        """Hash of what decides on the pictures: the renderer's version and the parameters of the series."""
        # The renderer's name in every hash that was ever stored: not the place of a module, and not to be changed.
        known = {
            "renderer": "fer_edge.train.synthetic", "version": VERSION, "split": self.split, "count": self.length,
            "seed": self.seed, "clear": self.clear, "frontal": self.frontal, "emotions": list(self.emotions),
        }  # fmt: skip
        return hashlib.sha256(json.dumps(known, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
