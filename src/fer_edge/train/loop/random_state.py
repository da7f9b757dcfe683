"""State of the random generators at the end of an epoch, so that a resumed run draws what the first would have."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


class RandomState:
    """Torch's, NumPy's and Python's generators, noted before the first epoch and at the end of each, set at the start.

    A run that goes on, one that is resumed and one of several processes all pass through :meth:`begin`, so whatever
    Lightning draws in between (it makes its iterators at other moments when it resumes) cannot tell them apart.
    """

    def __init__(self) -> None:
        self.noted: dict[str, Any] | None = None

    def note(self) -> None:
        """Take the generators' states; plain tensors and lists, which snapshots are read for without running code."""
        state: Any = np.random.get_state()  # noqa: NPY002 - whatever a library draws from it
        kind, keys, *rest = state
        version, words, gauss = random.getstate()
        self.noted = {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
            "numpy": [kind, keys.tolist(), *rest],
            "python": [version, list(words), gauss],
        }

    def begin(self) -> None:
        """Set them again; while nothing is noted, nothing happens."""
        if self.noted is None:
            return
        torch.set_rng_state(self.noted["torch"].cpu())
        if self.noted["cuda"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(self.noted["cuda"].cpu())
        kind, keys, *rest = self.noted["numpy"]
        np.random.set_state((kind, np.array(keys, np.uint32), *rest))  # noqa: NPY002
        version, words, gauss = self.noted["python"]
        random.setstate((version, tuple(words), gauss))
        # A loader draws one number, a seed for worker processes, before its sampler is asked for the first batch.
        torch.empty((), dtype=torch.int64).random_()
