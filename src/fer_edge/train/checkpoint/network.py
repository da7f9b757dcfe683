"""Networks with a checkpoint's weights: built from its architecture, or initialized from it before a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.checkpoint import Checkpoint, read_checkpoint
from fer_edge.train.checkpoint.load_weights import assign, choose, load_weights
from fer_edge.train.models import resolve
from fer_edge.train.models.foreign import RAISED, sentence
from fer_edge.train.models.selection import Selection

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.runtime.contract import Contract


def build_network(
    checkpoint: Checkpoint,
    arch: str,
    contract: Contract,
    *,
    arch_args: Mapping[str, Any] | None = None,
    selection: Selection | None = None,
) -> nn.Module:
    """The network of a checkpoint: ``eval()``, on the CPU, without gradients.

    Args:
        checkpoint: its weights.
        arch: a built-in name, or ``package.module:callable`` if the user gave it; a file must never choose what is imported.
        contract: how the network is fed and how many labels it has.
        arch_args: of the architecture; None: as the checkpoint says.
        selection: which of several outputs is the answer; None: as the checkpoint says.

    Raises:
        CheckpointError: the architecture cannot be made or evaluated, or the weights do not fit it.
    """
    arguments = checkpoint.arch_args if arch_args is None else arch_args
    network = resolve(
        arch, num_classes=len(contract.labels), channels=contract.input.channels, arch_args=arguments
    )
    _complete_lazy(network, contract)
    load_weights(network, checkpoint)
    try:
        network.eval()  # which may be somebody's, and may return nothing
    except RAISED as error:
        raise CheckpointError(f"--arch {arch}: eval() raised {sentence(error)}") from error
    network.requires_grad_(requires_grad=False)
    chosen = checkpoint.selection if selection is None else selection
    if not chosen:
        return network
    from fer_edge.train.models.selected import Selected

    return Selected(network, chosen).eval()


def _complete_lazy(network: nn.Module, contract: Contract) -> None:
    """Give modules that take their shapes from their first input one, as their authors would."""
    import torch
    from torch.nn.parameter import is_lazy

    if not any(map(is_lazy, (*network.parameters(), *network.buffers()))):
        return
    spec = contract.input
    network.eval()
    try:
        with torch.no_grad():
            network(torch.zeros(1, spec.channels, spec.height, spec.width))
    except RAISED as error:
        raise CheckpointError(
            f"the module has lazy parameters and refuses the input that would give them a shape: {sentence(error)}"
        ) from error


def initialize(network: nn.Module, path: Path, contract: Contract, weights_key: str | None = None) -> str:
    """Load initial weights: all of them, or all but the last layer where that answers other classes.

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
        assign(network, found)
        return f"starting from all weights of {path.name}"
    # The network's own random last layer stays; whatever else does not fit is an error.
    kept = {name: tensor for name, tensor in found.tensors.items() if name not in answers}
    assign(network, replace(found, tensors=kept))
    return f"starting from the weights of {path.name} except the last layer {last.rstrip('.')}, which answers other classes"


def last_layer(network: nn.Module) -> str:
    """Name of the last module with weights of its own, with a dot behind it; "" if that is the network itself."""
    names = [name for name, module in network.named_modules() if list(module.parameters(recurse=False))]
    return f"{names[-1]}." if names and names[-1] else ""
