"""A calibrated file in which every second layer stays in float passes in its numbers and its layers; a planted fault does not."""

import numpy as np
import pytest

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.layers.compare import compare_layers
from fer_edge.export.faithful.ranges import compare_ranges, list_watched
from fer_edge.export.faithful.weights import compare_weights
from fer_edge.export.formats import find_format
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.variants import Variant


def tflite_mix(request, path):
    from fer_edge.export.formats.tflite.converter import _calibrated, float_model
    from fer_edge.export.formats.tflite.quantization import quantize
    from fer_edge.export.formats.tflite.units import list_units

    model = float_model(request, for_int8=True)
    kept = [key for unit in list_units(model)[::2] for key in unit.operators]
    path.write_bytes(quantize(model, "auto", ranges=_calibrated(request).ranges, in_float=kept))


def onnx_mix(request, path):
    import onnx

    from fer_edge.export.formats.onnx.int8 import OPERATORS, _calibrated, _quantize
    from fer_edge.export.formats.onnx.units import list_units

    base = _calibrated(request, derive_contract(request.variant, request.source.contract))
    kept = [key for unit in list_units(base.prepared, OPERATORS)[::2] for key in unit.operators]
    onnx.save(_quantize(base.prepared, base.ranges, kept), path)


@pytest.fixture(scope="module", params=[tflite_mix, onnx_mix], ids=["tflite", "onnx"])
def mixed(request, files, tmp_path_factory):
    """Name, bridge's and file's float networks, and the file."""
    name = f"{request.param.__name__.partition('_')[0]}-auto"
    path = tmp_path_factory.mktemp("mixed") / f"mixed.{name.partition('-')[0]}"
    request.param(files.request(name, path), path)
    prover = files.prover(name)
    return name, *(prover.view(prover.read_graph(file)) for file in (files.bridge(name), path)), path


def test_its_numbers_are_right(files, mixed):
    name, source, held, _ = mixed
    found = align(source, held)
    prover, contract = files.prover(name), derive_contract(Variant.parse(name), files.source.contract)
    inputs = [to_tensor(picture, contract) for picture in files.pictures]
    observed = prover.observe(files.bridge(name), list_watched(source, held, found), inputs)
    ranges = compare_ranges(source, held, found, observed, prover.RULES, calibrated=True)
    assert [*found.findings, *compare_weights(found).findings, *ranges.findings] == []
    kinds = {str(pair.held.stored.dtype) for pair in found.constants if pair.held.stored.ndim > 1}
    assert {"float32", "int8"} <= kinds  # it is a mix


def test_a_weight_of_either_kind_is_held_to_the_source(files, mixed):
    _, source, held, _ = mixed
    for dtype in (np.float32, np.int8):
        pair = next(
            item
            for item in align(source, held).constants
            if item.held.stored.ndim > 1 and item.held.stored.dtype == dtype
        )
        largest = int(np.argmax(np.abs(pair.held.stored)))
        kept = pair.held.stored.copy()
        faulty = kept.copy()
        faulty.reshape(-1)[largest] = 0
        name = next(key for key, constant in held.constants.items() if constant is pair.held)
        held.constants[name] = type(pair.held)(faulty, pair.held.grid)
        assert compare_weights(align(source, held)).findings
        held.constants[name] = pair.held


def test_its_layers_are_right(files, mixed):
    name, _, _, path = mixed
    request = files.request(name, path)
    contract = derive_contract(request.variant, files.source.contract)
    found = compare_layers(
        find_format(request.variant.format).load_recorders(), path, request.variant, contract, files.bridge(name),
        files.pictures[:4], (files.source.module, files.source.contract),
    )  # fmt: skip
    assert found.verdict == "pass", found.reason
    assert len(found.layers) >= 10
