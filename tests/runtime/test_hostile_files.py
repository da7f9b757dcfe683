"""Untrusted files through ``load``: whatever they hold, a typed error of bounded length or an answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.runtime import EngineError, FerEdgeError, load
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.containers.torchscript import check_program
from fer_edge.runtime.errors import LONGEST_MESSAGE
from support import tiny_artifacts as tiny

NCHW, NHWC = tiny.contract_text(), tiny.contract_text(**tiny.TFLITE)
MAKERS = {
    ".onnx": lambda: tiny.onnx_bytes(NCHW),
    ".tflite": lambda: tiny.tflite_bytes(NHWC),
    ".pt": lambda: tiny.torchscript_bytes(NCHW),
}
NAMES = {
    ".onnx": (b"image", b"probabilities", b"weights", b"logits", b"flat", b"tiny", b"Softmax", b"author", b"fer_edge_contract"),
    ".tflite": (b"image", b"probabilities", b"weights", b"logits", b"main", b"serving_default", b"fer_edge_contract"),
    ".pt": (b"weights", b"storage", b"cpu", b"contract.json", b"data.pkl", b"__torch__"),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound():
    return {extension: make() for extension, make in MAKERS.items()}


CASES = [(extension, name) for extension, names in NAMES.items() for name in names]


@pytest.mark.parametrize(("extension", "name"), CASES, ids=[f"{a}-{b.decode()}" for a, b in CASES])
def test_names_that_are_not_utf8(tmp_path, sound, extension, name):
    path = tmp_path / f"tiny-fp32{extension}"
    assert name in sound[extension]
    for damaged in (b"\xff\xfe" + name[2:], b"\xc3" * len(name), name[:-1] + b"\xe2"):
        path.write_bytes(sound[extension].replace(name, damaged))
        try:
            load(path)
        except FerEdgeError as error:
            assert len(str(error)) <= 1000  # noqa: PT017 - an answer is fine, too


def test_a_signature_of_no_text_is_an_error_of_the_engine(tmp_path, sound):
    path = tmp_path / "tiny-fp32.tflite"
    path.write_bytes(sound[".tflite"].replace(b"serving_default", b"\xff" * 15))
    with pytest.raises(EngineError, match=r"LiteRT cannot (open|read) .*utf-8"):
        load(path)


@pytest.mark.parametrize("extension", [".onnx", ".tflite"])
def test_a_name_of_three_megabytes_is_cut(tmp_path, extension):
    long = "n" * (3 << 20)
    path = tmp_path / f"tiny-fp32{extension}"
    if extension == ".onnx":
        path.write_bytes(tiny.onnx_bytes(NCHW, names=(long, "probabilities")))
    else:
        path.write_bytes(tiny.tflite_bytes(NHWC, given=long))
    with pytest.raises(EngineError, match=r"not among n{80}\.\.\.") as caught:
        load(path)
    assert len(str(caught.value)) < 400


def test_names_do_not_steer_the_terminal(tmp_path):
    path = tmp_path / "tiny-fp32.onnx"
    path.write_bytes(tiny.onnx_bytes(NCHW, names=("\x1b[2J\x07", "probabilities")))
    with pytest.raises(EngineError, match=r"not among \\x1b\[2J\\x07$"):
        load(path)


def test_every_error_of_ours_is_bounded():
    for kind in [FerEdgeError, *FerEdgeError.__subclasses__(), *EngineError.__subclasses__()]:
        if kind.__name__ == "MissingExtra":
            continue
        text = str(kind("begin" + "x" * 5_000_000 + "end")) if kind.__init__ is FerEdgeError.__init__ else ""
        assert len(text) <= LONGEST_MESSAGE + 100
        assert not text or (text.startswith("begin") and text.endswith("end") and "left out" in text)
    assert str(FerEdgeError("short")) == "short"


def damaged(data, whole):
    mutant = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(mutant) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "zeros", "ones", "end", "twice"]))
        if kind == "flip":
            mutant[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del mutant[place : place + data.draw(st.integers(1, 50))]
        elif kind == "zeros":
            mutant[place : place + 4] = bytes(4)
        elif kind == "ones":
            mutant[place : place + 4] = b"\xff" * 4
        elif kind == "twice":
            mutant[place:place] = mutant[place : place + 40]
        else:
            del mutant[place:]
        if not mutant:
            return b"x"
    return bytes(mutant)


@pytest.mark.parametrize("extension", [".onnx", ".tflite", ".pt", ".safetensors", ".mlpackage"])
@given(data=st.data())
@settings(max_examples=400)
def test_every_reader_of_containers_raises_typed_errors_only(tmp_path_factory, sound, extension, data):
    """Before any native parser: those of the engines may abort on hostile bytes, which no exception tells."""
    folder = tmp_path_factory.getbasetemp() / f"hostile{extension}"
    folder.mkdir(exist_ok=True)
    path = folder / f"tiny-fp32{extension}"
    if extension == ".mlpackage":
        if not path.exists():
            tiny.mlpackage(path, NCHW)
            (folder / "kept").write_bytes((path / "Data/com.apple.CoreML/model.mlmodel").read_bytes())
            (folder / "kept.json").write_bytes((path / "Manifest.json").read_bytes())
        (path / "Manifest.json").write_bytes((folder / "kept.json").read_bytes())
        target = data.draw(st.sampled_from(["Data/com.apple.CoreML/model.mlmodel", "Manifest.json"]))
        kept = folder / ("kept.json" if target == "Manifest.json" else "kept")
        (path / target).write_bytes(damaged(data, kept.read_bytes()))
    else:
        whole = tiny.safetensors_bytes(NCHW) if extension == ".safetensors" else sound[extension]
        path.write_bytes(damaged(data, whole))
    for read in (read_embedded_contract, check_digest):
        try:
            read(path)
        except FerEdgeError as error:
            assert len(str(error)) <= 1000  # noqa: PT017
    if extension == ".pt":
        try:
            check_program(path)
        except ContainerError as error:
            assert len(str(error)) <= 1000  # noqa: PT017
