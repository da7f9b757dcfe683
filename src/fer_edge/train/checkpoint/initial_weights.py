"""``--init``: a network that starts from somebody's weights instead of random ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.load_weights import choose, place

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.runtime.contract import Contract


def start_from(network: nn.Module, path: Path, contract: Contract, weights_key: str | None = None) -> str:
    """Load weights: all of them, or all but the last layer where that answers other classes.

    Args:
        network: changed in place.
        path: a checkpoint of ours, or of anybody (ImageNet weights, say).
        contract: of the network. Where the file has a contract too, other labels leave out the last layer even if
            there are as many.
        weights_key: which of several sets of weights.

    Returns:
        What was done, as a sentence.

    Raises:
        CheckpointError: weights that cannot be read or do not fit; all that do not are named.
    """
    checkpoint = read_checkpoint(path, weights_key=weights_key)
    last = last_layer(network)
    found = choose(checkpoint, network, loose=last)
    wanted = network.state_dict()
    others = checkpoint.contract is not None and checkpoint.contract.labels != contract.labels
    answers = [name for name in wanted if last and name.startswith(last)]
    shapes = {name: tensor.shape for name, tensor in found.tensors.items()}
    if not others and all(shapes.get(name) == wanted[name].shape for name in answers):
        place(network, found)
        return f"starting from all weights of {path.name}"
    # The network's own random last layer stays; whatever else does not fit is an error.
    kept = {name: tensor for name, tensor in found.tensors.items() if name not in answers}
    place(network, replace(found, tensors=kept))
    return f"starting from the weights of {path.name} except the last layer {last.rstrip('.')}, which answers other classes"


def last_layer(network: nn.Module) -> str:
    """Name of the last module with weights of its own, with a dot behind it; "" if that is the network itself."""
    names = [name for name, module in network.named_modules() if list(module.parameters(recurse=False))]
    return f"{names[-1]}." if names and names[-1] else ""
