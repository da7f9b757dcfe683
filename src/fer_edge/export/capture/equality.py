"""Equality of a network and its rewritten copy, compared on random inputs before the copy is used."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from fer_edge.runtime.errors import ExportError

_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Relative to the largest output: what rounding alone makes of another order of operations in a deep network."""
_STRENGTHS = (0.3, 1.0, 3.0)
"""Standard deviations of the inputs that two networks are compared on."""


class NotProvenError(ExportError):
    """Another form of a network does not compute what the network does, as far as could be seen."""


def keep_if_equal(
    original: nn.Module,
    changed: nn.Module,
    example: Tensor,
    what: str,
    notes: list[str] | None,
    *,
    exact: bool = True,
) -> nn.Module:
    """The changed network, proven equal; else the original, and a note.

    Args:
        original: the network as it came.
        changed: its copy in another form, or ``original`` itself where no form applies.
        example: an input of both.
        what: the form, for the note.
        notes: gets a sentence if equality is not proven.
        exact: see ``prove_equal``.
    """
    if changed is original:
        return original
    try:
        prove_equal(original, changed, example, exact=exact)
    except NotProvenError as error:
        if notes is not None:
            notes.append(f"{what} is left out: {error}")
        return original
    return changed


def prove_equal(original: nn.Module, rewritten: nn.Module, example: Tensor, *, exact: bool = True) -> float:
    """Compare two networks on random inputs, in float64 where they can.

    Args:
        original: the network as it came.
        rewritten: its changed copy.
        example: an input of both; its shape is used.
        exact: False: in float32, since the form differs by rounding to it.

    Returns:
        The largest absolute difference of outputs.

    Raises:
        NotProvenError: it is larger than rounding explains, an output is not finite, or one of them fails.
    """
    try:
        try:
            dtype = torch.float64 if exact else torch.float32
            worst, largest = _compare(original, rewritten, example, dtype)
            limit = _TOLERANCE[dtype] * largest
        except RuntimeError:  # a network that fixes its dtype somewhere
            worst, largest = _compare(original, rewritten, example, torch.float32)
            limit = _TOLERANCE[torch.float32] * largest
    except RuntimeError as error:
        raise NotProvenError(f"the two cannot be compared: {' '.join(str(error).split())[:200]}") from error
    if not worst <= limit:
        raise NotProvenError(
            f"its answers differ from the network's by {worst:.3g}, and rounding explains {limit:.3g}"
        )
    return worst


def _compare(
    original: nn.Module, rewritten: nn.Module, example: Tensor, dtype: torch.dtype
) -> tuple[float, float]:
    """Largest difference and largest output over inputs of three strengths."""
    expected, found = _answers(original, example, dtype), _answers(rewritten, example, dtype)
    worst, largest = float((expected - found).abs().max()), float(expected.abs().max())
    if not (math.isfinite(worst) and math.isfinite(largest)):
        raise NotProvenError("the network's answers to random inputs are not finite")
    return worst, largest


def _answers(network: nn.Module, example: Tensor, dtype: torch.dtype) -> Tensor:
    computing = copy.deepcopy(network).to(dtype)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        images = [
            torch.randn(example.shape, generator=generator, dtype=torch.float64) * s for s in _STRENGTHS
        ]
        return torch.stack([computing(image.to(dtype)) for image in images])
