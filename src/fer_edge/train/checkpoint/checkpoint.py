"""Checkpoints: files of weights, whoever wrote them; nothing in one is ever run.

A safetensors file holds numbers and text. What torch.save wrote is a pickle: it is unpickled in a child that imports
nothing and gives numbers alone; there is no other way in, and no fallback. TorchScript archives hold code and are
refused. What a file is, its first bytes say, not its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.weight_sets import WeightSet, list_keys, narrow, without_observers
from fer_edge.train.models import IMPORTED
from fer_edge.train.models.selection import ALL, Selection

if TYPE_CHECKING:
    from torch import Tensor

    from fer_edge.runtime.contract import Contract
    from fer_edge.train.checkpoint.sources.reading import Source, Wanted

CONTRACT_KEY = "fer_edge_contract"
ARCH_KEY = "fer_edge_arch"
ARCH_ARGS_KEY = "fer_edge_arch_args"
OUTPUT_KEY = "fer_edge_output"
BUILTIN = "fer-mini.safetensors"
SOURCES = ("keras", "onnx")
"""Forms of files that hold a whole network of another framework."""


@dataclass(frozen=True)
class Checkpoint:
    """Weights as numbers.

    Attributes:
        sets: by ``--weights-key``; ``load_weights`` takes the one that fits.
        contract: how the network is fed, if the file says so.
        metadata: text stored beside the weights: ``fer_edge_arch`` and so on; of pickles only snapshots have any.
        sha256: of the file's bytes, in hexadecimal.
        path: where it was read from.
        size: of the file in bytes.
        source: the network itself, where the file is another framework's.
    """

    sets: Mapping[str, WeightSet]
    contract: Contract | None
    metadata: dict[str, str]
    sha256: str
    path: Path
    size: int
    source: Source | None = None

    @property
    def state(self) -> dict[str, Tensor]:
        """Tensors by name, on the CPU, own memory; floating ones are float32 and finite, integers stay int64.

        Raises:
            CheckpointError: there are several sets of weights.
        """
        if len(self.sets) > 1:
            raise CheckpointError(
                f"{self.path.name} holds {list_keys(self.sets)}; say which with --weights-key"
            )
        return next(iter(self.sets.values())).tensors

    def clean(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A chosen set as finite float32; the sets nobody chose may hold what they like."""
        if len(self.sets) == 1:  # done when it was read
            return dict(tensors)
        from fer_edge.train.checkpoint.finite import clean

        return clean(tensors, self.path.name, file_bytes=self.size)

    @property
    def arch(self) -> str | None:
        """The architecture's name, if the file says it; never to be imported unless it is built in."""
        return self.metadata.get(ARCH_KEY)

    @property
    def arch_args(self) -> dict[str, Any]:
        """Its arguments; none if the file names none.

        Raises:
            CheckpointError: they are no JSON object.
        """
        try:
            found = json.loads(self.metadata.get(ARCH_ARGS_KEY, "{}"))
        except (ValueError, RecursionError) as error:
            raise CheckpointError(
                f"{self.path.name}: {ARCH_ARGS_KEY} is not JSON: {str(error)[:200]}"
            ) from error
        if not isinstance(found, dict):
            raise CheckpointError(f"{self.path.name}: {ARCH_ARGS_KEY} must be a JSON object")
        return found

    @property
    def selection(self) -> Selection:
        """The output of the network that is the answer; ``ALL`` if the file does not say.

        Raises:
            CheckpointError: the file says something else.
        """
        text = self.metadata.get(OUTPUT_KEY)
        return ALL if text is None else Selection.parse(text, self.path.name)


def read_checkpoint(
    path: str | Path, *, weights_key: str | None = None, wanted: Wanted | None = None
) -> Checkpoint:
    """Read weights without running anything that the file holds.

    Args:
        path: a safetensors file, what ``torch.save`` or ``pickle.dump`` wrote, or a network of Keras or ONNX.
        weights_key: which of several sets of weights; None: the one that will fit.
        wanted: what the user says about a network of Keras or ONNX.

    Returns:
        The weights; keys as the file has them.

    Raises:
        CheckpointError: unreadable, truncated, needs code, holds NaN or infinity, no weights at all, or nothing under
            ``weights_key``.
        ContractError: the contract inside breaks its schema.
    """
    from fer_edge.train.checkpoint.weights_file import open_weights

    path = Path(path)
    handle, form = open_weights(path)
    with handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        size = handle.tell()
        handle.seek(0)
        if form in SOURCES:
            from fer_edge.train.checkpoint.sources.reading import refuse_large

            refuse_large(size, form, path.name)
            return _read_source(handle.read(), form, path, wanted, digest)
        sets, metadata = _sets(handle, form, path)
    sets = {key: without_observers(one) for key, one in sets.items()}
    if weights_key is not None:
        sets = narrow(sets, weights_key, path.name)
    if len(sets) == 1:
        from fer_edge.train.checkpoint.finite import clean

        sets = {
            key: replace(one, tensors=clean(one.tensors, path.name, file_bytes=size))
            for key, one in sets.items()
        }
    return Checkpoint(sets, _contract(metadata, path.name), metadata, digest, path, size)


def _read_source(data: bytes, form: str, path: Path, wanted: Wanted | None, digest: str) -> Checkpoint:
    """The network in a file of another framework, as a checkpoint that names our architecture."""
    from fer_edge.train.checkpoint.finite import clean
    from fer_edge.train.checkpoint.sources.reading import Wanted, read_source

    source, tensors = read_source(data, form, path.name, wanted or Wanted())
    sets = {"": WeightSet(clean(tensors, path.name, file_bytes=len(data)))}
    metadata = {ARCH_KEY: IMPORTED, ARCH_ARGS_KEY: json.dumps({"steps": source.steps}, sort_keys=True)}
    return Checkpoint(sets, None, metadata, digest, path, len(data), source)


def _sets(handle: BufferedReader, form: str, path: Path) -> tuple[dict[str, WeightSet], dict[str, str]]:
    if form == "pickle":
        from fer_edge.train.checkpoint.pickle_file import parse as unpickle

        found = unpickle(handle, path.name)
        _check_digest(path)
        return found
    from fer_edge.train.checkpoint.safetensors_file import parse

    tensors, metadata = parse(handle.read(), path.name)
    _check_digest(path)
    return {"": WeightSet(tensors)}, metadata


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
    from fer_edge.train.checkpoint.safetensors_file import serialize

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
