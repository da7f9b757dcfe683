"""fer-export and fer-verify ask whether a file is what its quantization says it is; a forged file's manifest does not help it."""

import hashlib
import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal

NAME = "tiny-int8.onnx"


@pytest.fixture
def bundle(tmp_path, export, foreign_options):
    out = tmp_path / "bundle"
    kind = ("--format", "onnx", "--precision", "int8", "--parity-inputs", "16", "--calibration", "synthetic")
    options = (*foreign_options, *kind)
    code, document, texts = export("weights.pth", *options, "--json", "--out", out)
    assert code == 0, texts.err
    faithful = document["variants"][0]["faithful"]
    assert faithful["verdict"] == "pass"
    assert faithful["weights"]["compared"] >= 4
    assert faithful["ranges"]["compared"] >= 1
    return out


def forge(bundle, change, name=NAME):
    """Change the model, and let digest and manifest agree with it."""
    model = onnx.load(bundle / name)
    change(model)
    for item in model.metadata_props:
        if item.key == DIGEST_KEY:
            item.value = BLANK_DIGEST
    data = seal(model.SerializeToString(deterministic=True))
    (bundle / name).write_bytes(data)
    document = json.loads((bundle / "manifest.json").read_text())
    document["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    next(one for one in document["artifacts"] if one["path"] == name)["bytes"] = len(data)
    (bundle / "manifest.json").write_text(json.dumps(document))


def halved_weight(model):
    """One weight of the dense layer at half its value: no answer moves by more than int8 moves anyway."""
    tensor = next(item for item in model.graph.initializer if item.name.endswith("head.weight_quantized"))
    values = numpy_helper.to_array(tensor).copy()
    values.reshape(-1)[int(np.abs(values.reshape(-1).astype(int)).argmax())] //= 2
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def wider_activation(model):
    """One activation's scale 3 % wider."""
    quantize = next(node for node in model.graph.node if node.op_type == "QuantizeLinear")
    tensor = next(item for item in model.graph.initializer if item.name == quantize.input[1])
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(1.03), tensor.name))


def test_a_sound_file_is_proven_again_and_a_forged_one_refused(bundle, verify):
    again = ("--json", "--arch", "somebodys_net:tiny")
    code, document, _ = verify(bundle, *again)
    (artifact,) = document["artifacts"]
    assert (code, artifact["verdict"], artifact["faithful"]["verdict"]) == (0, "pass", "pass")
    whole = (bundle / NAME).read_bytes(), (bundle / "manifest.json").read_bytes()
    for change, word, module in (
        (halved_weight, "weight", "head: "),
        (wider_activation, "range", "features.0: "),
    ):
        (bundle / NAME).write_bytes(whole[0])
        (bundle / "manifest.json").write_bytes(whole[1])
        forge(bundle, change)
        code, document, texts = verify(bundle, *again)
        assert code == 3
        assert document["artifacts"][0]["faithful"]["code"] == word
        assert "not faithful" in texts.err
        assert module in document["artifacts"][0]["faithful"]["reason"]


def turned_weights(model):
    """The first convolution upside down."""
    tensor = next(item for item in model.graph.initializer if item.name.endswith("features.0.weight"))
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor)[:, :, ::-1].copy(), tensor.name))


def test_a_forged_float_file_hides_nothing_that_lies_beside_it(tmp_path, export, verify, foreign_options):
    out = tmp_path / "bundle"
    kind = (
        "--format",
        "onnx",
        "--precision",
        "fp32,int8",
        "--parity-inputs",
        "16",
        "--calibration",
        "synthetic",
    )
    assert export("weights.pth", *foreign_options, *kind, "--json", "--out", out)[0] == 0
    forge(out, turned_weights, "tiny-fp32.onnx")
    forge(out, halved_weight)
    code, document, _ = verify(out, "--json", "--arch", "somebodys_net:tiny")
    found = {one["variant"]: one["faithful"] for one in document["artifacts"]}
    assert code == 3
    assert [found[name]["verdict"] for name in ("onnx-fp32", "onnx-int8")] == ["fail", "fail"]
    assert found["onnx-int8"]["code"] == "weight"
    assert "head: " in found["onnx-int8"]["reason"]
