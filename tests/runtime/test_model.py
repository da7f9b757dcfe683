import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from fer_edge.runtime import (
    BundleError,
    ContractError,
    EngineError,
    Frame,
    MissingExtra,
    VariantError,
    load,
    prepare,
)
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import find_engine
from fer_edge.runtime.engines.coreml import COREML
from fer_edge.runtime.engines.litert import LITERT, has_dynamic_channels
from fer_edge.runtime.engines.onnxruntime import ONNXRUNTIME
from fer_edge.runtime.engines.torchscript import TORCHSCRIPT
from fer_edge.runtime.model import open_artifact, softmax
from support import tiny_artifacts as tiny
from support.paths import SOURCES
from support.processes import python

FRAME = Frame.from_rgb(np.random.default_rng(5).integers(0, 256, (20, 30, 3), dtype=np.uint8))
BOX = (3.0, 4.5, 20.25, 18.0)
LONE = [
    ("tiny-fp32.onnx", "onnxruntime", "onnx-fp32"),
    ("tiny-fp32.tflite", "ai-edge-litert", "tflite-fp32"),
    ("tiny-fp32.pt", "torch", "torchscript-fp32"),
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "bundle")


@pytest.mark.parametrize(("name", "library", "variant"), LONE)
@pytest.mark.parametrize("threads", [1, 2])
def test_lone_artifact_answers_as_the_layer_does(bundle, name, library, variant, threads):
    model = load(bundle / name, threads=threads)
    assert model.engine.split()[0] == library
    assert model.variant == variant
    prediction = model.predict(FRAME, BOX)
    wanted = tiny.expected(prepare(FRAME, model.contract, BOX))
    assert list(prediction.probabilities) == ["neutral", "happiness", "surprise"]
    np.testing.assert_allclose(list(prediction.probabilities.values()), wanted, atol=1e-6)
    assert prediction.label == model.contract.labels[int(wanted.argmax())]


def test_threads_of_torch_are_left_as_they_were(bundle):
    import torch

    before = torch.get_num_threads()
    load(bundle / "tiny-fp32.pt", threads=before + 1).predict(FRAME)
    assert torch.get_num_threads() == before


def test_bundle_takes_tflite_first(bundle):
    model = load(bundle)
    assert (model.variant, model.engine.split()[0]) == ("tflite-fp32", "ai-edge-litert")


@pytest.mark.parametrize("name", ["faces.onnx", "faces.pt", "faces.tflite"])
def test_bundle_whose_name_ends_as_a_file_does(bundle, tmp_path, name):
    (tmp_path / name).symlink_to(bundle, target_is_directory=True)
    assert load(tmp_path / name).variant == "tflite-fp32"


@pytest.mark.parametrize("variant", ["onnx-fp32", "tflite-fp32", "torchscript-fp32"])
def test_bundle_by_variant(bundle, variant):
    assert load(str(bundle), variant=variant).variant == variant


@pytest.mark.parametrize(
    ("engine", "variant"), [("onnxruntime", "onnx-fp32"), ("torchscript", "torchscript-fp32")]
)
def test_bundle_by_engine(bundle, engine, variant):
    assert load(bundle, engine=engine).variant == variant


def test_litert_loads_silently(bundle, capfd):
    load(bundle).predict(FRAME)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("dynamic", [True, False])
def test_dynamic_scales_a_channel_are_seen(tmp_path, dynamic):
    """tflite-runtime 2.14 would answer with a third for each label; LiteRT answers rightly."""
    from ai_edge_litert.interpreter import Interpreter

    path = tmp_path / "tiny-dynamic.tflite"
    path.write_bytes(tiny.tflite_bytes(tiny.contract_text(**tiny.TFLITE), dynamic=dynamic))
    assert has_dynamic_channels(Interpreter(model_path=str(path))) is dynamic
    tensor = np.random.default_rng(0).normal(size=(1, 6, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(load(path).run(tensor), tiny.expected(tensor), atol=0.05 if dynamic else 1e-6)


def test_tflite_without_signature(tmp_path):
    text = tiny.contract_text(**tiny.TFLITE)
    path = tmp_path / "other.tflite"
    path.write_bytes(tiny.tflite_bytes(text, signature=False))
    model = load(path)
    assert model.variant is None
    tensor = prepare(FRAME, model.contract)
    np.testing.assert_allclose(model.run(tensor), tiny.expected(tensor), atol=1e-6)


def test_logits_get_their_softmax(tmp_path):
    text = tiny.contract_text(output__kind="logits")
    path = tmp_path / "tiny-fp32.onnx"
    path.write_bytes(tiny.onnx_bytes(text))
    model = load(path)
    tensor = prepare(FRAME, model.contract)
    inner = tiny.expected(tensor)
    np.testing.assert_allclose(model.run(tensor), np.exp(inner) / np.exp(inner).sum(), atol=1e-6)
    assert model.run(tensor).dtype == np.float32


def test_softmax_of_large_logits():
    np.testing.assert_array_equal(softmax(np.array([1e30, 1e30, -1e30])), np.float32([0.5, 0.5, 0]))


def test_a_contract_beside_that_differs(tmp_path):
    path = tmp_path / "tiny-fp32.onnx"
    path.write_bytes(tiny.onnx_bytes(tiny.contract_text()))
    (tmp_path / "tiny-fp32.onnx.contract.json").write_text(tiny.contract_text(model="other"))
    with pytest.raises(BundleError, match="another contract"):
        load(path)


def test_an_embedded_contract_that_is_not_legal(tmp_path):
    path = tmp_path / "tiny-fp32.onnx"
    path.write_bytes(tiny.onnx_bytes(tiny.contract_text(labels=["a", "a", "b"])))
    with pytest.raises(ContractError, match="labels"):
        load(path)


WRONG_ENDS = {
    "width": {"input__width": 9},
    "layout": {"input__layout": "NHWC"},
    "labels": {"labels": ["one", "two"]},
    "input name": {"input__name": "picture"},
    "output name": {"output__name": "scores"},
    "dtype": {"input__dtype": "uint8"},
}


@pytest.mark.parametrize("case", WRONG_ENDS)
def test_onnx_whose_ends_are_not_the_contracts(tmp_path, case):
    path = tmp_path / "tiny-fp32.onnx"
    path.write_bytes(tiny.onnx_bytes(tiny.contract_text(**WRONG_ENDS[case])))
    with pytest.raises(EngineError, match="contract"):
        load(path)


@pytest.mark.parametrize("case", [case for case in WRONG_ENDS if case != "layout"])
def test_tflite_whose_ends_are_not_the_contracts(tmp_path, case):
    path = tmp_path / "tiny-fp32.tflite"
    path.write_bytes(tiny.tflite_bytes(tiny.contract_text(**{**tiny.TFLITE, **WRONG_ENDS[case]})))
    with pytest.raises(EngineError, match="contract"):
        load(path)


@pytest.mark.parametrize("case", ["width", "labels"])
def test_torchscript_whose_ends_are_not_the_contracts(tmp_path, case):
    path = tmp_path / "tiny-fp32.pt"
    path.write_bytes(tiny.torchscript_bytes(tiny.contract_text(**WRONG_ENDS[case])))
    with pytest.raises(EngineError, match=r"tiny-fp32\.pt"):
        load(path)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".pt"])
def test_engines_refuse_rubbish_in_one_sentence(tmp_path, suffix):
    path = tmp_path / f"tiny-fp32{suffix}"
    path.write_bytes(b"TFL3TFL3" * 40)
    with pytest.raises(EngineError, match="tiny-fp32"):
        open_artifact(path, Contract.parse(tiny.contract_text()))


@pytest.mark.parametrize(
    "tensor", [np.zeros((1, 6, 8, 1)), np.zeros((1, 8, 6, 1), np.float32), np.float32(0)]
)
def test_tensors_of_another_shape_or_dtype(bundle, tensor):
    with pytest.raises(EngineError, match="contract says float32"):
        load(bundle).run(tensor)


def test_answers_that_are_not_finite(bundle):
    model = load(bundle, variant="onnx-fp32")
    with pytest.raises(EngineError, match="answered nan for 'neutral'"):
        model.run(np.full((1, 1, 6, 8), np.nan, np.float32))


@pytest.mark.parametrize("threads", [0, -1, 1.0, True, "2", None])
def test_threads(bundle, threads):
    with pytest.raises(EngineError, match="threads"):
        load(bundle, threads=threads)


def test_unknown_engine_names_the_closest(bundle):
    with pytest.raises(EngineError, match="Did you mean 'onnxruntime'"):
        load(bundle, engine="onnxruntim")


def test_engine_of_another_format(bundle):
    with pytest.raises(EngineError, match="runs onnx, not tflite; for tflite: litert"):
        load(bundle, variant="tflite-fp32", engine="onnxruntime")


def test_unknown_variants(bundle):
    with pytest.raises(VariantError, match="Did you mean 'tflite'"):
        load(bundle, variant="tflit-fp32")
    with pytest.raises(BundleError, match="skipped when the bundle was made: no calibration images"):
        load(bundle, variant="tflite-int8")
    with pytest.raises(BundleError, match="leave the variant out"):
        load(bundle / "tiny-fp32.onnx", variant="tflite-fp32")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS runs Core ML")
def test_core_ml_says_where_it_runs(bundle):
    with pytest.raises(EngineError, match="macOS only"):
        load(bundle, variant="coreml-fp32")
    assert COREML.version() is None


@pytest.mark.parametrize("path", ["nothing", "nothing.onnx", "labels.txt", "nothing.mlpackage"])
def test_paths_that_are_no_model(bundle, path):
    with pytest.raises(BundleError, match=path):
        load(bundle / path)


@pytest.mark.parametrize(
    "name",
    ["a\0b", "a\0b.onnx", "x" * 300, "x" * 300 + ".onnx"],
    ids=["zero", "zero-onnx", "long", "long-onnx"],
)
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(BundleError, match="cannot open"):
        load(tmp_path / name)


@pytest.mark.parametrize("name", ["pipe", "pipe.onnx"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(BundleError, match="pipe"):
        load(tmp_path / name)


def test_a_pipe_beside_an_artifact(tmp_path):
    path = tmp_path / "tiny-fp32.onnx"
    path.write_bytes(tiny.onnx_bytes(tiny.contract_text()))
    os.mkfifo(tmp_path / "tiny-fp32.onnx.contract.json")
    with pytest.raises(BundleError, match="no plain file"):
        load(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_must_not_be_read(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(BundleError, match="Permission denied"):
        load(tmp_path / "closed" / "bundle")


def test_engines_are_found_without_importing_them():
    chosen = [find_engine(word).name for word in ("tflite", "onnx", "torchscript")]
    assert chosen == ["litert", "onnxruntime", "torchscript"]
    assert ONNXRUNTIME.version().startswith("onnxruntime ")
    assert LITERT.version().startswith("ai-edge-litert ")
    assert TORCHSCRIPT.version().startswith("torch ")
    with pytest.raises(EngineError, match="tensorrt"):
        find_engine("tensorrt")


def test_missing_libraries_are_a_sentence_with_the_command(tmp_path):
    """In a fresh interpreter that sees numpy but no engine."""
    site = tmp_path / "site"
    site.mkdir()
    home = Path(np.__file__).parent
    for name in (home.name, f"{home.name}.libs"):
        if (home.parent / name).exists():
            (site / name).symlink_to(home.parent / name)
    script = textwrap.dedent("""
        from fer_edge.runtime import MissingExtra
        from fer_edge.runtime.engines import find_engine
        for word in ("tflite", "onnx", "torchscript"):
            try:
                find_engine(word)
            except MissingExtra as error:
                print(error)
    """)
    done = python("-S", "-c", script, env={"PYTHONPATH": f"{SOURCES}:{site}"})
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "ai-edge-litert is not installed: pip install -e '.[tflite]' in the checkout",
        "onnxruntime is not installed: pip install -e '.[onnx]' in the checkout",
        "torch is not installed: pip install -e '.[torch]' in the checkout",
    ]
    assert issubclass(MissingExtra, EngineError)


BROKEN = {
    "missing": 'raise ModuleNotFoundError(f"No module named {name!r}", name=name)',
    "broken": 'raise ImportError("undefined symbol")',
}


@pytest.mark.parametrize("case", BROKEN)
def test_installed_libraries_that_cannot_be_imported_are_a_sentence(bundle, case):
    script = textwrap.dedent(f"""
        import sys
        from fer_edge.runtime import EngineError, load

        class Broken:
            def find_spec(self, name, path, target=None):
                if name.split(".")[0] in ("ai_edge_litert", "onnxruntime", "torch"):
                    {BROKEN[case]}

        sys.meta_path.insert(0, Broken())
        for variant in ("tflite-fp32", "onnx-fp32", "torchscript-fp32"):
            try:
                load(sys.argv[1], variant)
            except EngineError as error:
                print(error)
    """)
    done = python("-c", script, bundle)
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert [line.split(" ")[0] for line in said] == ["ai_edge_litert.interpreter", "onnxruntime", "torch"]
    assert all(("pip install" if case == "missing" else "install it again") in line for line in said)
