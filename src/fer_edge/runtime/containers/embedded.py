"""The contract inside an artifact, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fer_edge.runtime.containers import safetensors
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.errors import BundleError, ContractError
from fer_edge.runtime.formats import FORMATS
from fer_edge.runtime.paths import kind_of

CONTAINERS: dict[str, Callable[[Path], list[bytes]]] = {
    **{spec.extension: spec.read_contracts for spec in sorted(FORMATS, key=lambda spec: spec.rank)},
    ".safetensors": safetensors.read,
}
"""Reader by extension: the formats' and that of reference weights."""


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
