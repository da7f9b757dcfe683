"""``fer-verify --layers``: every layer of one variant, as a person and as a program see it, and as a picture."""

import json


def test_layers_of_a_variant(builtin_bundle, run_command, tmp_path):
    picture = tmp_path / "layers.svg"
    asked = ("--layers", "onnx-fp32", "--layers-out", picture)
    done = run_command("fer_edge.export.verify.cli", builtin_bundle, *asked, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["variant"] == "onnx-fp32"
    assert document["unaligned"] == []
    assert {layer["verdict"] for layer in document["layers"]} == {"pass"}
    assert all(layer["snr_db"] > 60 for layer in document["layers"])
    assert "stem.0" in {layer["module"] for layer in document["layers"]}
    assert picture.read_bytes().startswith(b"<?xml")


def test_a_variant_that_is_not_there(builtin_bundle, run_command):
    done = run_command("fer_edge.export.verify.cli", builtin_bundle, "--layers", "onnx-fp23")
    assert done.returncode == 2
    assert "onnx-fp32" in done.stderr


def test_a_picture_of_another_kind(builtin_bundle, run_command, tmp_path):
    asked = ("--layers", "onnx-fp32", "--layers-out", tmp_path / "layers.gif")
    done = run_command("fer_edge.export.verify.cli", builtin_bundle, *asked)
    assert done.returncode == 2
    assert ".png, .svg" in done.stderr
