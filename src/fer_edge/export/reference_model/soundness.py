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
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.pictures.images import Tick
from fer_edge.export.reference_model.inference import check_kind, make_batch, outputs
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.train.models.foreign import RAISED

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fer_edge.export.reference_model.model import ReferenceModel
    from fer_edge.export.reference_model.monitor import OperatorMonitor

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
    from fer_edge.export.reference_model import repeatability
    from fer_edge.train.models.selected import inner

    module = inner(original.module)
    _refuse_training(module)
    state = _state(module)
    rows = outputs(original.module, original.contract, pictures, tick)
    again = repeatability.ask_again(original, pictures, tick)
    _refuse_changes(module, state)
    repeatability.refuse_other_answers(original, pictures, rows, again)
    _refuse_written_input(original.module, make_batch(pictures[:1], original.contract))
    monitor, batched = _measure(original, pictures, rows, tick)
    _refuse_other_kind(rows, original.contract, monitor)
    warnings = [batched] if batched else []
    if monitor is not None and monitor.random_draws:
        warnings.append(repeatability.warn_of_random_draws(original, pictures, monitor.random_draws))
    return Soundness(rows, monitor.peaks if monitor else {}, tuple(warnings))


def _refuse_other_kind(
    rows: NDArray[np.float32], contract: Contract, monitor: OperatorMonitor | None
) -> None:
    """Refuse what ``check_kind`` does; where numbers are not finite, with the part that gave the first."""
    try:
        check_kind(rows, contract)
    except ExportError as error:
        found = monitor.first_nonfinite if monitor and not np.isfinite(rows).all() else None
        raise ExportError(f"{error} ({found})" if found else str(error)) from None


def _refuse_training(module: nn.Module) -> None:
    from fer_edge.export.reference_model.monitor import describe_part, list_some

    still = [(name, part) for name, part in module.named_modules() if part.training]
    # A convolution does the same in either mode; those that do not are named, if there are any.
    touchy = [entry for entry in still if type(entry[1]).__name__.startswith(CHANGED_BY_TRAINING)]
    if still:
        names = [describe_part(name, part).removeprefix("forward of ") for name, part in touchy or still]
        raise ExportError(
            f"{list_some(names)} {'is' if len(names) == 1 else 'are'} still training after eval(), so answers would go on changing: "
            "let train(mode) pass its mode on to every part, and set no part's training by hand"
        )


def _state(module: nn.Module) -> dict[str, Tensor]:
    """Copies of all parameters and buffers, those that no checkpoint holds included."""
    tensors = itertools.chain(module.named_parameters(), module.named_buffers())
    return {name: tensor.detach().clone() for name, tensor in tensors}


def _refuse_changes(module: nn.Module, before: dict[str, Tensor]) -> None:
    import torch

    from fer_edge.export.reference_model.monitor import list_some

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
            f"forward changes {list_some(changed)}, although the network is evaluating: an exported file cannot, so its answers "
            "would differ; change state only `if self.training:`"
        )


def _bits(tensor: Tensor) -> Tensor:
    """As bytes, so that NaN equals itself."""
    import torch

    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


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
                answer = original.module(make_batch(pictures[part], original.contract)).float().numpy()
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
