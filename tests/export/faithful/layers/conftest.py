"""The built-in model's files with their fp32 files, and the comparison of their layers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fer_edge.export.faithful.layers.compare import compare_layers
from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.export.pictures.drawn_faces import draw_scaled
from fer_edge.export.reference_model.inference import outputs, probabilities
from fer_edge.export.reference_model.model import ModelSpec, open_original
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.variants import Variant
from fer_edge.synthetic import SyntheticFaces


@dataclass(frozen=True)
class Made:
    """A file of a bundle beside its fp32 file."""

    variant: Variant
    path: Path
    contract: Contract
    bridge: Path
    original: tuple
    pictures: np.ndarray

    def compare(self, path=None):
        recorders = find_format(self.variant.format).load_recorders()
        return compare_layers(
            recorders,
            path or self.path,
            self.variant,
            self.contract,
            None if self.bridge == self.path else self.bridge,
            self.pictures,
            self.original,
        )


@pytest.fixture(scope="session")
def source():
    """Module and reference contract of the built-in model."""
    built = open_original(ModelSpec())
    return ModelAndContract(built.module, built.contract)


@pytest.fixture(scope="session")
def original(source):
    return source.module, source.contract


def faces(contract, count, seed):
    return draw_scaled(SyntheticFaces("test", count, seed=seed), contract)


@pytest.fixture(scope="session")
def pictures(source):
    return faces(source.contract, 6, 7)


@pytest.fixture(scope="session")
def calibration(source):
    held_out = faces(source.contract, 4, 9)
    answers = probabilities(outputs(source.module, source.contract, held_out), source.contract)
    return Calibration(faces(source.contract, 12, 8), held_out, answers)


@pytest.fixture(scope="session")
def made(source, original, calibration, pictures, tmp_path_factory):
    """``made("tflite-int8")``: the built-in model's variant, written once, and the fp32 file of its conversion."""
    folder, memo, contracts = tmp_path_factory.mktemp("layers"), {}, {}

    def write(variant):
        path = folder / variant.filename("fer-mini")
        if path not in contracts:
            request = Request(variant, source, calibration, path, memo)
            contracts[path] = find_format(variant.format).load().convert(request)
        return path

    def found(name):
        variant = Variant.parse(name)
        path = write(variant)
        bridge = write(Variant(variant.format, "fp32", variant.interface))
        return Made(variant, path, contracts[path], bridge, original, pictures)

    return found
