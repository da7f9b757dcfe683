"""What the original answers: one thread, one picture at a time, exactly as an app will ask."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.images import Tick
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.train.models.foreign import RAISED, sentence

if TYPE_CHECKING:
    from torch import Tensor, nn

SUM_TOLERANCE = 1e-4


def outputs(
    module: nn.Module, contract: Contract, pictures: NDArray[np.uint8], tick: Tick | None = None
) -> NDArray[np.float32]:
    """Raw rows of the module.

    Args:
        module: the original.
        contract: the reference contract.
        pictures: (n, height, width, 3) uint8 RGB after step 6 of the camera spec.
        tick: called after each picture.

    Returns:
        (n, labels) float32, logits or probabilities as the module gives them.

    Raises:
        ExportError: the module refuses its input or returns something else than (1, labels) floats.
    """
    import torch

    rows = np.empty((len(pictures), len(contract.labels)), np.float32)
    with torch.inference_mode():
        for index, picture in enumerate(pictures):
            tensor = torch.from_numpy(np.ascontiguousarray(to_tensor(picture, contract)))
            row = _answer(module, tensor)
            rows[index] = _row(row, contract)
            if tick:
                tick()
    return rows


def _answer(module: nn.Module, tensor: Tensor) -> object:
    with contextlib.redirect_stdout(None):  # what somebody's forward prints a thousand times is nobody's
        try:
            return module(tensor)
        except RAISED as error:  # somebody else's forward may raise anything
            raise ExportError(
                f"the module refuses an input of shape {tuple(tensor.shape)}: {sentence(error)}"
            ) from error


def _row(row: object, contract: Contract) -> NDArray[np.float32]:
    import torch

    wanted = (1, len(contract.labels))
    if not isinstance(row, torch.Tensor):
        raise ExportError(
            f"the module returns {type(row).__name__}; it must return one tensor of shape {wanted}, float32"
        )
    if tuple(row.shape) != wanted:
        raise ExportError(
            f"the module returns the shape {tuple(row.shape)}, the {wanted[1]} labels need {wanted}; check --labels"
        )
    values: NDArray[np.float32] = row[0].float().numpy()
    return values


def probabilities(rows: NDArray[np.float32], contract: Contract) -> NDArray[np.float32]:
    """Softmax where the contract says logits; rows as they are otherwise. Shapes (n, labels) float32."""
    if contract.output.kind != "logits":
        return rows
    import torch

    # torch's own softmax: the exported graphs are compared with it.
    with torch.inference_mode():
        found: NDArray[np.float32] = torch.softmax(torch.from_numpy(rows), dim=1).numpy()
    return found


def check_kind(rows: NDArray[np.float32], contract: Contract) -> None:
    """Hold what the module returned against what it was said to return.

    Raises:
        ExportError: probabilities that were declared logits or the other way round, NaN or infinity.
    """
    from fer_edge.export.parity import not_finite

    broken = not_finite(rows, contract.labels)
    if broken:
        raise ExportError(f"the original's {broken}")
    distribution = bool((rows >= 0).all() and (np.abs(rows.sum(axis=1) - 1) <= SUM_TOLERANCE).all())
    if distribution and contract.output.kind == "logits":
        raise ExportError(
            "the module already returns probabilities (every row is non-negative and sums to 1): "
            "give --output probabilities, or a second softmax would flatten them"
        )
    if not distribution and contract.output.kind != "logits":
        raise ExportError(
            "the module's rows are not probabilities (non-negative with sum 1): give --output logits"
        )


def multiply_accumulates(module: nn.Module, contract: Contract) -> int:
    """Multiply-accumulate operations of one picture, as torch counts them (half of its floating-point operations).

    Where the module raises, those up to there.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    spec = contract.input
    # Somebody else's forward may raise anything; ``outputs`` says so, with the shape of its input.
    calm = contextlib.suppress(*RAISED)
    silent = contextlib.redirect_stdout(None)
    with torch.inference_mode(), silent, calm, FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, spec.channels, spec.height, spec.width))
    return int(counter.get_total_flops()) // 2
