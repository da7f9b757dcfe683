"""Lists are explicit: a network, recipe, data set, loss or augmentation whose line was forgotten is named here."""

import importlib
import inspect
from pathlib import Path

import pytest

import fer_edge.train
from fer_edge.train.data import augmentation
from fer_edge.train.models import ARCHITECTURES
from fer_edge.train.models.architecture import Architecture
from fer_edge.train.optimization import losses
from fer_edge.train.recipes import RECIPES
from fer_edge.train.recipes.recipe import Recipe

TRAIN = Path(fer_edge.train.__file__).parent


def modules(room):
    return sorted(path.stem for path in (TRAIN / room).glob("*.py") if path.stem != "__init__")


def objects(room, stem, kind):
    found = vars(importlib.import_module(f"fer_edge.train.{room}.{stem}")).values()
    return [value for value in found if isinstance(value, kind)]


@pytest.mark.parametrize("stem", modules("models"))
def test_every_network_is_listed(stem):
    lacking = [entry.name for entry in objects("models", stem, Architecture) if entry not in ARCHITECTURES]
    assert not lacking, f"ARCHITECTURES in train/models/__init__.py lacks {lacking} of models/{stem}.py"


@pytest.mark.parametrize("stem", modules("recipes"))
def test_every_recipe_is_listed(stem):
    lacking = [entry.name for entry in objects("recipes", stem, Recipe) if entry not in RECIPES]
    assert not lacking, f"RECIPES in train/recipes/__init__.py lacks {lacking} of recipes/{stem}.py"


@pytest.mark.parametrize("stem", modules("datasets"))
def test_every_data_set_has_a_recipe(stem):
    module = importlib.import_module(f"fer_edge.train.datasets.{stem}")
    used = {recipe.open_data for recipe in RECIPES}
    assert getattr(module, "open_data", None) in used | {None}, f"no recipe reads datasets/{stem}.py"


def functions(module, parameters, result):
    found = inspect.getmembers(module, inspect.isfunction)
    shapes = {
        name: (list(inspect.signature(each).parameters), each.__annotations__["return"])
        for name, each in found
    }
    return [vars(module)[name] for name, shape in shapes.items() if shape == (parameters, result)]


def test_every_loss_is_listed():
    found = functions(losses, ["logits", "labels", "weights"], "Tensor")
    lacking = [each.__name__ for each in found if each not in losses.LOSSES.values()]
    assert not lacking, f"LOSSES in train/optimization/losses.py lacks {lacking}"


def test_every_augmentation_is_listed():
    found = functions(augmentation, [], "v2.Transform")
    lacking = [each.__name__ for each in found if each not in augmentation.AUGMENTATIONS.values()]
    assert not lacking, f"AUGMENTATIONS in train/data/augmentation.py lacks {lacking}"
