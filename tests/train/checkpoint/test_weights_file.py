"""What is given instead of weights, under its own or a false name, is recognized by its first bytes."""

import os
import socket
import zipfile

import pytest
import torch

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint


def refusal(path):
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


NAMES = ("a.pth", "a.bin", "a.h5", "a.onnx", "a.safetensors", "a")


def onnx_model(path):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    value = [helper.make_tensor_value_info(name, 1, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:])
    path.write_bytes(helper.make_model(graph, producer_name="pytorch").SerializeToString())


def onnx_without_producer(path):
    onnx = pytest.importorskip("onnx")
    onnx_model(path)
    model = onnx.load_from_string(path.read_bytes())
    model.ClearField("producer_name")
    path.write_bytes(model.SerializeToString())


def zipped(*names):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"{}")

    return write


OTHERS = {
    "TensorFlow Lite": lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100)),
    "ExecuTorch": lambda path: path.write_bytes(b"\x1c\0\0\0ET12" + bytes(100)),
    "GGUF": lambda path: path.write_bytes(b"GGUF\x03\0\0\0" + bytes(100)),
    "Core ML package": zipped("m.mlpackage/Manifest.json", "m.mlpackage/Data/com.apple.CoreML/model.mlmodel"),
    "Core ML or TensorFlow model|Core ML|ONNX": lambda path: path.write_bytes(b"\x08\x04\x12\x20\x0a\x1e" + bytes(100)),
    "Git LFS pointer": lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
    "page of the web": lambda path: path.write_bytes(b"<!DOCTYPE html><html></html>"),
    "gzip": lambda path: path.write_bytes(b"\x1f\x8b\x08" + bytes(50)),
    "numpy array": lambda path: path.write_bytes(b"\x93NUMPY\x01\0" + bytes(50)),
    "archives? of numpy arrays|archive of numpy": zipped("w.npy"),
    "none of torch.save": zipped("readme.txt"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", NAMES)
def test_other_files_are_told_apart(tmp_path, kind, name):
    import re

    OTHERS[kind](tmp_path / name)
    assert re.search(kind, refusal(tmp_path / name))


NETWORKS = {
    "keras 2": (
        lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0" + bytes(100)),
        "keras",
    ),
    "keras 3": (zipped("metadata.json", "config.json", "model.weights.h5"), "keras"),
    "onnx": (onnx_model, "onnx"),
    "onnx, nameless": (onnx_without_producer, "onnx"),
}


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("name", NAMES)
def test_networks_of_other_frameworks_are_told_by_their_first_bytes(tmp_path, kind, name):
    from fer_edge.train.checkpoint.weights_file import open_weights

    write, form = NETWORKS[kind]
    write(tmp_path / name)
    handle, found = open_weights(tmp_path / name)
    handle.close()
    assert found == form


def test_a_network_of_more_than_two_gigabytes_is_not_read(tmp_path):
    with (tmp_path / "a.h5").open("wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(3 << 30)
    assert "3.2 GB; a Keras network of up to 2 GB" in refusal(tmp_path / "a.h5")


def test_pipes_devices_sockets_and_folders_are_refused_at_once(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.pth")
    assert "is a pipe" in refusal(tmp_path / "pipe.pth")
    assert "is a device" in refusal("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # the path of a socket is limited to some 100 bytes
        server.bind("s.pth")
        assert "is a socket" in refusal(tmp_path / "s.pth")
    (tmp_path / "model").mkdir()
    assert "is a folder; give a" in refusal(tmp_path / "model")
    (tmp_path / "model" / "saved_model.pb").touch()
    assert "TensorFlow SavedModel" in refusal(tmp_path / "model")


def test_size_is_looked_at_before_reading(tmp_path):
    with (tmp_path / "a.pth").open("wb") as file:
        file.truncate(1 << 40)
    assert "1099.5 GB" in refusal(tmp_path / "a.pth")


def test_a_sparse_file_is_refused_by_its_first_bytes(tmp_path):
    with (tmp_path / "a.pth").open("wb") as file:
        file.truncate(7 << 30)
    assert "none of the files" in refusal(tmp_path / "a.pth")


def test_records_that_overlap_are_not_read(tmp_path):
    torch.save({"w": torch.zeros(100_000)}, tmp_path / "a.pth")
    data = (tmp_path / "a.pth").read_bytes()
    # The central directory says that the small records are as long as the large one.
    at = data.rindex(b"PK\x01\x02")
    damaged = data[: at + 20] + (400_000).to_bytes(4, "little") * 2 + data[at + 28 :]
    (tmp_path / "a.pth").write_bytes(damaged)
    assert "records overlap" in refusal(tmp_path / "a.pth")


def test_a_safetensors_header_may_begin_like_an_archive(tmp_path):
    from fer_edge.train.checkpoint.safetensors_file import serialize

    fill = 0x4B50 - len(serialize({"w": torch.zeros(1)}, {"x": ""})) + 12
    data = serialize({"w": torch.zeros(1)}, {"x": "y" * (fill + 1)})
    assert data.startswith(b"PK"), data[:9]
    (tmp_path / "a.safetensors").write_bytes(data)
    assert read_checkpoint(tmp_path / "a.safetensors").state.keys() == {"w"}
