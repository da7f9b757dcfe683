"""Small data sets in the published layouts, drawn once a session; a test that damages one gets a copy."""

import shutil
from pathlib import Path

import pytest

from fer_edge.train.datasets.request import DataRequest
from fer_edge.train.recipes import recipe
from support import data_layouts

MAKERS = {
    "jaffe": data_layouts.jaffe,
    "jaffe-four": lambda folder: data_layouts.jaffe(folder, persons=("KA", "KL", "KM", "KR")),
    "fer2013": data_layouts.fer2013,
    "ferplus": data_layouts.ferplus,
    "ferplus-pictures": data_layouts.ferplus_pictures,
    "rafdb": data_layouts.rafdb,
    "affectnet": data_layouts.affectnet_tables,
    "affectnet-sets": data_layouts.affectnet_sets,
    "folder": data_layouts.folder,
}


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory):
    """Name of a layout -> its folder; not to be changed."""
    made = {}

    def make(name):
        if name not in made:
            made[name] = MAKERS[name](tmp_path_factory.mktemp(name))
        return made[name]

    return make


@pytest.fixture
def own_data(drawn_data, tmp_path):
    """Name of a layout -> a copy of its folder that may be damaged."""

    def copy(name):
        return Path(shutil.copytree(drawn_data(name), tmp_path / name))

    return copy


@pytest.fixture
def open_recipe():
    """Open a recipe's data with its own classes and options, or others."""

    def run(name, folder, *, classes=None, faces=None, seed=0, notes=None, left_out=None, **options):
        chosen = recipe(name)
        told = {"notes": [] if notes is None else notes, "left_out": [] if left_out is None else left_out}
        options = {**chosen.options, **options}
        return chosen.open_data(
            DataRequest(folder, classes or chosen.classes, faces or {}, seed, options, **told)
        )

    return run
