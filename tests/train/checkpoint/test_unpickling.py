"""Pickles are read in a child: what it gives, and that hostile ones cost little and leave nothing behind."""

import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint

NUMBERS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array([1, 2]), "f": np.asfortranarray(np.arange(6.0).reshape(2, 3))}  # fmt: skip


def equal(read, expected):
    return read.keys() == expected.keys() and all(
        np.array_equal(read[name], value) for name, value in expected.items()
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickles_of_arrays(tmp_path, protocol):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(NUMBERS, protocol))
    assert equal(read_checkpoint(tmp_path / "a.pkl").state, NUMBERS)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickles_of_tensors(tmp_path, protocol):
    state = {name: torch.tensor(value) for name, value in NUMBERS.items()}
    state["h"] = torch.arange(5).to(torch.bfloat16)[1:]
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"model": state, "epoch": 2}, protocol))
    assert equal(
        read_checkpoint(tmp_path / "a.pkl").state, {n: t.float() if n == "h" else t for n, t in state.items()}
    )


def test_numbers_of_another_byte_order_are_not_taken_for_ours(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"w": np.arange(3, dtype=">f4")}))
    with pytest.raises(CheckpointError, match="holds no weights"):
        read_checkpoint(tmp_path / "a.pkl")


@pytest.mark.parametrize("new", [True, False])
def test_views_empty_tensors_and_every_dtype(tmp_path, new):
    base = torch.arange(24.0).reshape(2, 3, 4)
    kinds = (
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.int8,
        torch.uint8,
        torch.int16,
        torch.int32,
        torch.bool,
    )
    state = {
        "view": base[1, :, 1:3],
        "turned": base.permute(2, 0, 1),
        "none": torch.zeros(0, 3),
        "one": torch.tensor(2.5),
    }
    state |= {str(kind): base.to(kind) for kind in kinds}
    torch.save(
        {"optimizer": {"state": {}, "param_groups": [base.double()]}, "net": state},
        tmp_path / "a.pth",
        _use_new_zipfile_serialization=new,
    )
    read = read_checkpoint(tmp_path / "a.pth").state
    for name, tensor in state.items():
        assert torch.equal(read[name], tensor.float() if tensor.is_floating_point() else tensor.long()), name


def endless(depth=60):
    """A key that takes 2**depth steps to hash: tuples of twice the tuple before, by the pickle's memory."""
    doubled = (bytes([*b"h", at, *b"h", at, *b"\x86q", at + 1, *b"0"]) for at in range(depth))
    return b"\x80\x02}K\x01\x85q\x000" + b"".join(doubled) + bytes([*b"h", depth, *b"K\x01s."])


def archive(path, pickled):
    import zipfile

    torch.save({"w": torch.zeros(1)}, path)
    with zipfile.ZipFile(path) as before:
        entries = {entry.filename: before.read(entry) for entry in before.infolist()}
    with zipfile.ZipFile(path, "w") as after:
        for name, data in entries.items():
            after.writestr(name, pickled if name.endswith("/data.pkl") else data)
    return path


BOMBS = {
    "hash": endless(),
    "length": b"\x80\x02c__builtin__\nbytearray\n\x8a\x08" + (2**62).to_bytes(8, "little") + b"\x85R.",
    "string": b"\x80\x04\x8d" + (2**40).to_bytes(8, "little") + b"a.",
    "doubling": b"\x80\x02]q\x00(" + b"".join(b"h\x00h\x00" for _ in range(8)) + b"e.",
    "memo": b"\x80\x02K\x01r\xff\xff\xff\x7f.",
    "deep": b"\x80\x02" + b"]" * 1 + b"(" * 100_000 + b"l" * 100_000 + b".",
    "itself": b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",
    "attribute": b"\x80\x02cbuiltins\ngetattr\nctorch\nload\nX\x05\x00\x00\x00__add\x86R.",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("form", ["plain", "archive"])
def test_bombs_are_refused_in_one_sentence(tmp_path, bomb, form):
    path = tmp_path / "a.pth"
    if form == "plain":
        path.write_bytes(BOMBS[bomb])
    else:
        archive(path, BOMBS[bomb])
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the child in /proc")
def test_whoever_is_stopped_takes_the_child_along(tmp_path, number):
    path = archive(tmp_path / "a.pth", endless())
    code = "import sys; from fer_edge.train.checkpoint.checkpoint import read_checkpoint; print('go', flush=True); read_checkpoint(sys.argv[1])"
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        parent.stdout.readline()
        children = wait_for(
            lambda: Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        )
        parent.send_signal(number)
        parent.wait(60)
        assert parent.returncode != 0
        assert wait_for(lambda: not any(alive(child) for child in children))
    finally:
        parent.kill()
        parent.communicate()


def alive(child):
    try:
        return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(question, seconds=60):
    for _ in range(seconds * 50):
        if found := question():
            return found
        time.sleep(0.02)
    return None


def test_a_reference_beyond_the_numbers_is_refused(tmp_path):
    import zipfile

    torch.save({"w": torch.zeros(100)}, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as before, zipfile.ZipFile(tmp_path / "b.pth", "w") as after:
        for entry in before.infolist():
            data = before.read(entry)
            after.writestr(entry.filename, data[:16] if "/data/" in entry.filename else data)
    with pytest.raises(CheckpointError, match="w has more numbers than there are"):
        read_checkpoint(tmp_path / "b.pth")


def test_it_works_in_a_thread_too(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "a.pth")
    found = []
    thread = threading.Thread(target=lambda: found.append(read_checkpoint(tmp_path / "a.pth").state))
    thread.start()
    thread.join()
    assert found[0].keys() == {"w"}
