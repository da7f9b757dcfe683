"""A Keras file opened: ``.h5`` and ``.hdf5`` (one HDF5 file), ``.keras`` (an archive with configuration and weights)."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.sources.translation import Array

HDF5 = b"\x89HDF\r\n\x1a\n"
LARGEST_CONFIG = 64 << 20
LARGEST_WEIGHTS = 4 << 30
MOST_TENSORS = 20_000
WEIGHTS_ALONE = (
    "it holds weights without the network (save_weights): save the whole model with model.save(path), or rebuild it in Keras "
    "and do so"
)


@dataclass(frozen=True)
class KerasFile:
    """The two halves of a file.

    Attributes:
        config: of the model: ``class_name`` and ``config``.
        tensors: path of each tensor to its numbers.
        named: paths of groups to the names of their layers, where the file notes them (``.keras``).
        archive: whether it is ``.keras``.
        version: of Keras that wrote it: 1, 2 or 3.
    """

    config: dict[str, Any]
    tensors: dict[str, Array]
    named: dict[str, str]
    archive: bool
    version: int = 3


def open_keras(data: bytes) -> KerasFile:
    """Read both.

    Raises:
        CheckpointError: damaged, or weights without a network.
    """
    if data.startswith(HDF5):
        return _of_hdf5(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            config = _entry(archive, "config.json", LARGEST_CONFIG)
            weights = _entry(archive, "model.weights.h5", LARGEST_WEIGHTS)
    except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        raise CheckpointError("it is damaged: copy it again") from error
    tensors, named, _ = _tensors(weights)
    return KerasFile(_config(config), tensors, named, archive=True)


def _entry(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    if archive.getinfo(name).file_size > largest:
        raise CheckpointError(f"its {name} is larger than networks have")
    return archive.read(name)


def _of_hdf5(data: bytes) -> KerasFile:
    tensors, _, attributes = _tensors(data)
    config = attributes.get("model_config")
    if config is None:
        raise CheckpointError(WEIGHTS_ALONE)
    text = config.encode() if isinstance(config, str) else bytes(config)
    # Of a whole model the weights stand in a group beside its optimizer's.
    inner = {
        key.removeprefix("model_weights/"): one
        for key, one in tensors.items()
        if key.startswith("model_weights/")
    }
    written = attributes.get("keras_version", "3")
    version = str(written.decode() if isinstance(written, bytes) else written)[:1]
    return KerasFile(
        _config(text), inner, {}, archive=False, version=int(version) if version.isdigit() else 3
    )


def _config(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError("its configuration is damaged: copy it again") from error
    if not isinstance(found, dict) or "class_name" not in found:
        raise CheckpointError("its configuration is that of no model")
    return found


def _tensors(data: bytes) -> tuple[dict[str, Array], dict[str, str], dict[str, Any]]:
    """Tensors by path, groups by the layer's name, attributes of the file."""
    import h5py

    tensors: dict[str, Array] = {}
    named: dict[str, str] = {}
    total = 0
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            attributes = dict(file.attrs)
            found: list[tuple[str, Any]] = []
            file.visititems(lambda path, one: found.append((path, one)))
            for path, one in found:
                if isinstance(one, h5py.Dataset):
                    total += one.nbytes
                    _check(one, path, len(tensors), total, len(data))
                    tensors[path] = np.asarray(one)
                elif isinstance(one.attrs.get("name"), str):
                    named[path] = one.attrs["name"]
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise CheckpointError(
            f"it is damaged ({' '.join(str(error).split())[:120]}): copy it again"
        ) from error
    return tensors, named, attributes


def _check(one: Any, path: str, count: int, total: int, size: int) -> None:
    if one.is_virtual or one.external:
        raise CheckpointError(f"its tensor {path[:80]} lies in another file, which is not followed")
    # Compressed ones may be small in the file; a thousandfold is an attack.
    if count >= MOST_TENSORS or total > LARGEST_WEIGHTS or total > 100 * size + (1 << 20):
        raise CheckpointError("it unpacks to more numbers than networks have")
