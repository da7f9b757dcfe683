import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_edge.runtime import BundleError, ContractError
from fer_edge.runtime.containers.embedded import CONTAINERS, read_embedded_contract
from support import tiny_artifacts as tiny

TEXT = tiny.contract_text()
MAKERS = {
    ".onnx": tiny.onnx_bytes,
    ".tflite": tiny.tflite_bytes,
    ".pt": tiny.torchscript_bytes,
    ".safetensors": tiny.safetensors_bytes,
}
OTHER_KEY = {
    ".onnx": {"metadata": [("other", TEXT)]},
    ".tflite": {"metadata": "other"},
    ".pt": {"extra": "other.json"},
    ".safetensors": {"key": "other"},
}


@pytest.fixture(scope="module")
def written():
    return {extension: make(TEXT) for extension, make in MAKERS.items()}


@pytest.mark.parametrize("extension", MAKERS)
def test_reads_what_the_formats_own_library_wrote(tmp_path, written, extension):
    path = tmp_path / f"model{extension}"
    path.write_bytes(written[extension])
    assert read_embedded_contract(path) == TEXT


def test_reads_a_core_ml_package(tmp_path):
    assert read_embedded_contract(tiny.mlpackage(tmp_path / "model.mlpackage", TEXT)) == TEXT


@pytest.mark.parametrize("extension", MAKERS)
def test_no_contract_inside(tmp_path, extension):
    path = tmp_path / f"model{extension}"
    path.write_bytes(MAKERS[extension](TEXT, **OTHER_KEY[extension]))
    with pytest.raises(ContractError, match="no contract"):
        read_embedded_contract(path)


def test_two_contracts_inside_onnx(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny.onnx_bytes(TEXT, metadata=[(tiny.KEY, TEXT), (tiny.KEY, "{}")]))
    with pytest.raises(ContractError, match="2 contracts"):
        read_embedded_contract(path)


def test_two_contracts_inside_torchscript(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(tiny.zipped([("a/extra/contract.json", b"{}"), ("b/extra/contract.json", b"{}")]))
    with pytest.raises(ContractError, match="2 contracts"):
        read_embedded_contract(path)


def _with_outside_tensor(place):
    """A sound model, one of whose tensors lies in another file."""
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_from_string(tiny.onnx_bytes(TEXT))
    outside = TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=[48, 3])
    outside.data_location = TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", "weights.bin"
    constant = helper.make_node("Constant", [], ["constant"], value=outside)
    if place == "initializer":
        model.graph.initializer.append(outside)
    elif place == "constant":
        model.graph.node.append(constant)
    else:
        branch = helper.make_graph([constant], "branch", [], [])
        model.graph.node.append(
            helper.make_node("If", ["yes"], ["answer"], then_branch=branch, else_branch=branch)
        )
    return onnx.ModelProto.SerializeToString(model)


@pytest.mark.parametrize("place", ["initializer", "constant", "branch"])
def test_onnx_data_in_another_file_is_refused(tmp_path, place):
    path = tmp_path / "model.onnx"
    path.write_bytes(_with_outside_tensor(place))
    (tmp_path / "weights.bin").write_bytes(tiny.WEIGHTS.tobytes())
    with pytest.raises(BundleError, match="in another file"):
        read_embedded_contract(path)


def test_onnx_nested_without_end_is_refused(tmp_path):
    graph = b""
    for _ in range(100):  # graph > node > attribute > graph
        graph = tiny.block(1, tiny.block(5, tiny.block(6, graph)))
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny.block(7, graph))
    with pytest.raises(BundleError, match="deep"):
        read_embedded_contract(path)


def test_contract_that_is_no_text(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(tiny.zipped([("a/extra/contract.json", b"\xff")]))
    with pytest.raises(ContractError, match="UTF-8"):
        read_embedded_contract(path)


def test_contract_of_two_megabytes(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(tiny.zipped([("a/extra/contract.json", b" " * (2 << 20))]))
    with pytest.raises(BundleError, match="2097152"):
        read_embedded_contract(path)


@pytest.mark.parametrize("extension", CONTAINERS)
def test_missing_file(tmp_path, extension):
    with pytest.raises(BundleError, match="model"):
        read_embedded_contract(tmp_path / f"model{extension}")


def test_unknown_extension(tmp_path):
    with pytest.raises(BundleError, match=r"allowed: \.tflite"):
        read_embedded_contract(tmp_path / "model.bin")


@pytest.mark.parametrize(
    "root", ["/etc/passwd", "../../secret", "..", "", "nothing.mlmodel", 7, None, "a\\b", "a\0b"]
)
def test_core_ml_manifest_that_leads_elsewhere(tmp_path, root):
    path = tiny.mlpackage(tmp_path / "model.mlpackage", TEXT, root=root)
    with pytest.raises(BundleError, match=r"Manifest\.json|root model"):
        read_embedded_contract(path)


@pytest.mark.parametrize(
    "inside", ["Manifest.json", "Data", "Data/com.apple.CoreML", "Data/com.apple.CoreML/model.mlmodel"]
)
def test_core_ml_package_with_a_link(tmp_path, inside):
    package = tiny.mlpackage(tmp_path / "model.mlpackage", TEXT)
    (package / inside).rename(tmp_path / "elsewhere")
    (package / inside).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match=f"{inside} is a link"):
        read_embedded_contract(package)


FORGED = {
    "empty": b"",
    "zeros": bytes(64),
    "ones": b"\xff" * 64,
    "endless varint": b"\x72" + b"\xff" * 40,
    "length over the end": b"\x72\xff\xff\xff\xff\x07abc",
    "group": b"\x0b\x0c",
    "flatbuffer to nowhere": struct.pack("<I4sI", 0xFFFFFFF0, b"TFL3", 1),
    "flatbuffer onto itself": struct.pack("<I4sIII", 0, b"TFL3", 0, 0, 0),
    "zip without directory": b"PK\x03\x04" + bytes(60),
    "safetensors header beyond the end": struct.pack("<Q", 1 << 40) + b"{}",
    "safetensors header no JSON": struct.pack("<Q", 4) + b"{{{{",
    "safetensors deep header": struct.pack("<Q", 200_000) + b"[" * 200_000,
    "safetensors metadata no object": struct.pack("<Q", 20) + b'{"__metadata__":[1]}',
}


@pytest.mark.parametrize("extension", MAKERS)
@pytest.mark.parametrize("name", FORGED, ids=lambda name: name.replace(" ", "-"))
def test_forged_files_give_one_sentence(tmp_path, extension, name):
    path = tmp_path / f"model{extension}"
    path.write_bytes(FORGED[name])
    with pytest.raises((BundleError, ContractError)) as caught:
        read_embedded_contract(path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("extension", MAKERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_damaged_files_never_raise_anything_else(tmp_path, written, extension, data):
    damaged = bytearray(written[extension])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"model{extension}"
    path.write_bytes(damaged[: data.draw(st.integers(len(damaged) // 2, len(damaged)))])
    try:
        text = read_embedded_contract(path)
    except (BundleError, ContractError):
        return
    assert isinstance(text, str)
