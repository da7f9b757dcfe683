"""Differences from a file's runtime that float64 explains, and those that it does not."""

from unittest.mock import Mock

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from fer_edge.export.reference_model.inference import outputs  # noqa: E402
from fer_edge.export.reference_model.model import ModelSpec, open_original  # noqa: E402
from fer_edge.export.sources import check  # noqa: E402
from fer_edge.runtime.errors import CheckFailed  # noqa: E402

PICTURES = np.random.default_rng(1).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def original(tmp_path):
    """A small classifier from a file that takes pixels, NHWC and blue first; and the file."""
    nodes = [
        ("Div", ["x", "full"], ["s"], {}), ("Transpose", ["s"], ["h"], {"perm": [0, 3, 1, 2]}), ("Conv", ["h", "k"], ["c"], {}),
        ("HardSwish", ["c"], ["r"], {}), ("GlobalAveragePool", ["r"], ["p"], {}), ("Flatten", ["p"], ["y"], {}),
    ]  # fmt: skip
    constants = {
        "k": np.random.default_rng(0).normal(scale=0.1, size=(3, 3, 3, 3)).astype("f"),
        "full": np.float32(255),
    }
    graph = helper.make_graph(
        [helper.make_node(*node[:3], **node[3]) for node in nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 8, 8, 3))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    path = tmp_path / "their.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return open_original(ModelSpec(path, labels=("happy", "sad", "neutral"), bgr=True)), path


def judge(original, path):
    return check.check_import(
        original, path, None, PICTURES, outputs(original.module, original.contract, PICTURES)
    )


@pytest.fixture
def rough(monkeypatch):
    """A runtime that rounds by more than an import may differ."""
    honest = check.ask

    def ask(*words):
        engine, answers, reason = honest(*words)
        return engine, answers + np.array([[2e-4, 0, 0]], np.float32), reason

    monkeypatch.setattr(check, "ask", ask)


def test_a_runtime_that_rounds_is_no_fault_of_the_import(original, rough):
    found = judge(*original)
    assert found.verdict == "pass"
    assert "float64" in found.engine
    assert found.inputs == 32
    assert found.max_abs <= 1e-7
    assert any("by rounding" in note for note in found.notes)


def test_an_operator_read_wrongly_is_not_excused_by_it(original, rough):
    with torch.no_grad():
        next(original[0].module.parameters()).view(-1)[0] += 1e-3
    with pytest.raises(CheckFailed, match="the import is at fault"):
        judge(*original)


def test_a_file_that_the_reference_cannot_run_is_judged_by_its_runtime(original, rough, monkeypatch):
    from fer_edge.export.sources import rounding

    monkeypatch.setattr(rounding, "ask", Mock(return_value=("", None, "no such operator")))
    with pytest.raises(CheckFailed, match="the import is at fault"):
        judge(*original)


def test_a_network_that_is_lost_in_rounding_is_called_so(original, rough, monkeypatch):
    from fer_edge.export.sources import rounding

    monkeypatch.setattr(rounding, "ROUNDED", 0.0)
    with pytest.raises(CheckFailed, match="the network in the file is lost in rounding"):
        judge(*original)
