"""Weights into a network: every tensor in its place, or one sentence that lists all that do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fer_edge.runtime.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fer_edge.train.checkpoint import Checkpoint

PREFIXES = ("module.", "model.", "_orig_mod.")
"""Put before every name by DataParallel, by training scripts' wrappers and by ``torch.compile``."""
MAY_BE_MISSING = "num_batches_tracked"
LISTED = 1000
"""Names of a kind in one message: all that the largest architecture has, but not a hostile file's millions."""


def fit(module: nn.Module, checkpoint: Checkpoint) -> nn.Module:
    """Load ``checkpoint`` into ``module`` strictly.

    Args:
        module: gets the weights; its mode stays as it is.
        checkpoint: names may carry the prefixes ``module.``, ``model.`` and ``_orig_mod.``; BatchNorm's
            ``num_batches_tracked`` may be missing.

    Returns:
        ``module``.

    Raises:
        CheckpointError: missing, unexpected and wrongly shaped tensors, all at once; ``module`` is then unchanged.
    """
    wanted = module.state_dict()
    state = renamed(checkpoint.state, wanted)
    faults = _faults(state, wanted)
    if faults:
        raise CheckpointError(
            f"{checkpoint.path.name} does not fit {type(module).__name__}: {'; '.join(faults)}. "
            "Check --arch, --arch-arg, the number of labels and the channels"
        )
    module.load_state_dict({**wanted, **state})
    return module


def renamed(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The renaming that fits best; as it came if none is better, since a network may call its own part ``model``."""
    best = dict(state)
    current = dict(state)
    for _ in range(2 * len(PREFIXES)):
        stripped = _stripped(current)
        if stripped is None:
            break
        current = stripped
        if len(current.keys() ^ wanted.keys()) < len(best.keys() ^ wanted.keys()):
            best = current
    return best


def _stripped(state: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    for prefix in PREFIXES:
        if any(name.startswith(prefix) for name in state):
            renamed = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
            return renamed if len(renamed) == len(state) else None
    return None


def _faults(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    missing = [name for name in wanted if name not in state and not name.endswith(MAY_BE_MISSING)]
    unexpected = [name for name in state if name not in wanted]
    shapes = [
        f"{name} {_shape(state[name])} instead of {_shape(wanted[name])}"
        for name in wanted
        if name in state and state[name].shape != wanted[name].shape
    ]
    kinds = [
        f"{name} ({str(state[name].dtype).removeprefix('torch.')})"
        for name in wanted
        if name in state
        and state[name].is_floating_point() != wanted[name].is_floating_point()
        and not name.endswith(MAY_BE_MISSING)
    ]
    groups = (
        ("missing", missing),
        ("unexpected", unexpected),
        ("of another shape", shapes),
        ("of another kind", kinds),
    )
    return [f"{len(names)} {title}: {_some(names)}" for title, names in groups if names]


def _shape(tensor: Tensor) -> str:
    return "x".join(str(edge) for edge in tensor.shape) or "scalar"


def _some(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - LISTED} more" if len(every) > LISTED else ""
    return ", ".join(every[:LISTED]) + more
