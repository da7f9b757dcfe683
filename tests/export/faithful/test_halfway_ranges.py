"""Ranges halfway between the other two rules' are right by that rule alone, and a scale that is off is told by it."""

from dataclasses import replace

import pytest

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.ranges import compare_ranges, list_watched
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.variants import Variant


def tflite_file(request, inputs, path):
    from fer_edge.export.formats.tflite.calibration import _measure
    from fer_edge.export.formats.tflite.converter import float_model
    from fer_edge.export.formats.tflite.quantization import quantize

    model = float_model(request, for_int8=True)
    path.write_bytes(quantize(model, "int8", ranges=_measure(model, inputs)["halfway"]))


def onnx_file(request, inputs, path):
    import onnx

    from fer_edge.export.formats.onnx.graph import base_graph
    from fer_edge.export.formats.onnx.int8 import RULES, _quantize, measure, prepare_for_int8

    prepared = prepare_for_int8(base_graph(request))
    onnx.save(_quantize(prepared, RULES["halfway"](measure(prepared, inputs))), path)


@pytest.mark.parametrize("make", [tflite_file, onnx_file], ids=["tflite", "onnx"])
def test_halfway(make, files, tmp_path):
    name = f"{make.__name__.partition('_')[0]}-int8"
    path, prover = tmp_path / "halfway", files.prover(name)
    contract = derive_contract(Variant.parse(f"{name.partition('-')[0]}-fp32"), files.source.contract)
    inputs = [to_tensor(picture, contract) for picture in files.pictures]
    make(files.request(name, path), inputs, path)
    source, held = (prover.view(prover.read_graph(file)) for file in (files.bridge(name), path))
    found = align(source, held)
    observed = prover.observe(files.bridge(name), list_watched(source, held, found), inputs)

    def compare(view):
        return compare_ranges(source, view, found, observed, prover.RULES, calibrated=True)

    right = compare(held)
    assert (right.rule.split()[0], right.findings) == ("halfway", [])
    place = next(key for key in held.grids if key in found.values.values())
    shifted = tuple(
        replace(grid, quantization=replace(grid.quantization, scale=grid.quantization.scale * 1.01))
        for grid in held.grids[place]
    )
    wrong = compare(replace(held, grids={**held.grids, place: shifted}))
    assert all("by the rule halfway" in finding.sentence for finding in wrong.findings)
    assert len(wrong.findings) == 1
