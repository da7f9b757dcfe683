"""What decides on a CycleGAN: classes, sizes, schedule, seed."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.runtime.errors import FerEdgeError

LEARNING_RATE = 2e-4
"""Of Adam (section 4 "Training details")."""
BETAS = (0.5, 0.999)
"""Of Adam: the authors' code; the paper does not give them."""
EPOCHS = 200
"""100 at a constant learning rate and 100 down to zero (section 4)."""
LARGE = 256
"""From this edge on the paper takes 9 residual blocks, below it 6 (appendix 7.2)."""
THRESHOLD = 0.85
"""Similarity of a face and its translation from which on its label counts as ambiguous."""
SMALLEST = 24
"""Edge below which a 70x70 discriminator is left with a single pixel, of which there is no variance."""


@dataclass(frozen=True)
class Choices:
    """Of one training; the paper's values where it gives one.

    Attributes:
        source: class of domain X, ``--from``.
        target: class of domain Y, ``--to``.
        size: edge of the square pictures in pixels, a multiple of 4.
        channels: 1 (gray) or 3.
        margin: crop margin around the face's box.
        width: filters of the first layers.
        blocks: residual blocks of a generator.
        layers: of a discriminator at stride 2; 3 is the 70x70 PatchGAN.
        epochs: passes over the larger class.
        batch_size: pictures of each class a step.
        seed: of everything.
    """

    source: str
    target: str
    size: int = 128
    channels: int = 3
    margin: float = 0.1
    width: int = 64
    blocks: int = 6
    layers: int = 3
    epochs: int = EPOCHS
    batch_size: int = 1
    seed: int = 0

    @staticmethod
    def blocks_for(size: int) -> int:
        """Residual blocks that the paper takes at that edge."""
        return 9 if size >= LARGE else 6

    def __post_init__(self) -> None:
        """Refuse what the networks cannot be built for.

        Raises:
            FerEdgeError: equal classes, or a size that does not halve twice.
        """
        if self.source == self.target:
            raise FerEdgeError(f"--from and --to are both {self.source!r}; name two classes")
        if self.size % 4 or self.size < SMALLEST:
            raise FerEdgeError(
                f"size {self.size} does not fit the networks: multiples of 4 from {SMALLEST} on do"
            )


def rate(epoch: int, epochs: int) -> float:
    """Learning rate of an epoch over the first one's: constant in the first half, then linearly towards zero.

    Source: section 4 "Training details"; the authors' code (``models/networks.py``, get_scheduler) reaches zero one
    epoch after the last.

    Args:
        epoch: 0 .. epochs - 1.
        epochs: of the whole training.
    """
    decaying = epochs // 2
    constant = epochs - decaying
    return 1.0 - max(0, epoch + 1 - constant) / (decaying + 1)
