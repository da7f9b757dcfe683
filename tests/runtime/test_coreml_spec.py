"""The engine coreml-spec: ends, classes and pictures, when it is taken, and hostile packages."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.runtime.containers.coreml import root_model
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import (
    ALL_ENGINES,
    ENGINES,
    find_checkers,
    find_engine,
    is_evaluated,
    libraries_of,
)
from fer_edge.runtime.engines.coreml import COREML
from fer_edge.runtime.engines.coreml_spec import COREML_SPEC, CoreMlSpec
from fer_edge.runtime.errors import EngineError, FerEdgeError
from support import tiny_artifacts as tiny
from support.contracts import changed, sealed

IMAGE = {
    "input__interface": "image", "input__channels": 3, "input__layout": "NHWC", "input__dtype": "uint8", "normalization": None,
    "output__kind": "dictionary",
}  # fmt: skip


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A linear layer with a softmax as coremltools writes it: floats in and out, and pictures in both orders of colors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import coremltools as ct
        from coremltools.converters.mil import Builder as mb  # noqa: N813 - as everybody calls it

    folder = tmp_path_factory.mktemp("packages")

    def save(name, program, **more):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = ct.convert(
                program, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS16,
                compute_precision=ct.precision.FLOAT32, skip_model_load=True, **more,
            )  # fmt: skip
        model.save(str(folder / f"{name}.mlpackage"))

    @mb.program(input_specs=[mb.TensorSpec((1, 1, 6, 8))], opset_version=ct.target.iOS16)
    def plain(image):
        logits = mb.linear(x=mb.reshape(x=image, shape=[1, 48]), weight=np.ascontiguousarray(tiny.WEIGHTS.T))
        return mb.softmax(x=logits, axis=1, name="probabilities")

    save("plain", plain)
    for color in ("RGB", "BGR"):

        @mb.program(input_specs=[mb.TensorSpec((1, 3, 6, 8))], opset_version=ct.target.iOS16)
        def colored(image):
            return mb.softmax(x=mb.reduce_mean(x=image, axes=[2, 3]), axis=1, name="probabilities")

        save(
            color, colored,
            inputs=[ct.ImageType(name="image", shape=(1, 3, 6, 8), color_layout=getattr(ct.colorlayout, color))],
            classifier_config=ct.ClassifierConfig(["b", "a", "c"]),
        )  # fmt: skip
    return folder


def opened(path, contract, **how):
    return CoreMlSpec(**how).open(path, Contract.parse(contract), 1)


def test_floats_in_and_out(packages):
    session = opened(packages / "plain.mlpackage", tiny.contract_text())
    tensor = np.random.default_rng(0).normal(size=(1, 1, 6, 8)).astype(np.float32)
    assert np.abs(session.run(tensor) - tiny.expected(tensor)).max() < 1e-6
    assert session.engine.startswith("coreml-spec 2 (torch ")
    outcome = session.bind(tensor)()
    assert np.abs(outcome.values["probabilities"].numpy()[0] - tiny.expected(tensor)).max() < 1e-6


@pytest.mark.parametrize("color", ["RGB", "BGR"])
def test_pictures_become_probabilities_in_the_order_of_the_contract(packages, color):
    """Core ML hands a BGR program its planes in that order; the picture is RGB all the same. Classes are b, a, c."""
    spec = root_model(packages / f"{color}.mlpackage")
    from coremltools.proto.Model_pb2 import Model

    model = Model()
    model.ParseFromString(spec.read_bytes())
    dictionary = model.description.predictedProbabilitiesName
    contract = sealed(changed(labels=["a", "b", "c"], output__name=dictionary, **IMAGE))
    picture = np.zeros((1, 6, 8, 3), np.uint8)
    picture[..., 0], picture[..., 1], picture[..., 2] = 3, 2, 1
    powers = np.exp([3.0, 2, 1] if color == "RGB" else [1.0, 2, 3])
    b, a, c = powers / powers.sum()
    assert np.abs(opened(packages / f"{color}.mlpackage", contract).run(picture) - [a, b, c]).max() < 1e-6
    other = sealed(changed(labels=["a", "b", "d"], output__name=dictionary, **IMAGE))
    with pytest.raises(EngineError, match="classes are b, a, c"):
        opened(packages / f"{color}.mlpackage", other)


def test_several_at_a_time_answer_as_each_alone(packages):
    tensors = np.random.default_rng(1).normal(size=(5, 1, 1, 6, 8)).astype(np.float32)
    rows = opened(packages / "plain.mlpackage", tiny.contract_text()).run_together(tensors)
    assert np.abs(rows - [tiny.expected(tensor) for tensor in tensors]).max() < 1e-6


@pytest.mark.parametrize("color", ["RGB", "BGR"])
def test_several_pictures_become_probabilities_in_the_order_of_the_contract(packages, color):
    from coremltools.proto.Model_pb2 import Model

    model = Model()
    model.ParseFromString(root_model(packages / f"{color}.mlpackage").read_bytes())
    name = model.description.predictedProbabilitiesName
    contract = sealed(changed(labels=["a", "b", "c"], output__name=name, **IMAGE))
    session = opened(packages / f"{color}.mlpackage", contract)
    pictures = np.random.default_rng(2).integers(0, 9, (4, 1, 6, 8, 3), np.uint8)
    alone = [session.run(picture) for picture in pictures]
    assert np.abs(session.run_together(pictures) - alone).max() < 1e-6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input__name": "picture"}, "'picture' of its contract is not among image"),
        ({"output__name": "logits"}, "'logits' of its contract is not among probabilities"),
        ({"input__width": 9}, r"\[1, 1, 6, 8\], but its contract says float32 \[1, 1, 6, 9\]"),
        ({"labels": ["a", "b"]}, r"\[1, 3\], but its contract says float32 \[1, 2\]"),
        ({**IMAGE}, "allowed: a picture in RGB or BGR"),
    ],
)
def test_ends_that_are_not_the_contracts(packages, changes, message):
    with pytest.raises(EngineError, match=message):
        opened(packages / "plain.mlpackage", sealed(changed(**changes)))


def test_it_is_taken_by_name_and_by_checks_and_never_silently():
    assert COREML_SPEC in ALL_ENGINES
    assert COREML_SPEC not in ENGINES
    assert find_engine("coreml", "coreml-spec") is COREML_SPEC
    assert "coreml-spec" in libraries_of("coreml")
    assert find_checkers("coreml")[-1] is COREML_SPEC
    assert [engine.name for engine in find_checkers("onnx")] == ["onnxruntime"]
    assert is_evaluated("coreml-spec 2 (torch 2.14.1)")
    assert not is_evaluated("coremltools 9.0")
    assert not is_evaluated(None)
    with pytest.raises(EngineError, match="runs coreml, not tflite; for tflite: litert"):
        find_engine("tflite", "coreml-spec")


def test_on_macos_both_judge_and_apps_get_the_real_one(monkeypatch):
    monkeypatch.setattr(COREML, "version", lambda: "coremltools 9.0")
    assert find_checkers("coreml") == [COREML, COREML_SPEC]
    assert find_engine("coreml") is COREML


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_packages_end_in_typed_errors(packages, data):
    """One of three files has bytes changed, cut or doubled; whatever opens answers or refuses."""
    path = packages / "plain.mlpackage"
    files = [root_model(path), root_model(path).parent / "weights" / "weight.bin"]
    file = data.draw(st.sampled_from([file for file in files if file.exists()]))
    whole = file.read_bytes()
    mutant = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(mutant) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "ones", "twice", "end"]))
        if kind == "flip":
            mutant[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del mutant[place : place + data.draw(st.integers(1, 50))]
        elif kind == "ones":
            mutant[place : place + 4] = b"\xff" * 4
        elif kind == "twice":
            mutant[place:place] = mutant[place : place + 40]
        else:
            del mutant[place:]
        mutant = mutant or bytearray(b"x")
    try:
        file.write_bytes(bytes(mutant))
        session = opened(path, tiny.contract_text())
        session.run(np.zeros((1, 1, 6, 8), np.float32))
    except FerEdgeError as error:
        assert len(str(error)) <= 1000  # noqa: PT017
    finally:
        file.write_bytes(whole)
