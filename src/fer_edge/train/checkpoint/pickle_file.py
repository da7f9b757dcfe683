"""``torch.save``'s files, new and old, and plain pickles of weights: read without ever unpickling in this process.

A child (``unpickling``) says which tensors there are and where their numbers lie; here the numbers are taken from
there, with every offset checked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.weight_sets import WeightSet

ADVICE = "save the weights alone: torch.save(model.state_dict(), path) or a .safetensors file"
OLD_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""A file of torch.save before 1.6 begins with this pickle of a number."""
LARGEST_PICKLE = 256 << 20
"""Bytes of a file's pickle, without the numbers; the largest seen have some megabytes."""
CPU_SECONDS, WALL_SECONDS = 3, 120
"""The pickle of 100,000 tensors takes the child less than one."""
MEMORY = 1 << 30


Numbers = Callable[[str], bytes]
"""Key of a storage -> its bytes."""


Found = tuple[dict[str, WeightSet], dict[str, str]]
"""Sets of weights, and what a snapshot of ours says of them in text."""


def parse(handle: BinaryIO, name: str) -> Found:
    """All sets of weights in a file.

    Args:
        handle: the file, open for reading.
        name: for messages.

    Returns:
        By the dotted path in the file's dictionaries; "" if the file itself is one. And the texts under ``fer_edge_...``
        that a snapshot has, as the metadata of a safetensors file.

    Raises:
        CheckpointError: the file needs code, is damaged, or holds no weights.
    """
    try:
        if handle.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            return _archive(handle, name)
        handle.seek(0)
        return _stream(handle.read(), name)
    except (ValueError, KeyError, TypeError, IndexError, EOFError, OSError, RuntimeError) as error:
        # The child's answer is untrusted input too, and so are the archive's tables.
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise CheckpointError(f"{name} is refused: it is damaged ({said}); copy it again") from error


def _archive(handle: BinaryIO, name: str) -> Found:
    try:
        with zipfile.ZipFile(handle) as archive:
            return _of_archive(archive, name, handle.seek(0, os.SEEK_END))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise CheckpointError(f"{name} is a damaged archive: {error}; copy it again") from error


def _of_archive(archive: zipfile.ZipFile, name: str, size: int) -> Found:
    entries = {entry.filename: entry for entry in archive.infolist()}
    found = [entry for entry in entries if entry.count("/") == 1 and entry.endswith("/data.pkl")]
    if len(found) != 1:
        raise CheckpointError(f"{name} is an archive, but none of torch.save: it has no data.pkl; {ADVICE}")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
        raise CheckpointError(f"{name} holds compressed records, which torch.save does not write; {ADVICE}")
    if sum(entry.file_size for entry in entries.values()) > size:
        raise CheckpointError(f"{name} is a damaged archive: its records overlap; copy it again")
    root = found[0].removesuffix("data.pkl")
    order = f"{root}byteorder"
    if order in entries and archive.read(order) != b"little":
        raise CheckpointError(f"{name} was written on a machine of the other byte order; {ADVICE}")
    if entries[found[0]].file_size > LARGEST_PICKLE:
        raise CheckpointError(f"{name} is refused: its pickle is larger than {LARGEST_PICKLE >> 20} MiB")
    document, _ = _unpickle(archive.read(found[0]), name)
    return _sets(document, name, lambda key: archive.read(f"{root}data/{key}")), _texts(document)


def _stream(data: bytes, name: str) -> Found:
    document, inline = _unpickle(data, name)
    places, at = {}, document["after"]
    for key, kind in document["order"] or ():  # an old file: storages stand behind the pickles
        size = int.from_bytes(data[at : at + 8], "little") * _width(kind)
        places[key] = slice(at + 8, at + 8 + size)
        at += 8 + size
    return _sets(document, name, lambda key: data[places[key]], inline), _texts(document)


def _texts(document: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(text) for key, text in document["texts"].items()}


def _unpickle(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """The child's document, and the numbers that stood in the pickle."""
    limits = (str(CPU_SECONDS + (len(data) >> 23)), str(MEMORY + 4 * len(data)))
    script = Path(__file__).with_name("unpickling.py")
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), *limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            answer, _ = child.communicate(data, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            answer = b""
        finally:  # also of Ctrl-C, which a child that counts does not notice
            child.kill()
    if len(answer) < 8:
        raise CheckpointError(
            f"{name} is refused: reading its pickle took more time or memory than weights ever do; {ADVICE}"
        )
    end = 8 + int.from_bytes(answer[:8], "little")
    document: dict[str, Any] = json.loads(answer[8:end])
    _refuse(document, name)
    return document, answer[end:]


def _refuse(document: Mapping[str, Any], name: str) -> None:
    if document.get("network"):
        kind, where = document["network"]
        raise CheckpointError(
            f"{name} is refused: it holds a whole pickled network ({kind}), and code would have to be run "
            "to read it; where that code is at hand and trusted: "
            f'torch.save(torch.load(path, weights_only=False){where}.state_dict(), "weights.pth")'
        )
    if document.get("needs"):
        raise CheckpointError(
            f"{name} is refused: it needs code to be run ({', '.join(document['needs'])[:200]}); {ADVICE}"
        )
    if document.get("error"):
        raise CheckpointError(
            f"{name} is refused: it cannot be read as weights alone ({document['error']}); {ADVICE}"
        )


def _sets(
    document: Mapping[str, Any], name: str, numbers: Numbers, inline: bytes = b""
) -> dict[str, WeightSet]:
    if not document["sets"]:
        raise CheckpointError(f"{name} holds no weights, but {document['outline']}; {ADVICE}")
    storages: list[Tensor] = []
    kept: dict[str, Tensor] = {}
    at = 0
    for key, _, size in document["storages"]:
        if size is not None:  # in the pickle itself
            storages.append(_flat(inline[at : at + size]))
            at += size
        else:  # several tensors may share one
            kept[key] = kept[key] if key in kept else _flat(numbers(key))
            storages.append(kept[key])
    found: dict[str, WeightSet] = {}
    odd = {path: _odd(one["tensors"]) for path, one in document["sets"].items()}
    for path, one in document["sets"].items():
        if not odd[path]:
            tensors = {key: _tensor(said, storages, key) for key, said in one["tensors"].items()}
            found[path] = WeightSet(tensors, one["versions"])
    if not found:
        refused = next(iter(odd.values()))
        raise CheckpointError(
            f"{name}: {len(refused)} tensors are not plain numbers: {', '.join(refused[:8])}; {ADVICE}"
        )
    return found


def _odd(tensors: Mapping[str, list[Any]]) -> list[str]:
    """Sparse ones and the like."""
    return [f"{key[:100]} ({said[-1]})" for key, said in tensors.items() if said[-1]]


def _flat(raw: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(bytearray(raw), np.uint8))


def _tensor(said: list[Any], storages: list[Tensor], key: str) -> Tensor:
    index, kind, offset, shape, stride, _ = said
    if len(shape) != len(stride) or min([0, offset, *shape, *stride]) < 0:
        raise ValueError(f"{key[:200]} has an impossible shape")
    dtype = getattr(torch, kind)
    if 0 in shape:
        return torch.empty(shape, dtype=dtype)
    count = len(storages[index]) // dtype.itemsize
    if offset + sum((edge - 1) * step for edge, step in zip(shape, stride, strict=True)) >= count:
        raise ValueError(f"{key[:200]} has more numbers than there are")
    # Views of one storage share its memory, as in the file.
    found: Tensor = storages[index][: count * dtype.itemsize].view(dtype).as_strided(shape, stride, offset)
    return found


def _width(kind: str) -> int:
    return int(getattr(torch, kind).itemsize)
