"""fer-export doctor: what a fault report begins with."""

import importlib.metadata
import json
import sys

import pytest

from fer_edge.export.cli import main


def doctor(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main.main(["doctor", *words])
    return ended.value.code, capsys.readouterr().out


def test_everything_is_here_with_its_version(capsys):
    code, text = doctor(capsys, "--json")
    assert code == 0
    found = json.loads(text)
    formats = [entry["format"] for entry in found["formats"]]
    assert formats == ["torchscript", "onnx", "tflite", "coreml", "executorch"]
    onnx = found["formats"][1]
    assert (onnx["exports"], onnx["missing"], onnx["install"]) == (True, [], None)
    assert onnx["engine"] == f"onnxruntime {importlib.metadata.version('onnxruntime')}"
    assert onnx["tools"]["onnxscript"] == importlib.metadata.version("onnxscript")
    assert found["libraries"]["torch"] == importlib.metadata.version("torch")


@pytest.mark.skipif(sys.platform == "darwin", reason="Core ML runs there")
def test_why_nothing_runs_a_format_is_said(capsys):
    _, text = doctor(capsys)
    assert "coreml: Core ML packages run on macOS only" in text
    assert "coreml: files are judged by coreml-spec 2 (torch " in text


def test_what_is_missing_comes_with_its_command(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)  # what Python itself takes for "not installed"
    code, text = doctor(capsys, "--json")
    assert code == 0
    torchscript, onnx, *_ = json.loads(text)["formats"]
    assert torchscript["exports"]
    assert not onnx["exports"]
    assert onnx["missing"] == ["onnxscript"]
    assert "export-onnx" in onnx["install"]
    assert "onnx: onnxscript missing: pip install" in doctor(capsys)[1]
