"""Opening a file of weights: that it is a file, of a size that weights have, and not of another kind.

What a file is, its first bytes say; its name may be wrong.
"""

from __future__ import annotations

import os
import stat
import zipfile
from io import BufferedReader
from pathlib import Path

from fer_edge.runtime.errors import CheckpointError

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".pkl", ".bin", ".onnx", ".keras", ".h5", ".hdf5")
"""Names that weights usually have; the content decides."""
LARGEST = 8 << 30
"""Bytes; ResNet-152 with its optimizer has 0.7 GB, the largest ViT 7 GB."""
LONGEST_HEADER = 100_000_000
"""Of a safetensors file, by its format."""
HEAD = 512
GIVE = f"give a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file"
WEIGHTS = "take the PyTorch network's own weights"
HDF5 = b"\x89HDF\r\n\x1a\n"
ONNX = "onnx"
SCRIPT = "a TorchScript archive, which holds code and is not opened: save model.state_dict() with torch.save"
SIGNS = (
    (4, b"TFL3", f"a TensorFlow Lite model: {WEIGHTS}"),
    (4, b"ET12", f"an ExecuTorch program: {WEIGHTS}"),
    (0, b"GGUF", f"a GGUF model: {WEIGHTS}"),
    (0, b"\x93NUMPY", "a numpy array: save weights by name"),
    (0, b"\x1f\x8b", "gzip-compressed: unpack it first"),
    (0, b"BZh", "bzip2-compressed: unpack it first"),
    (0, b"\xfd7zXZ\0", "xz-compressed: unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (257, b"ustar", "a tar archive: unpack it first"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the weights: fetch them with git lfs pull"),
    (0, b"<", "a page of the web or XML, not weights: download the file itself"),
    (0, b"{", "text (JSON), not weights: give the file with the numbers"),
)
"""Place, bytes and what they tell."""
ARCHIVES = (
    ("/constants.pkl", SCRIPT),
    ("/code/", SCRIPT),
    ("com.apple.CoreML/", f"a Core ML package: {WEIGHTS}"),
    ("saved_model.pb", f"a TensorFlow SavedModel: {WEIGHTS}"),
    (".npy", "an archive of numpy arrays: save weights by name with torch.save or safetensors"),
)
"""Part of an entry's name, and what it tells."""
FOLDERS = (
    ("saved_model.pb", f"a TensorFlow SavedModel: {WEIGHTS}"),
    ("Manifest.json", f"a Core ML package: {WEIGHTS}"),
    ("manifest.json", "a bundle of fer-export: give the checkpoint that it was made from"),
    ("model.safetensors", "a folder: give the model.safetensors in it"),
    ("pytorch_model.bin", "a folder: give the pytorch_model.bin in it"),
    ("best.safetensors", "a folder: give the best.safetensors in it"),
    ("data.pkl", "an unpacked archive of torch.save: give the file itself"),
)


def open_weights(path: Path) -> tuple[BufferedReader, str]:
    """Open a file of weights and say how it is read.

    Args:
        path: any path; pipes, devices, sockets and folders are refused without waiting for them.

    Returns:
        The open file, at its beginning, and ``safetensors``, ``pickle``, ``onnx`` or ``keras``.

    Raises:
        CheckpointError: no such file, no file, too large, or something else than weights.
    """
    try:
        _check_regular(path, path.stat())
        # A pipe that takes the file's place now is opened without waiting for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; {GIVE}") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error
    handle = os.fdopen(descriptor, "rb")
    try:
        _check_regular(path, os.fstat(descriptor))
        return handle, _form(handle, path)
    except BaseException:
        handle.close()
        raise


def _check_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        inside = next((said for name, said in FOLDERS if (path / name).exists()), f"a folder; {GIVE}")
        raise CheckpointError(f"{path} is {inside}")
    if not stat.S_ISREG(status.st_mode):
        kind = next(
            word
            for test, word in (
                (stat.S_ISFIFO, "a pipe"),
                (stat.S_ISSOCK, "a socket"),
                (lambda _: True, "a device"),
            )
            if test(status.st_mode)
        )
        raise CheckpointError(f"{path} is {kind}, which is not read; {GIVE}")
    if status.st_size > LARGEST:
        raise CheckpointError(
            f"{path} has {status.st_size / 1e9:.1f} GB; weights of up to {LARGEST >> 30} GiB are read"
        )


def _form(handle: BufferedReader, path: Path) -> str:
    head = handle.read(HEAD)
    handle.seek(0)
    if not head:
        raise CheckpointError(f"{path.name} is empty; {GIVE}")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _check_archive(handle, path.name)
    if head.startswith(HDF5):
        return "keras"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST_HEADER:
        return "safetensors"
    found = next((said for at, sign, said in SIGNS if head.startswith(sign, at)), "")
    found = found or _protobuf(head, path.suffix)
    if found == ONNX:
        return ONNX
    if found:
        raise CheckpointError(f"{path.name} is {found}")
    if path.suffix.lower() == ".safetensors":
        return "safetensors"  # whose own reader says what is wrong with it
    # Protocol 2 and later begin with this byte; the older ones are text, and nothing else here is.
    if head.startswith(b"\x80") or head[:1] in b"(}]cG":
        return "pickle"
    raise CheckpointError(
        f"{path.name} is refused: it is none of the files that weights are read from ({', '.join(SUFFIXES)})"
    )


def _check_archive(handle: BufferedReader, name: str) -> str:
    """Whose archive it is."""
    try:
        with zipfile.ZipFile(handle) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise CheckpointError(f"{name} is a damaged archive: {error}; copy it again") from error
    finally:
        handle.seek(0)
    for part, said in ARCHIVES:
        if any(part in entry for entry in names):
            raise CheckpointError(f"{name} is {said}")
    return "keras" if {"config.json", "model.weights.h5"} <= set(names) else "pickle"


def _protobuf(head: bytes, suffix: str) -> str:
    """ONNX, Core ML and TensorFlow all begin with a version number in field 1, and have no other sign."""
    if suffix.lower() in (".onnx", ".mlmodel", ".pb"):
        kind = {".onnx": ONNX, ".pb": f"a TensorFlow graph: {WEIGHTS}"}
        return kind.get(suffix.lower(), f"a Core ML model: {WEIGHTS}")
    if len(head) < 5 or head[0] != 0x08 or not 1 <= head[1] <= 64 or head[2] not in (0x12, 0x1A, 0x3A, 0x42):
        return ""
    # ONNX: producer's name (2) and version (3), graph (7), operator sets (8). The others: a message in field 2.
    inner = head[4:5] if head[3] < 0x80 else b"\n"
    if head[2] == 0x12 and inner == b"\n":
        return f"a Core ML or TensorFlow model: {WEIGHTS}"
    return ONNX
