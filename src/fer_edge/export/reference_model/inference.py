"""Answers of the original: one thread, one picture at a time, exactly as an app will ask."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.pictures.images import Tick
from fer_edge.export.pictures.parity_inputs import name_input
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError, FerEdgeError
from fer_edge.train.models.foreign import RAISED, sentence
from fer_edge.train.models.selection import describe, entries_of, is_tensor

if TYPE_CHECKING:
    from torch import Tensor, nn

SUM_TOLERANCE = 1e-4
STILL = 1e-3
"""Outputs that move by less over all inputs are no sigmoids of anything."""
NEVER_YES = 0.5
"""A sigmoid says yes above it; small logits behind a ReLU, as SqueezeNet's before training, stay below."""


@dataclass(frozen=True)
class Reference:
    """Pictures and answers that an artifact is compared with.

    Attributes:
        pictures: (n, height, width, 3) uint8 RGB.
        probabilities: the original's, (n, labels) float32.
        source: which pictures, in words.
        extremes: how many, the last ones, no camera gives.
    """

    pictures: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    source: str | None = None
    extremes: int = 0


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
    return rows_of(module, contract, (to_tensor(one, contract) for one in pictures), len(pictures), tick)


def rows_of(
    module: nn.Module,
    contract: Contract,
    tensors: Iterable[NDArray[np.float32]],
    count: int,
    tick: Tick | None = None,
) -> NDArray[np.float32]:
    """The same for ``count`` prepared tensors, each in the contract's shape.

    Raises:
        ExportError: as in :func:`outputs`.
    """
    import torch

    rows = np.empty((count, len(contract.labels)), np.float32)
    with torch.inference_mode():
        for index, tensor in enumerate(tensors):
            row = _answer(module, torch.from_numpy(np.ascontiguousarray(tensor)))
            rows[index] = _row(row, contract)
            if tick:
                tick()
    return rows


BATCH = 32


def rows_in_batches(
    module: nn.Module, contract: Contract, tensors: Sequence[NDArray[np.float32]], tick: Tick | None = None
) -> NDArray[np.float32]:
    """The same, many at a time where the module takes that: for statistics, a third of the time.

    Raises:
        ExportError: as in :func:`outputs`.
    """
    import torch

    rows = []
    for start in range(0, len(tensors), BATCH):
        chunk = tensors[start : start + BATCH]
        alone = rows_of(module, contract, chunk[:1], 1, tick)
        found = None
        with torch.inference_mode(), contextlib.redirect_stdout(None), contextlib.suppress(*RAISED):
            found = module(torch.from_numpy(np.concatenate(chunk)))
        # Some take one picture only, and some mix up those of a batch.
        if isinstance(found, torch.Tensor) and tuple(found.shape) == (len(chunk), alone.shape[1]):
            values = found.float().numpy()
            if np.allclose(values[:1], alone, rtol=1e-3, atol=1e-3):
                rows.append(values)
                continue
        rows.append(rows_of(module, contract, chunk, len(chunk), tick))
    return np.concatenate(rows)


def make_batch(pictures: NDArray[np.uint8], contract: Contract) -> Tensor:
    """(n, channels, height, width) float32 in memory of its own."""
    import torch

    return torch.from_numpy(np.concatenate([to_tensor(picture, contract) for picture in pictures]))


def _answer(module: nn.Module, tensor: Tensor) -> object:
    with contextlib.redirect_stdout(None):  # what somebody's forward prints a thousand times is nobody's
        try:
            return module(tensor)
        except FerEdgeError:  # our own, about what was selected
            raise
        except RAISED as error:  # somebody else's forward may raise anything
            raise ExportError(
                f"the module refuses an input of shape {tuple(tensor.shape)}: {sentence(error)}; {_feeding(module, tensor)}"
            ) from error


def _feeding(module: nn.Module, tensor: Tensor) -> str:
    """Advice where an input was refused."""
    from torch import nn

    _, channels, height, width = tensor.shape
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    if first is not None and first.in_channels != channels and first.in_channels in (1, 3):
        return f"its first convolution takes {first.in_channels} channels: try --input {width}x{height}x{first.in_channels}"
    return f"--input {width}x{height}x{channels} must be what it was trained with; check --arch-arg too"


def _row(row: object, contract: Contract) -> NDArray[np.float32]:
    import torch

    wanted = (1, len(contract.labels))
    if not isinstance(row, torch.Tensor):
        raise ExportError(_several(row, wanted))
    if tuple(row.shape) != wanted:
        raise ExportError(_misshapen(row, contract))
    if not row.is_floating_point():
        raise ExportError(
            f"the module returns {describe(row)}: numbers of classes, not one score a label; let it return what its argmax takes"
        )
    values: NDArray[np.float32] = row[0].float().numpy()
    return values


def _several(row: object, wanted: tuple[int, int]) -> str:
    """The error where something else than one tensor came, with the option that takes the right one out of it."""
    fits = [
        option
        for option, entry in entries_of(row)
        if is_tensor(entry) and tuple(entry.shape) == wanted and entry.is_floating_point()
    ]
    inside = [option for option, entry in entries_of(row) if not is_tensor(entry) and entries_of(entry)]
    advice = f"none of that has this shape; check --labels and --arch-arg{f', or take {inside[0]} apart' if inside else ''}"
    if fits:
        advice = f"give {' or '.join(fits[:4])}"
    if not entries_of(row):
        advice = "let its forward return that"
    return f"the module returns {describe(row)}; one tensor of 1x{wanted[1]} float32 is needed: {advice}"


def _misshapen(row: Tensor, contract: Contract) -> str:
    count, shape = len(contract.labels), tuple(row.shape)
    said = f"the module returns {describe(row)}; {count} labels need 1x{count}: "
    if shape == (1, 1):
        return f"{said}one number, as before a sigmoid, x, becomes two logits by torch.cat((torch.zeros_like(x), x), 1)"
    if len(shape) == 2 and shape[0] == 1:
        return (
            f"{said}name {shape[1]} labels in --labels, or make the network with {count} outputs (--arch-arg)"
        )
    if row.numel() == count:
        fault = "its batch axis is lost (squeeze()?)" if len(shape) == 1 else "axes of 1 are left"
        return f"{said}{fault}; let it end with x.reshape(x.shape[0], -1)"
    return f"{said}it must end in one score a label for one picture; check --arch, --labels and --input"


def probabilities(rows: NDArray[np.float32], contract: Contract) -> NDArray[np.float32]:
    """Softmax where the contract says logits; rows as they are otherwise. Shapes (n, labels) float32."""
    if contract.output.kind != "logits":
        return rows
    import torch

    # torch's own softmax: the exported graphs are compared with it.
    with torch.inference_mode():
        found: NDArray[np.float32] = torch.softmax(torch.from_numpy(rows), dim=1).numpy()
    return found


def describe_nonfinite(
    answers: NDArray[np.float32], labels: Sequence[str], name_of: Callable[[int, int], str] = name_input
) -> str | None:
    """Name the first NaN or Inf, or None."""
    places = np.argwhere(~np.isfinite(answers))
    if not len(places):
        return None
    row, column = (int(index) for index in places[0])
    name = labels[column] if column < len(labels) else str(column)
    return (
        f"output probabilities[{column}] ({name}) is {answers[row, column]} on {name_of(row, len(answers))}"
    )


def check_kind(rows: NDArray[np.float32], contract: Contract) -> None:
    """Hold what the module returned against what it was said to return.

    Raises:
        ExportError: probabilities that were declared logits or the other way round, NaN or infinity.
    """
    broken = describe_nonfinite(rows, contract.labels)
    if broken:
        raise ExportError(f"the original's {broken}")
    sums = rows.sum(axis=1)
    shares = bool((rows >= 0).all() and (rows <= 1 + SUM_TOLERANCE).all())
    distribution = shares and bool((np.abs(sums - 1) <= SUM_TOLERANCE).all())
    if distribution and contract.output.kind == "logits":
        raise ExportError(
            "the module already returns probabilities (every row is non-negative and sums to 1): "
            "give --output probabilities, or a second softmax would flatten them"
        )
    if not distribution and shares:
        _refuse_shares(rows, contract)
    if not distribution and contract.output.kind != "logits":
        raise ExportError(
            "the module's rows are not probabilities (non-negative with sum 1): give --output logits"
        )


def _refuse_shares(rows: NDArray[np.float32], contract: Contract) -> None:
    """Outputs that all lie in 0..1 without being a distribution."""
    if (rows == 1).all():
        raise ExportError(
            "every output of every input is 1: a softmax over axis 0, the batch, which must be over axis 1, the labels"
        )
    if np.ptp(rows, axis=0).max() < STILL or rows.max() <= NEVER_YES:
        return  # a network that says nothing at all is told so by ``compare.describe_insensitivity``
    surest = float(np.e / (np.e + len(contract.labels) - 1))
    raise ExportError(
        f"all {rows.size} outputs lie in 0..1, but rows do not sum to 1 ({rows.sum(axis=1).min():.3g} to "
        f"{rows.sum(axis=1).max():.3g}): these are sigmoids, one a label, and a softmax over them is never surer than {surest:.2f}; let "
        "forward return the values before the sigmoid, then --output logits is right"
    )


def count_multiply_accumulates(module: nn.Module, contract: Contract) -> int:
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
