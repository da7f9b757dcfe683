"""Parts of the adversarial training: what generators and discriminators minimize, and the pool of made pictures.

Source: CycleGAN paper (arXiv 1703.10593): the adversarial loss in its least-squares form (section 4 "Training details",
after Mao et al. 2017), the cycle consistency loss (section 3.2, equation 2), the full objective (section 3.3, equation
3) and the identity loss (section 5.2, "Photo generation from paintings").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

CYCLE_WEIGHT = 10.0
"""Lambda of equation 3 (section 4)."""
IDENTITY_WEIGHT = 0.5
"""Of the identity loss, in units of lambda (appendix 7.1)."""
SIZE = 50
"""Pictures kept (section 4 "Training details")."""


@dataclass(frozen=True)
class GeneratorLoss:
    """The parts of the generators' objective, both directions summed, before their weights.

    Attributes:
        adversarial: least squares of the discriminators' scores to 1.
        cycle: mean absolute difference after there and back, pictures in -1..1.
        identity: mean absolute difference of pictures that are of the target class already.
    """

    adversarial: Tensor
    cycle: Tensor
    identity: Tensor

    def total(self) -> Tensor:
        """``adversarial + lambda * (cycle + 0.5 * identity)``."""
        return self.adversarial + CYCLE_WEIGHT * (self.cycle + IDENTITY_WEIGHT * self.identity)


def least_squares(scores: Tensor, goal: float) -> Tensor:
    """``mean((scores - goal) ** 2)``: a scalar; goal 1 for real, 0 for made."""
    return functional.mse_loss(scores, torch.full_like(scores, goal))


def discriminator_loss(real_scores: Tensor, made_scores: Tensor) -> Tensor:
    """``(mean((D(y) - 1) ** 2) + mean(D(G(x)) ** 2)) / 2``; the half slows the discriminator down (appendix 7.1)."""
    return (least_squares(real_scores, 1.0) + least_squares(made_scores, 0.0)) / 2


def absolute(made: Tensor, wanted: Tensor) -> Tensor:
    """The L1 norm of equation 2, as a mean over pixels: a scalar."""
    return functional.l1_loss(made, wanted)


class ImagePool:
    """A buffer of made pictures: the discriminators see those of the last steps too, which damps oscillation.

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
        return older.to(image)

    def state(self) -> dict[str, Any]:
        """For a snapshot that goes on exactly here."""
        return {"kept": [image.cpu() for image in self.kept], "random": self.random.get_state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.kept = list(state["kept"])
        self.random.set_state(state["random"])
