"""The door for weights: whatever comes from a stranger is read here, and nothing in it is ever run.

``.safetensors`` holds numbers and text. ``.pt``, ``.pth`` and ``.ckpt`` are pickles and go through
``torch.load(weights_only=True)``; there is no other way in, and no fallback. TorchScript archives hold code and are
refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.fitting import fit

if TYPE_CHECKING:
    from torch import Tensor

    from fer_edge.runtime.contract import Contract

__all__ = [
    "ARCH_ARGS_KEY",
    "ARCH_KEY",
    "CONTRACT_KEY",
    "Checkpoint",
    "builtin_checkpoint",
    "check_there",
    "fit",
    "read_checkpoint",
    "write_checkpoint",
]

CONTRACT_KEY = "fer_edge_contract"
ARCH_KEY = "fer_edge_arch"
ARCH_ARGS_KEY = "fer_edge_arch_args"
PICKLES = (".pt", ".pth", ".ckpt")
BUILTIN = "fer-mini.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """Weights as numbers.

    Attributes:
        state: tensors by name, on the CPU, own memory; floating ones are float32 and finite, integers stay int64.
        contract: how the network is fed, if the file says so.
        metadata: text stored beside the weights: ``fer_edge_arch``, ``fer_edge_arch_args`` (JSON) and so on;
            empty for pickles.
        sha256: of the file's bytes, in hexadecimal.
        path: where it was read from.
    """

    state: dict[str, Tensor]
    contract: Contract | None
    metadata: dict[str, str]
    sha256: str
    path: Path


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read weights without running anything that the file holds.

    Args:
        path: ``.safetensors``, ``.pt``, ``.pth`` or ``.ckpt``.

    Returns:
        The weights; keys as the file has them, apart from an outer ``state_dict`` and the like.

    Raises:
        CheckpointError: unreadable, truncated, needs code, holds NaN or infinity, or no weights at all.
        ContractError: the contract inside breaks its schema.
    """
    path = Path(path)
    data = _bytes(path)
    metadata: dict[str, str] = {}
    if path.suffix == ".safetensors":
        from fer_edge.train.safetensors_file import parse

        raw, metadata = parse(data, path.name)
        _check_digest(path)
    elif path.suffix in PICKLES:
        from fer_edge.train.pickle_file import parse as unpickle

        raw = unpickle(data, path.name)
    else:
        raise CheckpointError(
            f"{path.name}: weights are read from .safetensors, .pt, .pth and .ckpt, not from {path.suffix or 'no suffix'!r}"
        )
    from fer_edge.train.finite import clean

    state = clean(raw, path.name, file_bytes=len(data))
    return Checkpoint(state, _contract(metadata, path.name), metadata, hashlib.sha256(data).hexdigest(), path)


def write_checkpoint(
    path: str | Path,
    state: Mapping[str, Tensor],
    contract: Contract | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write weights as ``.safetensors``, atomically; equal input gives equal bytes. A digest of the file lies inside it.

    Args:
        path: the file to write.
        state: tensors by name.
        contract: stored under ``fer_edge_contract``.
        metadata: further text, such as ``fer_edge_arch``.

    Raises:
        CheckpointError: a tensor's dtype has no place in the format.
    """
    from fer_edge.runtime.atomic import write_bytes
    from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal
    from fer_edge.train.safetensors_file import serialize

    text = {**(metadata or {}), DIGEST_KEY: BLANK_DIGEST}
    if contract is not None:
        text[CONTRACT_KEY] = contract.text
    write_bytes(Path(path), seal(serialize(state, text)))


def builtin_checkpoint() -> Path:
    """The built-in model's weights, package data of ``fer_edge.train``.

    Raises:
        CheckpointError: this installation lacks them.
    """
    path = Path(str(resources.files("fer_edge.train"))) / "weights" / BUILTIN
    if not path.is_file():
        raise CheckpointError(
            f"the built-in weights {BUILTIN} are missing from this installation; `fer-train synthetic --out DIR` trains them"
        )
    return path


def check_there(path: Path) -> None:
    """Refuse a path where no file is: a question that comes before all others about it.

    Raises:
        CheckpointError: nothing is there, or a folder.
    """
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder; give a .safetensors, .pt, .pth or .ckpt file")
    if not path.exists():
        raise CheckpointError(f"{path}: no such file; give a .safetensors, .pt, .pth or .ckpt file")


def _bytes(path: Path) -> bytes:
    check_there(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error


def _check_digest(path: Path) -> None:
    from fer_edge.runtime.containers.digest import check_digest
    from fer_edge.runtime.errors import BundleError

    try:
        check_digest(path)
    except BundleError as error:
        raise CheckpointError(str(error)) from None


def _contract(metadata: Mapping[str, str], name: str) -> Contract | None:
    if CONTRACT_KEY not in metadata:
        return None
    from fer_edge.runtime.contract import Contract
    from fer_edge.runtime.errors import ContractError

    try:
        return Contract.parse(metadata[CONTRACT_KEY])
    except ContractError as error:
        raise ContractError(f"{name}: {error}") from None
