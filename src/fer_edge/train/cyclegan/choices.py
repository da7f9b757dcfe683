"""Choices of a CycleGAN: classes, sizes, schedule, seed, and the faces that it is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge.runtime.errors import FerEdgeError

if TYPE_CHECKING:
    from fer_edge.train.recipes.recipe import Recipe

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


@dataclass(frozen=True)
class Origin:
    """The faces of a CycleGAN besides their folder: a recipe's training split, or a labeled folder; a list made with other choices names other faces.

    Attributes:
        recipe: whose training split; "": a folder ``DIR/<class>/*`` of face crops.
        classes: of the recipe, where they are not its own.
        limit: at most so many faces of the split; None: all.
        seed: of the recipe; None: its own.
        settings: of the recipe's data set, as ``NAME=VALUE``.
    """

    recipe: str = ""
    classes: tuple[str, ...] = ()
    limit: int | None = None
    seed: int | None = None
    settings: tuple[str, ...] = ()

    def chosen(self) -> Recipe | None:
        """The recipe with these choices; None for a folder.

        Raises:
            click.UsageError: there is no such recipe, or a class or setting that it does not have.
        """
        if not self.recipe:
            return None
        # Not before it is asked for: the commands' --help needs no torch.
        from fer_edge.train.recipes.overrides import choose_recipe

        given = {"classes": self.classes, "limit": self.limit, "seed": self.seed, "settings": self.settings}
        return choose_recipe(self.recipe, given)
