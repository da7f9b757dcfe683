"""Answers of the original that must be the same when it is asked again, and the part at fault where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from fer_edge.export.pictures.images import Tick
from fer_edge.export.pictures.parity_inputs import name_input
from fer_edge.export.reference_model.inference import make_batch, outputs
from fer_edge.export.reference_model.monitor import OperatorMonitor, describe_part, list_some
from fer_edge.runtime.errors import ExportError
from fer_edge.train.models.selected import inner

if TYPE_CHECKING:
    from fer_edge.export.reference_model.model import ReferenceModel

AGAIN = 8
"""Pictures that are asked about once more after all others, in reverse order."""
TRIALS = 32
"""Times one picture is asked about if the module draws random numbers and has answered the same so far."""
STEADY = 1e-5
"""Largest difference between two answers, as a share of the largest output: libraries choose their loops by the
alignment of memory, and the last bits with them."""


def ask_again(
    original: ReferenceModel, pictures: NDArray[np.uint8], tick: Tick | None
) -> dict[int, NDArray[np.float32]]:
    """The raw rows of some pictures, asked about in reverse order, by their places."""
    places = [index * len(pictures) // AGAIN for index in range(min(AGAIN, len(pictures)))][::-1]
    rows = outputs(original.module, original.contract, pictures[places], tick)
    return dict(zip(places, rows, strict=True))


def refuse_other_answers(
    original: ReferenceModel,
    pictures: NDArray[np.uint8],
    rows: NDArray[np.float32],
    second: dict[int, NDArray[np.float32]],
) -> None:
    """Hold answers against those of ``ask_again``.

    Args:
        original: the module with its contract.
        pictures: (n, height, width, 3) uint8 RGB.
        rows: the answers to them, (n, labels) float32.
        second: some of the answers again.

    Raises:
        ExportError: an answer is another one; names the part at fault.
    """
    again = list(second)
    away = np.abs(rows[again] - np.stack([*second.values()])).max(axis=1)
    scale = max(1.0, float(np.abs(rows[np.isfinite(rows)]).max(initial=0.0)))
    off = np.flatnonzero(away > STEADY * scale)
    if not len(off):
        return
    worst = int(off[np.argmax(away[off])])
    raise ExportError(
        f"the network answers one input differently when it is asked again ({name_input(again[worst], len(pictures))}: {away[worst]:.2g} apart), so it is "
        f"no function that a file could stand for: {_cause(original, pictures, again[worst])}"
    )


def _cause(original: ReferenceModel, pictures: NDArray[np.uint8], index: int) -> str:
    module = inner(original.module)
    picture, other = (
        make_batch(pictures[place : place + 1], original.contract) for place in (index, index - 1)
    )
    with redirect_stdout(None), OperatorMonitor(module).observing() as monitor:
        module(picture.clone())
    if monitor.random_draws:
        return (
            f"it draws random numbers ({list_some(monitor.random_draws)}), which eval() does not switch off; a functional dropout needs "
            "training=self.training"
        )
    part = _unsteady_part(module, picture, other)
    return (
        f"{part} gives other values for the same input; let it keep nothing from one call to the next, and take neither time nor "
        "random numbers of Python or NumPy"
    )


@dataclass(frozen=True)
class _Step:
    """One part of a network at work: its name, and the tensors that it got and gave."""

    part: str
    given: list[Tensor]
    found: list[Tensor]


def _unsteady_part(module: nn.Module, picture: Tensor, other: Tensor) -> str:
    """The innermost part that answers equal inputs differently, with another picture asked about in between."""
    first, _, second = (_steps(module, tensor) for tensor in (picture, other, picture))
    # Inner parts end, and so stand, before those that hold them.
    for one, two in zip(first, second, strict=False):
        if one.part == two.part and _same(one.given, two.given) and not _same(one.found, two.found):
            return one.part
    return describe_part("", module)


def _steps(module: nn.Module, tensor: Tensor) -> list[_Step]:
    """What each part gets and gives, in the order in which they end."""
    steps: list[_Step] = []

    def note(name: str, part: nn.Module, given: Any, found: Any) -> None:
        steps.append(_Step(describe_part(name, part), _tensors(given), _tensors(found)))

    handles = [part.register_forward_hook(partial(note, name)) for name, part in module.named_modules()]
    try:
        with torch.no_grad(), redirect_stdout(None):
            module(tensor.clone())
    finally:
        for handle in handles:
            handle.remove()
    return steps


def _tensors(value: Any) -> list[Tensor]:
    return [leaf.detach().clone() for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def _same(first: list[Tensor], second: list[Tensor]) -> bool:
    return len(first) == len(second) and all(
        one.shape == two.shape and torch.allclose(one.double(), two.double(), STEADY, STEADY, equal_nan=True)
        for one, two in zip(first, second, strict=True)
    )


def warn_of_random_draws(
    original: ReferenceModel, pictures: NDArray[np.uint8], random_draws: Sequence[str]
) -> str:
    """A warning about random numbers that do not show.

    Raises:
        ExportError: they do, if one asks often enough.
    """
    rows = outputs(original.module, original.contract, np.repeat(pictures[:1], TRIALS, axis=0))
    if np.ptp(rows, axis=0).max() > 0:
        raise ExportError(
            f"the network answers one input differently when it is asked {TRIALS} times, so it is no function that a file could "
            f"stand for: it draws random numbers ({list_some(random_draws)}), which eval() does not switch off"
        )
    torch.manual_seed(0)
    return (
        f"the network draws random numbers ({list_some(random_draws)}); in {TRIALS} trials its answer did not depend on them, but converters "
        "may freeze them or leave them out"
    )
