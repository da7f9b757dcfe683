"""Files of weights from anywhere, honest and hostile."""

import io
import json
import os
import pickle
import struct
import tarfile
import warnings
import zipfile

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from fer_edge.runtime.contract import (
    CameraSpec,
    Contract,
    InputSpec,
    Normalization,
    OutputSpec,
    Quantization,
)
from fer_edge.runtime.errors import CheckpointError, ContractError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint, write_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.checkpoint.safetensors_file import serialize


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.head = nn.Linear(2, 4)


@pytest.fixture
def net():
    torch.manual_seed(1)
    return Net()


@pytest.fixture
def state(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def saved(path, content, **options):
    torch.save(content, path, **options)
    return path


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


# --- honest files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "suffix", [".pt", ".pth", ".ckpt", ".pkl", ".bin", ".PTH", ".Bin", ".safetensors", ""]
)
def test_a_state_dictionary_comes_back(tmp_path, state, suffix):
    checkpoint = read_checkpoint(saved(tmp_path / f"a{suffix}", state))
    assert same(checkpoint.state, state)
    assert checkpoint.contract is None
    assert checkpoint.metadata == {}


def test_old_files_that_are_no_archives_come_back(tmp_path, state):
    path = saved(tmp_path / "old.pth", state, _use_new_zipfile_serialization=False)
    assert same(read_checkpoint(path).state, state)


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model", "net", "anything"])
def test_wrapped_weights_are_found(tmp_path, state, wrapper):
    path = saved(tmp_path / "a.ckpt", {"epoch": 3, wrapper: state, "optimizer": {"lr": 0.1}})
    assert same(read_checkpoint(path).state, state)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module.model.", "_orig_mod.module."])
def test_prefixes_of_wrappers_are_removed(tmp_path, net, state, prefix):
    path = saved(tmp_path / "a.pth", {prefix + name: tensor for name, tensor in state.items()})
    other = Net()
    load_weights(other, read_checkpoint(path))
    assert same(dict(other.state_dict()), state)


def test_a_network_that_calls_its_own_part_model_keeps_the_name(tmp_path):
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nn.Linear(2, 2)

    outer, other = Outer(), Outer()
    load_weights(other, read_checkpoint(saved(tmp_path / "a.pth", outer.state_dict())))
    assert same(dict(outer.state_dict()), dict(other.state_dict()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_other_floats_become_float32(tmp_path, state, dtype, suffix):
    content = {name: t.to(dtype) if t.is_floating_point() else t for name, t in state.items()}
    path = tmp_path / f"a{suffix}"
    if suffix == ".pth":
        saved(path, content)
    else:
        safetensors.torch.save_file(content, path)
    read = read_checkpoint(path).state
    assert {t.dtype for t in read.values()} == {torch.float32, torch.int64}
    for name, tensor in content.items():
        assert torch.equal(read[name], tensor.to(read[name].dtype))


def test_count_of_batches_may_be_missing(tmp_path, state):
    del state["norm.num_batches_tracked"]
    load_weights(Net(), read_checkpoint(saved(tmp_path / "a.pth", state)))


def test_shared_tensors_are_taken(tmp_path):
    weight = torch.arange(6.0).reshape(2, 3)
    read = read_checkpoint(saved(tmp_path / "a.pth", {"a": weight, "b": weight, "c": weight.T})).state
    assert torch.equal(read["a"], read["b"])
    assert read["c"].is_contiguous()
    read["a"].zero_()
    assert read["b"].any()


# --- what does not fit ----------------------------------------------------------------------------------------------


def test_all_faults_are_listed_at_once(tmp_path, net, state):
    del state["conv.bias"], state["norm.weight"]
    state |= {"extra": torch.zeros(1), "head.weight": torch.zeros(7, 2)}
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        load_weights(net, read_checkpoint(saved(tmp_path / "a.pth", state)))
    text = str(caught.value)
    assert "2 missing: conv.bias, norm.weight" in text
    assert "1 unexpected: extra" in text
    assert "1 of another shape: head.weight 7x2 instead of 4x2" in text
    assert same(dict(net.state_dict()), before)


def test_every_misfit_of_a_large_network_is_named(tmp_path, net):
    many = {f"layer{i}": torch.zeros(1) for i in range(900)}
    with pytest.raises(CheckpointError, match="900 unexpected") as caught:
        load_weights(net, read_checkpoint(saved(tmp_path / "a.pth", many)))
    assert all(f" {name}" in str(caught.value) for name in many)


def test_endless_lists_are_cut_with_their_count(tmp_path, net):
    many = {f"layer{i}": torch.zeros(1) for i in range(3000)}
    with pytest.raises(CheckpointError, match="3000 unexpected") as caught:
        load_weights(net, read_checkpoint(saved(tmp_path / "a.pth", many)))
    assert "and 2000 more" in str(caught.value)


def test_integers_in_the_place_of_weights(tmp_path, net, state):
    state["head.bias"] = torch.zeros(4, dtype=torch.int32)
    with pytest.raises(CheckpointError, match=r"1 of another kind: head.bias \(int64\)"):
        load_weights(net, read_checkpoint(saved(tmp_path / "a.pth", state)))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(("value", "word"), [(float("nan"), "nan"), (float("-inf"), "-inf")])
def test_not_a_number_is_named_with_its_place(tmp_path, state, suffix, value, word):
    state["conv.weight"][1, 0, 2, 1] = value
    path = tmp_path / f"a{suffix}"
    if suffix == ".pth":
        saved(path, state)
    else:
        write_checkpoint(path, state)
    with pytest.raises(CheckpointError, match=rf"conv.weight\[1, 0, 2, 1\] is {word}"):
        read_checkpoint(path)


def test_a_number_too_large_for_float32_is_refused(tmp_path, state):
    state["head.bias"] = torch.tensor([0.0, 1e300, 0, 0], dtype=torch.float64)
    with pytest.raises(CheckpointError, match=r"head.bias\[1\] is inf"):
        read_checkpoint(saved(tmp_path / "a.pth", state))


# --- hostile files --------------------------------------------------------------------------------------------------


class Command:
    """A pickle that creates a file when it is run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("form", ["bare", "archive", "legacy", "beside"])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt"])
def test_code_in_a_pickle_runs_nothing(tmp_path, state, form, suffix):
    mark, path = tmp_path / "ran", tmp_path / f"a{suffix}"
    if form == "bare":
        path.write_bytes(pickle.dumps(Command(mark)))
    elif form == "beside":
        saved(path, {"state_dict": state, "config": Command(mark)})
    else:
        saved(path, Command(mark), _use_new_zipfile_serialization=form == "archive")
    with pytest.raises(CheckpointError, match="is refused"):
        read_checkpoint(path)
    assert not mark.exists()


def test_the_command_would_have_run(tmp_path):
    pickle.loads(pickle.dumps(Command(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "place"), [(lambda net: net, ""), (lambda net: {"epoch": 1, "ema": net}, r"\['ema'\]")]
)
def test_a_whole_network_is_named_with_the_line_that_saves_its_weights(tmp_path, net, content, place):
    with pytest.raises(
        CheckpointError,
        match=rf"network \(.*Net\).*weights_only=False\){place}.state_dict\(\), \"weights.pth\"",
    ):
        read_checkpoint(saved(tmp_path / "whole.pt", content(net)))


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning", "ignore:.torch.jit:DeprecationWarning")
def test_torchscript_is_refused(tmp_path):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="TorchScript archive, which holds code"):
        read_checkpoint(tmp_path / "a.pt")


def test_tar_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.pth", "w") as archive:
        archive.addfile(tarfile.TarInfo("pickle"), io.BytesIO())
    with pytest.raises(CheckpointError, match="is a tar archive"):
        read_checkpoint(tmp_path / "a.pth")


def test_a_small_file_must_not_unfold_to_a_large_one(tmp_path):
    path = saved(tmp_path / "a.pth", {"x": torch.zeros(1).expand(10**9)})
    with pytest.raises(CheckpointError, match="unfold to 4000000000"):
        read_checkpoint(path)


def test_compressed_records_are_refused(tmp_path, state):
    saved(tmp_path / "a.pth", state)
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as plain,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry))
    with pytest.raises(CheckpointError, match="compressed"):
        read_checkpoint(tmp_path / "b.pth")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "holds no weights, but list"),
        ({"a": 3}, "holds no weights"),
        ({}, "holds no weights"),
        ({"w": torch.eye(2).to_sparse()}, "not plain numbers"),
        ({"w": torch.zeros(2, dtype=torch.complex64)}, "not plain numbers"),
        ({"model": {"model": {"model": {"model": {"model": {}}}}}}, "holds no weights"),
    ],
)
def test_other_content_is_one_sentence(tmp_path, content, sentence):
    with pytest.raises(CheckpointError, match=sentence) as caught:
        read_checkpoint(saved(tmp_path / "a.pth", content))
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        read_checkpoint(tmp_path / "a.pth")
    (tmp_path / "folder.pth").mkdir()
    with pytest.raises(CheckpointError, match="is a folder"):
        read_checkpoint(tmp_path / "folder.pth")
    (tmp_path / "a.bin").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"a\.bin is empty; give a .*\.hdf5 file"):
        read_checkpoint(tmp_path / "a.bin")


def header(text, body=b"", length=None):
    raw = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


ONE = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        header({}, length=2**63),
        header({}, length=10**9),
        header(b"not json"),
        header(b"[1]"),
        header({"a": ONE}),
        header({"a": ONE, "b": ONE}, b"\0" * 4),
        header({"a": {**ONE, "dtype": "F31"}}, b"\0" * 4),
        header({"a": {**ONE, "shape": [2]}}, b"\0" * 4),
        header({"a": {**ONE, "shape": [-1]}}, b"\0" * 4),
        header({"a": {**ONE, "shape": [2**62, 8]}}, b"\0" * 4),
        header({"a": {**ONE, "data_offsets": [4, 0]}}, b"\0" * 4),
        header({"a": ONE, "__metadata__": {"x": 3}}, b"\0" * 4),
        header({"__metadata__": {"x": "y"}}),
        b"\x80" + header({"a": ONE}, b"\0" * 4),
    ],
)
def test_hostile_safetensors_are_one_sentence(tmp_path, data):
    (tmp_path / "a.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(tmp_path / "a.safetensors")
    assert "\n" not in str(caught.value)


@given(data=st.data())
def test_no_damage_gives_anything_but_a_checkpoint_error(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage", numbered=True)
    suffix = data.draw(st.sampled_from([".pth", ".safetensors"]))
    buffer = io.BytesIO()
    torch.save({"a": torch.arange(4.0)}, buffer)
    whole = buffer.getvalue() if suffix == ".pth" else serialize({"a": torch.arange(4.0)}, {"b": "c"})
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = (
        whole[:at]
        if data.draw(st.booleans())
        else whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    )
    path = folder / f"a{suffix}"
    path.write_bytes(damaged)
    try:
        read_checkpoint(path)
    except CheckpointError:
        return


def test_a_broken_contract_inside_is_an_error(tmp_path, state):
    write_checkpoint(tmp_path / "a.safetensors", state, metadata={"fer_edge_contract": "{}"})
    with pytest.raises(ContractError, match=r"a\.safetensors: contract: "):
        read_checkpoint(tmp_path / "a.safetensors")


# --- writing --------------------------------------------------------------------------------------------------------


def contract():
    return Contract.build(
        model="net",
        labels=("neutral", "happiness", "surprise", "sadness"),
        input=InputSpec("image", "tensor", 8, 8, 1, "NCHW", "float32"),
        camera=CameraSpec(1, 0.1, False),
        normalization=Normalization((0.5,), (0.5,)),
        quantization=Quantization(None, None),
        output=OutputSpec("logits", "logits"),
    )


def test_what_is_written_is_read_by_others_and_by_us(tmp_path, state):
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, state, contract(), {"fer_edge_arch": "net"})
    assert same(safetensors.torch.load_file(path), state)
    with safetensors.safe_open(path, "pt") as others:
        text = others.metadata()
    assert text.pop("fer_edge_sha256").startswith("fer-edge-sha256:")
    assert text == {"fer_edge_contract": contract().text, "fer_edge_arch": "net"}
    ours = read_checkpoint(path)
    assert same(ours.state, state)
    assert ours.contract == contract()
    assert ours.metadata["fer_edge_arch"] == "net"


def test_bytes_do_not_depend_on_order(state):
    text = {"z": "1", "a": "2", "m": "3"}
    forward = serialize(state, text)
    backward = serialize(dict(reversed(state.items())), dict(reversed(text.items())))
    assert forward == backward
    assert json.loads(forward[8 : 8 + int.from_bytes(forward[:8], "little")])["__metadata__"] == text


def test_reading_says_nothing_on_the_way(tmp_path, state):
    path = saved(tmp_path / "a.pth", state)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_checkpoint(path)
