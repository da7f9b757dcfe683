"""TorchScript: opened by both interpreters, the contract inside, nothing of the process in its bytes."""

import struct
import warnings
import zipfile

import numpy as np
import pytest
import torch
import torchvision
from torch.jit.mobile import _load_for_lite_interpreter

from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import Variant


@pytest.fixture(autouse=True)
def _deprecated_readers():
    """What an app's developer does with the file is deprecated too."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated|Lite Interpreter")
        yield


@pytest.mark.parametrize("load", [torch.jit.load, _load_for_lite_interpreter])
def test_answers_as_pytorch_with_a_plain_tensor(load, make, pictures, reference):
    path, contract = make("torchscript-fp32")
    module = load(str(path))
    found = [module(torch.from_numpy(to_tensor(picture, contract))) for picture in pictures]
    assert all(isinstance(item, torch.Tensor) and item.shape == (1, 4) for item in found)
    assert np.abs(torch.cat(found).detach().numpy() - reference).max() < 1e-5


def test_the_lite_interpreter_opens_it_as_ptl(make, pictures, tmp_path):
    """The name that apps on PyTorch Mobile ask for; ``_save_for_lite_interpreter`` wrote the bytecode in it."""
    path, contract = make("torchscript-fp32")
    copy = tmp_path / "small.ptl"
    copy.write_bytes(path.read_bytes())
    tensor = torch.from_numpy(to_tensor(pictures[0], contract))
    assert torch.equal(_load_for_lite_interpreter(str(copy))(tensor), torch.jit.load(str(path))(tensor))
    with zipfile.ZipFile(path) as archive:
        assert {"archive/bytecode.pkl", "archive/data.pkl"} <= set(archive.namelist())


def test_the_contract_is_an_extra_file(make):
    path, contract = make("torchscript-fp32")
    extra = {"contract.json": ""}
    torch.jit.load(str(path), _extra_files=extra)
    assert extra["contract.json"] == contract.text.encode()
    assert read_embedded_contract(path) == contract.text


def test_the_archive_is_clean_and_aligned(make):
    path, _ = make("torchscript-fp32")
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for item in archive.infolist():
            assert item.filename.startswith("archive/")
            assert not item.filename.endswith(".debug_pkl")
            assert item.date_time == (1980, 1, 1, 0, 0, 0)
            assert item.compress_type == zipfile.ZIP_STORED
            name, extra = struct.unpack_from("<HH", data, item.header_offset + 26)
            assert (item.header_offset + 30 + name + extra) % 64 == 0
    assert b".py" not in data.replace(b"___torch_mangle_0.py", b"")


def test_batch_normalization_is_folded(make):
    with zipfile.ZipFile(make("torchscript-fp32")[0]) as archive:
        (name,) = (item for item in archive.namelist() if item.endswith(".py"))
        code = archive.read(name).decode()
    assert "batch_norm" not in code
    assert "_convolution" in code


def test_bytes_do_not_depend_on_what_was_compiled_before(make, convert, source):
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.trace(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()), torch.ones(1, 2))
    assert convert("torchscript-fp32", source).read_bytes() == make("torchscript-fp32")[0].read_bytes()


def test_bytes_do_not_depend_on_how_the_process_computes(make, convert, source):
    expected = make("torchscript-fp32")[0].read_bytes()
    try:
        torch.use_deterministic_algorithms(True)
        with torch.backends.cudnn.flags(enabled=False, benchmark=True, deterministic=True, allow_tf32=False):
            found = convert("torchscript-fp32", source).read_bytes()
            assert torch.backends.cudnn.deterministic
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
    assert found == expected


def test_refuses_an_infinite_fold(convert, fresh_source):
    fresh_source.module.stem[1].running_var.data[3] = -1.0
    with pytest.raises(ExportError, match=r"nan at index \[3"):
        convert("torchscript-fp32", fresh_source)


class Refusing(torch.nn.Module):
    def forward(self, _image):
        raise RuntimeError("this network wants a batch of two")


def test_names_why_tracing_failed(convert, source):
    with pytest.raises(ExportError, match="batch of two"):
        convert("torchscript-fp32", ModelAndContract(Refusing(), source.contract))


class Deformable(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.rand(4, 1, 3, 3))

    def forward(self, x):
        offset = torch.zeros(1, 18, *x.shape[2:])
        return torchvision.ops.deform_conv2d(x, offset, self.weight, padding=1).mean((2, 3))


def test_an_operator_that_readers_refuse_is_refused_before_there_is_a_file(tmp_path, source):
    network = ModelAndContract(Deformable().eval().requires_grad_(False), source.contract)
    path = tmp_path / "a.pt"
    with pytest.raises(
        ExportError, match=r"calls torchvision::deform_conv2d.*take another format"
    ) as refused:
        find_format("torchscript").load().convert(
            Request(Variant("torchscript", "fp32"), network, None, path)
        )
    assert "--allow" not in str(refused.value)
    assert not path.exists()
