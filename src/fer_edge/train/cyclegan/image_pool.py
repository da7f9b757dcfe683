"""The discriminators see made pictures of the last steps too, not only the newest ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

SIZE = 50
"""Pictures kept (section 4 "Training details")."""


class ImagePool:
    """A buffer of made pictures, which damps oscillation.

    Source: CycleGAN paper (arXiv 1703.10593), section 4 "Training details", after Shrivastava et al. 2017; how it is
    drawn from follows the authors' code (``util/image_pool.py``): until it is full every picture is kept and handed on;
    then each new one is, with probability 1/2, exchanged for a random kept one.

    Args:
        seed: of its own random generator.
        size: pictures kept; 0 hands everything on.
    """

    def __init__(self, seed: int, size: int = SIZE) -> None:
        self.size = size
        self.kept: list[Tensor] = []
        self.random = torch.Generator().manual_seed(seed)

    def exchange(self, images: Tensor) -> Tensor:
        """(N, C, H, W) newly made pictures -> as many, some of them older ones; without gradient."""
        return torch.stack([self._one(image) for image in images.detach()])

    def _one(self, image: Tensor) -> Tensor:
        if self.size == 0:
            return image
        if len(self.kept) < self.size:
            self.kept.append(image.clone())
            return image
        if float(torch.rand((), generator=self.random)) < 0.5:
            return image
        at = int(torch.randint(self.size, (), generator=self.random))
        older, self.kept[at] = self.kept[at], image.clone()
        return older

    def state(self) -> dict[str, Any]:
        """What a snapshot needs to go on exactly here."""
        return {"kept": [image.cpu() for image in self.kept], "random": self.random.get_state()}

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        """Go on from :meth:`state`."""
        self.kept = [image.to(device) for image in state["kept"]]
        self.random.set_state(state["random"])
