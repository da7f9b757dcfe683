"""Recipes by name: one file each, listed here in the order that ``fer-train --list`` shows."""

from __future__ import annotations

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.recipes.affectnet import AFFECTNET
from fer_edge.train.recipes.fer2013 import FER2013
from fer_edge.train.recipes.ferplus import FERPLUS
from fer_edge.train.recipes.ferplus_fast import FERPLUS_FAST
from fer_edge.train.recipes.folder import FOLDER
from fer_edge.train.recipes.jaffe import JAFFE
from fer_edge.train.recipes.jaffe_mobile import JAFFE_MOBILE
from fer_edge.train.recipes.people import PEOPLE
from fer_edge.train.recipes.rafdb import RAFDB
from fer_edge.train.recipes.recipe import Recipe
from fer_edge.train.recipes.synthetic import SYNTHETIC

RECIPES: tuple[Recipe, ...] = (
    SYNTHETIC,
    PEOPLE,
    JAFFE,
    JAFFE_MOBILE,
    FER2013,
    FERPLUS,
    FERPLUS_FAST,
    AFFECTNET,
    RAFDB,
    FOLDER,
)

_BY_NAME = {entry.name: entry for entry in RECIPES}
if len(_BY_NAME) != len(RECIPES):
    raise ValueError("two recipes have one name")


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        FerEdgeError: there is none; the message names the closest one.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise FerEdgeError(unknown("recipe", name, _BY_NAME)) from None
