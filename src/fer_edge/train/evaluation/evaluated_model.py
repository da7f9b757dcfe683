"""Models that are evaluated: a checkpoint in PyTorch, or a bundle or artifact in its engine; one picture in, probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.runtime.formats import is_package
from fer_edge.runtime.manifest import MANIFEST
from fer_edge.runtime.model import load, softmax
from fer_edge.runtime.paths import kind_of

CHECKPOINTS = (".safetensors", ".pth", ".ckpt", ".pkl", ".bin")
"""Endings of weights, in any case; ``.pt`` is a TorchScript artifact here."""
WEIGHTS = "best.safetensors"

Run = Callable[[NDArray[Any]], NDArray[np.float32]]
"""A prepared picture in the contract's shape and dtype -> (labels,) float32 probabilities."""


@dataclass(frozen=True)
class EvaluatedModel:
    """A model that can answer.

    Attributes:
        contract: how it is fed.
        title: how a reader tells it from another: model and variant.
        engine: library and version.
        threads: that it uses.
        size_bytes: of its file or package.
        run: asks it.
        artifact: the file or package that an engine runs; None: weights.
    """

    contract: Contract
    title: str
    engine: str
    threads: int
    size_bytes: int
    run: Run
    artifact: Path | None = None


def open_model(
    path: Path,
    *,
    variant: str | None = None,
    engine: str | None = None,
    threads: int = 1,
    arch: Sequence[str] = (),
) -> EvaluatedModel:
    """Open what ``fer-train evaluate`` was given.

    Args:
        path: weights that hold their contract, a training's folder, a bundle's folder, or one artifact.
        variant: of a bundle.
        engine: of a bundle or artifact.
        threads: of the network.
        arch: repeats the name of a network that is not built in; a file alone cannot choose what is imported. Names of
            built-in ones must be the checkpoint's.

    Raises:
        CheckpointError: weights without a contract, of an unknown architecture, or that do not fit it.
        FerEdgeError: options that do not belong to weights, or whatever the runtime refuses.
    """
    if not is_checkpoint(path):
        return _artifact(path, variant, engine, threads)
    path = path / WEIGHTS if kind_of(path) == "folder" else path
    if variant or engine:
        raise FerEdgeError(
            f"{path.name} is a checkpoint and runs in PyTorch; --variant and --engine are for bundles and artifacts"
        )
    return _checkpoint(path, threads, arch)


def is_checkpoint(path: Path) -> bool:
    """True if it is weights, or the folder that a training left."""
    if kind_of(path) == "folder":
        return not (path / MANIFEST).exists() and (path / WEIGHTS).is_file()
    return path.suffix.lower() in CHECKPOINTS


def is_bundle(path: Path) -> bool:
    """True if it is a folder of artifacts; one that is missing may be."""
    return not is_checkpoint(path) and not path.is_file() and not is_package(path)


def _artifact(path: Path, variant: str | None, engine: str | None, threads: int) -> EvaluatedModel:
    model = load(path, variant=variant, engine=engine, threads=threads)
    title = f"{model.contract.model} {model.variant or model.path.name}"
    return EvaluatedModel(
        model.contract, title, model.engine, threads, _size(model.path), model.run, model.path
    )


def _checkpoint(path: Path, threads: int, arch: Sequence[str]) -> EvaluatedModel:
    from fer_edge.train.checkpoint.checkpoint import read_checkpoint
    from fer_edge.train.checkpoint.network import build_network

    checkpoint = read_checkpoint(path)
    contract, name = checkpoint.contract, checkpoint.arch
    if contract is None or name is None:
        raise CheckpointError(
            f"{path.name} holds no {'contract' if contract is None else 'name of its architecture'}, so nobody knows how "
            f"it is fed; give the {WEIGHTS}, best.ckpt or an epoch-NNN.ckpt of a training, or export it with fer-export and "
            "give the bundle"
        )
    _check_arch(path.name, name, arch)
    network = build_network(checkpoint, name, contract)
    run = _torch_run(network, contract, path.name, threads)
    engine = f"PyTorch {metadata.version('torch')}"
    return EvaluatedModel(contract, f"{contract.model} checkpoint", engine, threads, _size(path), run)


def _check_arch(file: str, name: str, given: Sequence[str]) -> None:
    if any(":" not in word and word != name for word in given):
        raise CheckpointError(
            f"{file} says its architecture is {name}, not {', '.join(given)}; leave --arch out"
        )
    if ":" in name and name not in given:
        raise CheckpointError(
            f"{file} names the architecture {name}, which is not built in; a file cannot choose what is imported: "
            f"add --arch {name} if you trust it"
        )


def _torch_run(network: Any, contract: Contract, file: str, threads: int) -> Run:
    import torch

    logits = contract.output.kind == "logits"

    def run(tensor: NDArray[Any]) -> NDArray[np.float32]:
        before = torch.get_num_threads()
        if before != threads:
            torch.set_num_threads(threads)
        try:
            with torch.inference_mode():
                values = network(torch.from_numpy(tensor))[0].numpy()
        except RuntimeError as error:  # somebody else's network may not take the contract's shape
            raise CheckpointError(f"{file} cannot answer: {str(error).splitlines()[0]}") from None
        finally:
            if before != threads:
                torch.set_num_threads(before)
        return softmax(values) if logits else values

    return run


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
