"""Files of other frameworks through fer-export and fer-verify as people type them: fed, read, judged, judged again, refused."""

import json

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from fer_edge.runtime import Frame, load, prepare  # noqa: E402

LABELS = ("--labels", "happy,sad,neutral")
QUICK = ("--format", "torchscript", "--precision", "fp32", "--parity-inputs", "16", "--json")


def made(nodes, constants=(), shape=("n", 3, 16, 16), kind=TensorProto.FLOAT, outputs=("y",)):
    """A classifier: what stands in ``nodes`` makes ``h`` (four axes), and a dense layer answers."""
    random = np.random.default_rng(3)
    end = [
        ("Conv", ["h", "k"], ["c"], {"strides": [2, 2]}), ("Relu", ["c"], ["r"], {}), ("GlobalAveragePool", ["r"], ["p"], {}),
        ("Flatten", ["p"], ["f"], {}), ("Gemm", ["f", "d", "b"], ["y"], {}),
    ]  # fmt: skip
    weights = {
        "k": random.normal(size=(6, 3, 3, 3)).astype("f"), "d": random.normal(size=(6, 3)).astype("f"), "b": np.zeros(3, "f"),
    }  # fmt: skip
    graph = helper.make_graph(
        [helper.make_node(*node[:3], name=f"n{i}", **node[3]) for i, node in enumerate([*nodes, *end])],
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [
            numpy_helper.from_array(np.asarray(array), name)
            for name, array in {**weights, **dict(constants)}.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


PLAIN = [("Identity", ["x"], ["h"], {})]
FED = ("--mean", "0.5", "--std", "0.5")


@pytest.fixture
def take(export, tmp_path):
    """``take(model, *words)``: exports it; code, document, texts, folder."""

    def run(model, *words, labels=LABELS):
        path = tmp_path / "their.onnx"
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return *export(path, *labels, *words, *QUICK, "--out", tmp_path / "out"), tmp_path / "out"

    return run


def answer_of_the_file(model, tensor, name="y"):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    row = session.run([name], {"x": tensor})[0][0].astype(np.float64)
    row -= row.max()
    return np.exp(row) / np.exp(row).sum()


def photograph():
    from skimage.data import astronaut

    return Frame.from_rgb(astronaut()), (177, 66, 272, 161)


def test_the_exported_file_answers_as_the_file_and_the_import_has_its_row(take, verify):
    model = made(PLAIN)
    code, document, texts, out = take(model, *FED)
    assert code == 0, texts.err
    assert document["import"]["verdict"] == "pass"
    assert document["import"]["max_abs"] <= 1e-5
    loaded = load(out)
    frame, box = photograph()
    tensor = prepare(frame, loaded.contract, box)[None]
    np.testing.assert_allclose(
        list(loaded.predict(frame, box).probabilities.values()),
        answer_of_the_file(model, tensor[0] if tensor.ndim == 5 else tensor),
        atol=1e-5,
    )
    code, document, _ = verify(out, "--json")
    assert code == 0
    assert {check["name"]: check["verdict"] for check in document["checks"]}["import"] == "pass"


@pytest.mark.parametrize("words", [("--output-index", "1"), ("--output-key", "other")])
def test_one_of_several_outputs(take, words):
    model = made([*PLAIN], outputs=("y", "other"))
    model.graph.node.append(helper.make_node("Neg", ["y"], ["other"]))
    code, _, texts, _ = take(model, *FED)
    assert code == 1
    assert "--output-index (from 0) or --output-key" in texts.err
    code, document, texts, out = take(model, *FED, *words)
    assert code == 0, texts.err
    assert document["import"]["verdict"] == "pass"
    loaded = load(out)
    frame, box = photograph()
    tensor = prepare(frame, loaded.contract, box)
    np.testing.assert_allclose(
        list(loaded.predict(frame, box).probabilities.values()),
        answer_of_the_file(model, tensor.reshape(1, 3, 16, 16), "other"),
        atol=1e-5,
    )


def test_blue_first(take):
    """The exported file takes red first and answers as the file does with blue first; mean and std were in its order."""
    model = made(PLAIN)
    code, document, texts, out = take(model, "--preprocess", "caffe")
    assert code == 0, texts.err
    assert document["import"]["verdict"] == "pass"
    loaded = load(out)
    np.testing.assert_allclose(
        loaded.contract.normalization.mean, [123.68 / 255, 116.779 / 255, 103.939 / 255]
    )
    frame, box = photograph()
    tensor = prepare(frame, loaded.contract, box).reshape(1, 3, 16, 16)
    np.testing.assert_allclose(
        list(loaded.predict(frame, box).probabilities.values()),
        answer_of_the_file(model, np.ascontiguousarray(tensor[:, ::-1])),
        atol=1e-4,
    )


def test_a_preset_is_in_the_contract(take):
    code, _, texts, out = take(made(PLAIN), "--preprocess", "torch")
    assert code == 0, texts.err
    found = load(out).contract.normalization
    assert found.mean == (0.485, 0.456, 0.406)
    assert found.std == (0.229, 0.224, 0.225)


def test_bytes_in_nhwc_with_cast_and_normalization_in_front(take, verify):
    """Everything in front becomes the contract's: no --mean, no --std, and the import is judged on bytes."""
    front = [
        ("Cast", ["x"], ["a"], {"to": TensorProto.FLOAT}), ("Div", ["a", "full"], ["s"], {}), ("Sub", ["s", "mean"], ["m"], {}),
        ("Div", ["m", "std"], ["e"], {}), ("Transpose", ["e"], ["h"], {"perm": [0, 3, 1, 2]}),
    ]  # fmt: skip
    mean, std = np.array([0.485, 0.456, 0.406], "f"), np.array([0.229, 0.224, 0.225], "f")
    model = made(
        front, {"full": np.float32(255), "mean": mean, "std": std}, ("n", 16, 16, 3), TensorProto.UINT8
    )
    code, document, texts, out = take(model)
    assert code == 0, texts.err
    assert document["import"]["verdict"] == "pass"
    assert any("bytes" in note for note in document["import"]["notes"])
    found = load(out).contract
    np.testing.assert_allclose(found.normalization.mean, mean, rtol=1e-5)
    np.testing.assert_allclose(found.normalization.std, std, rtol=1e-5)
    code, _, texts = verify(out, "--source", out.parent / "their.onnx")
    assert code == 0, texts.err


def test_a_resize_in_front_is_left_to_the_camera_path(take):
    front = [("Resize", ["x", "", "", "size"], ["h"], {"mode": "linear"})]
    model = made(front, {"size": np.array([1, 3, 16, 16])}, (1, 3, 64, 64))
    code, document, texts, out = take(model, *FED)
    assert code == 0, texts.err
    assert load(out).contract.input.width == 16
    assert any("resizes its 64x64 picture to 16x16" in note for note in document["import"]["notes"])
    assert document["import"]["verdict"] == "not-run"
    assert "not judged" in texts.err


def test_an_import_that_differs_is_exit_3_and_nothing_is_written(take, monkeypatch):
    from fer_edge.export.sources import check, rounding

    honest = check.ask

    def other(*words, **named):
        engine, answers, reason = honest(*words, **named)
        return engine, answers + np.array([[0.01, 0, 0]], np.float32), reason

    for module in (check, rounding):
        monkeypatch.setattr(module, "ask", other)
    code, _, texts, out = take(made(PLAIN), *FED)
    assert code == 3
    assert "the import is at fault" in texts.err
    assert not out.exists()


def test_a_record_that_was_touched_is_found(take, verify):
    code, _, texts, out = take(made(PLAIN), *FED)
    assert code == 0, texts.err
    manifest = json.loads((out / "manifest.json").read_text())
    name = next(iter(manifest["extra"]["import"]["golden"]))
    manifest["extra"]["import"]["golden"][name][0] += 0.5
    (out / "manifest.json").write_text(json.dumps(manifest))
    code, _, texts = verify(out)
    assert code == 3
    assert "away from the imported file in its own runtime" in texts.err
    for damage in ({}, [], {"kind": "onnx"}, {**manifest["extra"]["import"], "golden": {name: ["a"]}}):
        manifest["extra"]["import"] = damage
        (out / "manifest.json").write_text(json.dumps(manifest))
        code, _, texts = verify(out)
        assert code == 3
        assert "record of the import is damaged" in texts.err
        assert "Traceback" not in texts.err


def test_another_file_than_the_bundles_is_not_asked(take, verify, foreign_bundle, tmp_path):
    code, _, texts, out = take(made(PLAIN), *FED)
    assert code == 0, texts.err
    other = tmp_path / "other.onnx"
    other.write_bytes(made(PLAIN, {"b": np.ones(3, "f")}).SerializeToString())
    for bundle, path, words in (
        (out, other, "was made of a file with"), (out, tmp_path / "none.onnx", "No such file"),
        (foreign_bundle, other, "was not made of another framework's file"),
    ):  # fmt: skip
        code, _, texts = verify(bundle, "--source", path)
        assert code == 1
        assert words in texts.err


HUGE = made(PLAIN, shape=("n", 3, "h", "w"))
BAD = {
    "unknown operators": (made([("Det", ["x"], ["q"], {}), ("NonZero", ["x"], ["z"], {}), *PLAIN], outputs=("y", "q")), (*FED, "--output-index", "1"), "Det (n0)"),
    "count of labels": (made(PLAIN), (*FED,), "labels"),
    "no classifier": (made(PLAIN, outputs=("h",)), FED, "no classifier"),
    "a dynamic size": (HUGE, FED, "open size"),
    "truncated": (made(PLAIN).SerializeToString()[:-300], FED, "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_one_sentence_exit_1_and_nothing_written(take, name):
    model, words, said = BAD[name]
    labels = ("--labels", "a,b") if name == "count of labels" else LABELS
    code, _, texts, out = take(model, *words, labels=labels)
    assert code == 1, texts.err
    assert said in texts.err
    assert "Traceback" not in texts.err
    assert len(texts.err.strip().splitlines()) == 1
    assert not out.exists()
