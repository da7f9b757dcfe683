"""``--init``: a network that starts from somebody's weights instead of random ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.train.checkpoint import fit, read_checkpoint
from fer_edge.train.fitting import renamed

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.runtime.contract import Contract


def start_from(network: nn.Module, path: Path, contract: Contract) -> str:
    """Load weights: all of them, or all but the last layer where that answers other classes.

    Args:
        network: changed in place.
        path: ``.safetensors`` of ours, or ``.pt``, ``.pth``, ``.ckpt`` of anybody (ImageNet weights, say).
        contract: of the network. Where the file has a contract too, other labels leave out the last layer even if
            there are as many.

    Returns:
        What was done, as a sentence.

    Raises:
        CheckpointError: weights that cannot be read or do not fit; all that do not are named.
    """
    checkpoint = read_checkpoint(path)
    last = last_layer(network)
    wanted = network.state_dict()
    state = renamed(checkpoint.state, wanted)
    others = checkpoint.contract is not None and checkpoint.contract.labels != contract.labels
    answers = [name for name in wanted if name.startswith(last) and name in state]
    if not others and all(state[name].shape == wanted[name].shape for name in answers):
        fit(network, checkpoint)
        return f"starting from all weights of {path.name}"
    # The network's own random last layer takes the place of theirs; whatever else does not fit is still an error.
    fit(network, replace(checkpoint, state={**state, **{name: wanted[name] for name in answers}}))
    return f"starting from the weights of {path.name} except the last layer {last.rstrip('.')}, which answers other classes"


def last_layer(network: nn.Module) -> str:
    """Name of the last module with weights of its own, with a dot behind it; "" if that is the network itself."""
    names = [name for name, module in network.named_modules() if list(module.parameters(recurse=False))]
    return f"{names[-1]}." if names and names[-1] else ""
