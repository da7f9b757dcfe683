"""What generators and discriminators minimize.

Source: CycleGAN paper (arXiv 1703.10593): the adversarial loss in its least-squares form (section 4 "Training details",
after Mao et al. 2017), the cycle consistency loss (section 3.2, equation 2), the full objective (section 3.3, equation
3) and the identity loss (section 5.2, "Photo generation from paintings").
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CYCLE_WEIGHT = 10.0
"""Lambda of equation 3 (section 4)."""
IDENTITY_WEIGHT = 0.5
"""Of the identity loss, in units of lambda (appendix 7.1)."""


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
