"""Where the faces of a CycleGAN come from: a recipe's training split, or a labeled folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.train.recipes import Recipe


@dataclass(frozen=True)
class Origin:
    """What decides on the faces besides the folder; a list made with other choices names other faces.

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
        from fer_edge.train.recipes.overrides import recipe_asked_for

        given = {"classes": self.classes, "limit": self.limit, "seed": self.seed, "settings": self.settings}
        return recipe_asked_for(self.recipe, given)
