"""The digest inside an artifact: no changed byte is answered in silence."""

import hashlib
import io
import re
import zipfile

import numpy as np
import pytest

from fer_edge.runtime import CheckpointError, FerEdgeError, load
from fer_edge.runtime.containers.digest import check_digest
from support import tiny_artifacts as tiny

WORD = b"fer-edge-sha256"
EMPTY = f"fer-edge-sha256:{'0' * 64}:fer-edge-sha256"
MORE = [("fer_edge_sha256", EMPTY)]
NCHW, NHWC = tiny.contract_text(), tiny.contract_text(**tiny.TFLITE)


def commented(data):
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = EMPTY.encode()
    return buffer.getvalue()


BLANK = {
    ".onnx": lambda: tiny.onnx_bytes(NCHW, metadata=[(tiny.KEY, NCHW), *MORE]),
    ".tflite": lambda: tiny.tflite_bytes(NHWC, more=MORE),
    ".pt": lambda: commented(tiny.torchscript_bytes(NCHW)),
}


def filled(data, digest):
    return data.replace(EMPTY.encode(), WORD + b":" + digest.encode() + b":" + WORD)


def sealed(extension):
    data = BLANK[extension]()
    return filled(data, hashlib.sha256(data).hexdigest())


def sealed_package(folder):
    """Written by the words of the module's docstring, not with its code."""
    tiny.mlpackage(folder, NCHW, more=MORE)
    (folder / "Data" / "weights").mkdir()
    (folder / "Data" / "weights" / "weight.bin").write_bytes(tiny.WEIGHTS.tobytes())
    digest = hashlib.sha256()
    for path in sorted(place for place in folder.rglob("*") if place.is_file()):
        name = path.relative_to(folder).as_posix()
        digest.update(name.encode() + b"\0" + str(path.stat().st_size).encode() + b"\0" + path.read_bytes())
    model = folder / "Data" / "com.apple.CoreML" / "model.mlmodel"
    model.write_bytes(filled(model.read_bytes(), digest.hexdigest()))
    return folder


@pytest.mark.parametrize("extension", BLANK)
def test_a_sealed_file_answers(tmp_path, extension):
    path = tmp_path / f"tiny-fp32{extension}"
    path.write_bytes(sealed(extension))
    model = load(path)
    tensor = np.random.default_rng(0).normal(size=model.contract.input.shape).astype(np.float32)
    np.testing.assert_allclose(model.run(tensor), tiny.expected(tensor), atol=1e-6)
    assert check_digest(path)


@pytest.mark.parametrize("extension", BLANK)
def test_every_file_with_one_changed_byte_is_refused(tmp_path, extension):
    whole = sealed(extension)
    path = tmp_path / f"tiny-fp32{extension}"
    flips = np.random.default_rng(1).integers(1, 256, len(whole))
    for place, flip in enumerate(flips):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ int(flip)]) + whole[place + 1 :])
        with pytest.raises(FerEdgeError):
            load(path)


@pytest.mark.parametrize("extension", BLANK)
def test_bytes_added_or_lost_are_refused(tmp_path, extension):
    whole = sealed(extension)
    path = tmp_path / f"tiny-fp32{extension}"
    for damaged in (whole + b"\0", whole[:-1], whole[1:], b"\0" + whole, whole + whole):
        path.write_bytes(damaged)
        with pytest.raises(FerEdgeError):
            load(path)


def test_a_package_in_which_anything_changed_is_refused(tmp_path):
    package = sealed_package(tmp_path / "tiny-fp32.mlpackage")
    assert check_digest(package)
    for path in sorted(place for place in package.rglob("*") if place.is_file()):
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(FerEdgeError, match="was changed"):
                check_digest(package)
        path.write_bytes(whole)
    (package / "Data" / "more").write_bytes(b"")
    with pytest.raises(FerEdgeError, match="was changed"):
        check_digest(package)


def test_the_message_says_both_digests_and_what_to_do(tmp_path):
    path = tmp_path / "tiny-fp32.onnx"
    path.write_bytes(sealed(".onnx").replace(tiny.WEIGHTS.tobytes(), (tiny.WEIGHTS + 1).tobytes()))
    with pytest.raises(FerEdgeError, match=r"SHA-256 is \w{64}.*inside it says \w{64}; take the original"):
        load(path)


@pytest.mark.parametrize("extension", BLANK)
def test_files_of_older_versions_have_no_digest_and_load(tmp_path, extension):
    make = {".onnx": tiny.onnx_bytes, ".tflite": tiny.tflite_bytes, ".pt": tiny.torchscript_bytes}[extension]
    path = tmp_path / f"tiny-fp32{extension}"
    path.write_bytes(make(NHWC if extension == ".tflite" else NCHW))
    assert not check_digest(path)
    load(path)


def test_a_digest_over_a_border_of_what_is_read_at_a_time(tmp_path):
    path = tmp_path / "a.bin"
    for before in range((1 << 20) - 100, (1 << 20) + 5, 7):
        blank = b"x" * before + EMPTY.encode() + b"y" * 10
        path.write_bytes(filled(blank, hashlib.sha256(blank).hexdigest()))
        assert check_digest(path)


@pytest.mark.parametrize("case", ["one word", "three words", "two digests", "capitals"])
def test_damaged_digests(tmp_path, case):
    damaged = {
        "one word": WORD,
        "three words": EMPTY.encode() + WORD,
        "two digests": EMPTY.encode() * 2,
        "capitals": EMPTY.replace("0", "A").encode(),
    }
    path = tmp_path / "a.bin"
    path.write_bytes(damaged[case])
    with pytest.raises(FerEdgeError, match="damaged"):
        check_digest(path)


def test_the_artifacts_of_an_export_hold_their_digests(builtin_bundle):
    """All formats as the exporter writes them, by an independent computation."""
    for extension in ("onnx", "tflite", "pt", "safetensors"):
        (path,) = builtin_bundle.glob(f"*.{extension}")
        data = path.read_bytes()
        (stored,) = re.findall(WORD + b":([0-9a-f]{64}):" + WORD, data)
        assert hashlib.sha256(data.replace(stored, b"0" * 64)).hexdigest().encode() == stored
        assert check_digest(path)
    (package,) = builtin_bundle.glob("*.mlpackage")
    assert check_digest(package)


def test_a_checkpoint_with_one_changed_byte_is_refused(tmp_path):
    torch = pytest.importorskip("torch")
    from fer_edge.train.checkpoint.checkpoint import read_checkpoint, write_checkpoint

    path = tmp_path / "a.safetensors"
    write_checkpoint(path, {"a": torch.arange(6.0)})
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointError):
            read_checkpoint(path)
