"""timm's networks, as ``timm:NAME``, with as many input channels and classes as asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.closest import closest
from fer_edge.runtime.errors import CheckpointError
from fer_edge.runtime.extras import require

if TYPE_CHECKING:
    from torch import nn

REFUSED = (
    "pretrained",
    "checkpoint_path",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "scriptable",
    "cache_dir",
)
"""Arguments of ``timm.create_model`` that fetch or load something, which no file may ask for."""


def build_timm(name: str, num_classes: int, channels: int | None, arguments: Mapping[str, Any]) -> nn.Module:
    """The network with random weights; nothing is fetched.

    Args:
        name: as timm lists it.
        num_classes: number of labels.
        channels: input planes; None: as the network has them.
        arguments: further ones of ``timm.create_model``.

    Raises:
        CheckpointError: timm has no such network, or refuses the arguments.
        MissingExtra: timm is not installed.
    """
    timm = require("timm", "timm")
    refused = sorted(set(REFUSED) & set(arguments))
    if refused:
        raise CheckpointError(
            f"--arch-arg {', '.join(refused)}: weights come from the checkpoint alone; leave that out"
        )
    known = timm.list_models()
    base = name.partition(".")[0]
    if base not in known:
        near = closest(base, known)
        raise CheckpointError(
            f"timm has no network {name[:80]!r}{f'; did you mean timm:{near}?' if near else ''}"
        )
    planes = {} if channels is None else {"in_chans": channels}
    try:
        made: nn.Module = timm.create_model(
            base, pretrained=False, num_classes=num_classes, **planes, **arguments
        )
    except Exception as error:  # whatever a network of hundreds raises at an argument
        raise CheckpointError(f"timm:{name[:80]} refused its arguments: {str(error)[:300]}") from error
    return made
