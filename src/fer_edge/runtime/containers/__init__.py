"""The contract that lies inside an artifact, read with the standard library only, before any native parser.

One file a container, each with ``read(path) -> list[bytes]``; adding one is a file and a line in ``CONTAINERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fer_edge.runtime.containers import coreml, onnx, safetensors, tflite
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.errors import BundleError, ContractError
from fer_edge.runtime.paths import kind_of


def _read_torchscript(path: Path) -> list[bytes]:
    # The one reader that brings zipfile and a pickle's parser: only where such a file comes.
    from fer_edge.runtime.containers import torchscript

    return torchscript.read(path)


CONTAINERS: dict[str, Callable[[Path], list[bytes]]] = {
    ".tflite": tflite.read,
    ".onnx": onnx.read,
    ".pt": _read_torchscript,
    ".mlpackage": coreml.read,
    ".safetensors": safetensors.read,
}
"""Reader by extension."""


def read_embedded_contract(path: str | Path) -> str:
    """The text of the contract inside an artifact, exactly as it is stored there.

    Args:
        path: a ``.tflite``, ``.onnx``, ``.pt`` or ``.safetensors`` file or an ``.mlpackage`` folder.

    Raises:
        BundleError: no such file, an extension that is not ours, or the file is not what its name says.
        ContractError: no contract in it, several, or one that is not UTF-8.
    """
    place = Path(path)
    if place.suffix.lower() not in CONTAINERS:
        raise BundleError(f"{place.name} is no artifact; allowed: {', '.join(CONTAINERS)}")
    kind = kind_of(place)
    if kind == "absent":
        raise BundleError(f"{place} does not exist")
    if kind == "other":
        raise BundleError(f"{place} is no plain file")
    try:
        found = CONTAINERS[place.suffix.lower()](place)
    except ContainerError as error:
        raise BundleError(f"{place.name} cannot be read: {error}") from None
    except OSError as error:
        raise BundleError(f"cannot read {place}: {error.strerror or error}") from None
    if len(found) != 1:
        many = "no contract" if not found else f"{len(found)} contracts"
        raise ContractError(f"{place.name} holds {many}; an artifact of fer-export holds one")
    try:
        return found[0].decode("utf-8")
    except UnicodeDecodeError:
        raise ContractError(f"the contract in {place.name} is not UTF-8 text") from None
