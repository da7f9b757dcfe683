"""Soundness of the PyTorch original, checked before anything is converted: is it a function of its input that files can stand for?

Every question is asked once, of the module as it will be asked later: one thread, one picture at a time. What makes
it no such function is an error that names the part at fault and what to do; what merely deserves attention is a warning.

| question                                                   | if not                              |
|------------------------------------------------------------|-------------------------------------|
| is every part in evaluation mode after ``eval()``?         | refused, parts named                |
| are parameters and buffers the same, bit by bit, after it? | refused, tensors named              |
| is the answer to a picture the same when asked again?      | refused, with part and source line  |
| does it leave its input as it was?                         | refused                             |
| are the answers what ``--output`` says (``inference``)?    | refused                             |
| does a picture's answer depend on others in its batch?     | warning: files answer one at a time |
| do activations stay within float16?                        | see ``activations``                 |
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.pictures.images import Tick
from fer_edge.export.pictures.parity_inputs import name_input
from fer_edge.export.reference_model.inference import check_kind, outputs
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.train.models.foreign import RAISED

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fer_edge.export.reference_model.model import ReferenceModel
    from fer_edge.export.reference_model.monitor import OperatorMonitor

AGAIN = 8
"""Pictures that are asked about once more after all others, in reverse order."""
TRIALS = 32
"""Times one picture is asked about if the module draws random numbers and has answered the same so far."""
STEADY = 1e-5
"""Largest difference between two answers, as a share of the largest output: libraries choose their loops by the
alignment of memory, and the last bits with them."""
BATCH = 8
"""Pictures in one pass while ranges are measured; it is repeated one by one where a batch changes the answers."""
BATCH_TOLERANCE = 1e-3
"""Share of the largest output by which a picture's answer may change with its batch: other loops, other last bits."""
CHANGED_BY_TRAINING = (
    "BatchNorm",
    "SyncBatchNorm",
    "InstanceNorm",
    "Dropout",
    "AlphaDropout",
    "FeatureAlphaDropout",
    "RReLU",
)
"""Beginnings of the classes of torch that do something else while they are training."""
NAMED = 3
"""Parts or tensors that a sentence names."""


@dataclass(frozen=True)
class Soundness:
    """Findings about an original that is a function.

    Attributes:
        rows: its raw answers to the pictures, (n, labels) float32.
        peaks: the largest magnitude of any activation, by the part that made it; empty where none could be measured.
        warnings: sentences about what is doubtful.
    """

    rows: NDArray[np.float32]
    peaks: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def check_soundness(
    original: ReferenceModel, pictures: NDArray[np.uint8], tick: Tick | None = None
) -> Soundness:
    """Ask the questions above.

    Args:
        original: the module with its contract.
        pictures: (n, height, width, 3) uint8 RGB, the parity inputs.
        tick: called after each picture.

    Raises:
        ExportError: it is no function of its input, cannot be fed, or returns something else than it should.
    """
    from fer_edge.train.models.selected import inner

    module, contract = inner(original.module), original.contract
    _refuse_training(module)
    state = _state(module)
    rows = outputs(original.module, contract, pictures, tick)
    again = [index * len(pictures) // AGAIN for index in range(min(AGAIN, len(pictures)))][::-1]
    second = outputs(original.module, contract, pictures[again], tick)
    _refuse_changes(module, state)
    _refuse_other_answers(original, pictures, again, rows, second)
    _refuse_written_input(original.module, _tensor(pictures[:1], contract))
    monitor, batched = _measure(original, pictures, rows, tick)
    try:
        check_kind(rows, contract)
    except ExportError as error:
        where = (
            f" ({monitor.first_nonfinite})"
            if monitor and monitor.first_nonfinite and not np.isfinite(rows).all()
            else ""
        )
        raise ExportError(f"{error}{where}") from None
    warnings = [batched] if batched else []
    if monitor is not None and monitor.random_draws:
        warnings.append(_warn_of_random_draws(original, pictures, monitor.random_draws))
    return Soundness(rows, monitor.peaks if monitor else {}, tuple(warnings))


def _refuse_training(module: nn.Module) -> None:
    from fer_edge.export.reference_model.monitor import describe_part

    still = [(name, part) for name, part in module.named_modules() if part.training]
    # A convolution does the same in either mode; those that do not are named, if there are any.
    touchy = [entry for entry in still if type(entry[1]).__name__.startswith(CHANGED_BY_TRAINING)]
    if still:
        names = [describe_part(name, part).removeprefix("forward of ") for name, part in touchy or still]
        raise ExportError(
            f"{_some(names)} {'is' if len(names) == 1 else 'are'} still training after eval(), so answers would go on changing: "
            "let train(mode) pass its mode on to every part, and set no part's training by hand"
        )


def _state(module: nn.Module) -> dict[str, Tensor]:
    """Copies of all parameters and buffers, those that no checkpoint holds included."""
    tensors = itertools.chain(module.named_parameters(), module.named_buffers())
    return {name: tensor.detach().clone() for name, tensor in tensors}


def _refuse_changes(module: nn.Module, before: dict[str, Tensor]) -> None:
    import torch

    now = dict(itertools.chain(module.named_parameters(), module.named_buffers()))
    # A buffer that the first call makes, such as a cache of positions, is no change; that it answers the same is asked below.
    changed = [
        name
        for name, tensor in before.items()
        if name not in now
        or now[name].shape != tensor.shape
        or not torch.equal(_bits(now[name]), _bits(tensor))
    ]
    if changed:
        raise ExportError(
            f"forward changes {_some(changed)}, although the network is evaluating: an exported file cannot, so its answers "
            "would differ; change state only `if self.training:`"
        )


def _bits(tensor: Tensor) -> Tensor:
    """As bytes, so that NaN equals itself."""
    import torch

    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def _refuse_other_answers(
    original: ReferenceModel,
    pictures: NDArray[np.uint8],
    again: Sequence[int],
    rows: NDArray[np.float32],
    second: NDArray[np.float32],
) -> None:
    first = rows[list(again)]
    away = np.abs(first - second).max(axis=1)
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
    from fer_edge.export.reference_model.monitor import OperatorMonitor
    from fer_edge.train.models.selected import inner

    module = inner(original.module)
    picture, other = (_tensor(pictures[place : place + 1], original.contract) for place in (index, index - 1))
    with redirect_stdout(None), OperatorMonitor(module).observing() as monitor:
        module(picture.clone())
    if monitor.random_draws:
        return (
            f"it draws random numbers ({_some(monitor.random_draws)}), which eval() does not switch off; a functional dropout needs "
            "training=self.training"
        )
    part = _unsteady_part(module, picture, other)
    return (
        f"{part} gives other values for the same input; let it keep nothing from one call to the next, and take neither time nor "
        "random numbers of Python or NumPy"
    )


def _unsteady_part(module: nn.Module, picture: Tensor, other: Tensor) -> str:
    """The innermost part that answers equal inputs differently, with another picture asked about in between."""
    import torch

    from fer_edge.export.reference_model.monitor import describe_part

    first: list[tuple[str, list[Tensor], list[Tensor]]] = []
    second: list[tuple[str, list[Tensor], list[Tensor]]] = []
    for seen, tensor in ((first, picture), ([], other), (second, picture)):
        handles = [
            part.register_forward_hook(
                lambda part, given, found, name=name, seen=seen: seen.append(
                    (describe_part(name, part), _tensors(given), _tensors(found))
                )
            )
            for name, part in module.named_modules()
        ]
        try:
            with torch.no_grad(), redirect_stdout(None):
                module(tensor.clone())
        finally:
            for handle in handles:
                handle.remove()
    # Inner parts end, and so stand, before those that hold them.
    for one, two in zip(first, second, strict=False):
        if one[0] == two[0] and _same(one[1], two[1]) and not _same(one[2], two[2]):
            return one[0]
    return describe_part("", module)


def _tensors(value: Any) -> list[Tensor]:
    import torch
    from torch.utils._pytree import tree_leaves

    return [leaf.detach().clone() for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def _same(first: list[Tensor], second: list[Tensor]) -> bool:
    import torch

    return len(first) == len(second) and all(
        one.shape == two.shape and torch.allclose(one.double(), two.double(), STEADY, STEADY, equal_nan=True)
        for one, two in zip(first, second, strict=True)
    )


def _refuse_written_input(module: nn.Module, tensor: Tensor) -> None:
    import torch

    before = tensor.clone()
    with torch.inference_mode(), redirect_stdout(None):
        module(tensor)
    if not torch.equal(_bits(before), _bits(tensor)):
        raise ExportError(
            "forward writes into its input, and an exported file would write into the caller's picture: begin it with "
            "x = x.clone(), or take the operator that makes a new tensor (x - mean, not x -= mean; inplace=False)"
        )


def _measure(
    original: ReferenceModel, pictures: NDArray[np.uint8], rows: NDArray[np.float32], tick: Tick | None
) -> tuple[OperatorMonitor | None, str | None]:
    """A monitor of all pictures, and a warning about batches; no monitor where the module bears none."""
    found, away = _observe(original, pictures, rows, BATCH, tick)
    if found is not None and away <= BATCH_TOLERANCE:
        return found, None
    alone, _ = _observe(original, pictures, rows, 1, tick)
    if found is None:
        return alone, None
    return alone, (
        f"an answer to one picture changes with the others in its batch (by {away:.2g} of the largest output): files answer one "
        "picture at a time, so accuracy that was measured in batches does not hold for them"
    )


def _observe(
    original: ReferenceModel,
    pictures: NDArray[np.uint8],
    rows: NDArray[np.float32],
    batch: int,
    tick: Tick | None,
) -> tuple[OperatorMonitor | None, float]:
    """The monitor, and how far the answers were from ``rows`` as a share of the largest; no monitor if the module raised."""
    from fer_edge.export.reference_model.monitor import OperatorMonitor
    from fer_edge.train.models.selected import inner

    worst, scale = 0.0, max(1e-6, float(np.abs(rows[np.isfinite(rows)]).max(initial=0.0)))
    monitor = OperatorMonitor(inner(original.module))
    with redirect_stdout(None), monitor.observing():
        for start in range(0, len(pictures), batch):
            part = slice(start, start + batch)
            try:
                answer = original.module(_tensor(pictures[part], original.contract)).float().numpy()
            except RAISED:  # many networks take one picture only, some compiled ones no mode
                return None, 0.0
            if answer.shape != rows[part].shape:
                return None, 0.0
            away = np.abs(answer - rows[part])
            worst = max(worst, float(away[np.isfinite(away)].max(initial=0.0)) / scale)
            if worst > BATCH_TOLERANCE and batch > 1:
                break
            if tick:
                tick()
    return monitor, worst


def _warn_of_random_draws(
    original: ReferenceModel, pictures: NDArray[np.uint8], random_draws: Sequence[str]
) -> str:
    """A warning about random numbers that do not show.

    Raises:
        ExportError: they do, if one asks often enough.
    """
    import torch

    rows = outputs(original.module, original.contract, np.repeat(pictures[:1], TRIALS, axis=0))
    if np.ptp(rows, axis=0).max() > 0:
        raise ExportError(
            f"the network answers one input differently when it is asked {TRIALS} times, so it is no function that a file could "
            f"stand for: it draws random numbers ({_some(random_draws)}), which eval() does not switch off"
        )
    torch.manual_seed(0)
    return (
        f"the network draws random numbers ({_some(random_draws)}); in {TRIALS} trials its answer did not depend on them, but converters "
        "may freeze them or leave them out"
    )


def _tensor(pictures: NDArray[np.uint8], contract: Contract) -> Tensor:
    """(n, channels, height, width) float32 in memory of its own."""
    import torch

    return torch.from_numpy(np.concatenate([to_tensor(picture, contract) for picture in pictures]))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(name[:160] for name in names[:NAMED]) + more
