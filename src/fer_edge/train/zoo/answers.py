"""A fetched network asked what its package's own code answered: pictures of a formula, and the answers that were stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.runtime.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

    from fer_edge.train.zoo.networks import TrainedNetwork

MAX_ABS = 1e-5
"""Of any answer: float32 sums in another order."""


def judge_fetched(network: TrainedNetwork, steps: list[Any], state: Mapping[str, Tensor]) -> float:
    """Largest difference of any of its answers from those of its package's own code.

    Args:
        network: of the list.
        steps: its layers.
        state: its weights.

    Raises:
        CheckpointError: they differ by more than ``MAX_ABS``.
    """
    import torch

    from fer_edge.train.models.imported.network import build_imported

    module = build_imported(steps).eval()
    module.load_state_dict(dict(state), strict=False)
    with torch.inference_mode():
        answers = module(torch.from_numpy(_draw(network))).double().numpy()
    if network.final == "sigmoid":
        answers = 1 / (1 + np.exp(-answers))
    worst = float(np.abs(answers - np.array(network.answers)).max())
    if not worst <= MAX_ABS:
        raise CheckpointError(
            f"{network.name} answers up to {worst:.2g} away from {network.runtime} ({MAX_ABS:g} is allowed): reading it is at fault, and "
            "nothing is written; please report it"
        )
    return worst


def _draw(network: TrainedNetwork) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(n, 1, height, width): slopes and waves of all grays, one for each row of answers."""
    width, height, _ = network.input
    y, x = np.mgrid[:height, :width]
    grays = [(7 * x + 3 * (k + 1) * y + k * x * y) % 256 for k in range(len(network.answers))]
    return ((np.stack(grays)[:, None] / 255 - network.mean[0]) / network.std[0]).astype(np.float32)
