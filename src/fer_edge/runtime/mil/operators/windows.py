"""Padding of windows that slide over spatial axes, for convolutions and pools."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.errors import EngineError

Pairs = list[tuple[int, int]]
"""(before, after) of each spatial axis, first axis first."""


def padding(
    pad_type: str,
    pad: Sequence[int] | None,
    sizes: Sequence[int],
    spans: Sequence[int],
    strides: Sequence[int],
) -> Pairs:
    """Padding by the rule that an operator names.

    Args:
        pad_type: ``valid``, ``custom``, ``same`` (output = ceil(input / stride), an odd one behind) or ``same_lower`` (before).
        pad: of ``custom``, before and after by turns.
        sizes: of the spatial axes.
        spans: of the window with its dilation.
        strides: of the window.

    Raises:
        EngineError: another rule, or as many numbers as do not fit.
    """
    kind = pad_type.lower()
    if kind == "valid":
        return [(0, 0)] * len(sizes)
    if kind == "custom":
        if pad is None or len(pad) != 2 * len(sizes):
            raise EngineError(f"pad {pad} for {len(sizes)} spatial axes; allowed: two numbers each")
        return [(pad[2 * axis], pad[2 * axis + 1]) for axis in range(len(sizes))]
    if kind not in ("same", "same_lower"):
        raise EngineError(f"pad_type {ascii(pad_type)[:40]}; allowed: valid, custom, same, same_lower")
    totals = [
        max(0, (-(-size // stride) - 1) * stride + span - size)
        for size, span, stride in zip(sizes, spans, strides, strict=True)
    ]
    smaller = [(total // 2, total - total // 2) for total in totals]
    return smaller if kind == "same" else [(after, before) for before, after in smaller]


def padded(x: Tensor, pairs: Pairs, by: float = 0.0) -> Tensor:
    """Add to the last axes; a negative size cuts off."""
    if not any(size for pair in pairs for size in pair):
        return x
    return functional.pad(x, [size for pair in reversed(pairs) for size in pair], value=by)


def symmetric(pairs: Pairs) -> list[int] | None:
    """One size for each axis where before and after are equal, else None."""
    if all(before == after >= 0 for before, after in pairs):
        return [before for before, _ in pairs]
    return None


def ones(given: Sequence[int] | None, x: Tensor) -> list[int]:
    """Strides or dilations: as given, else 1 for each spatial axis."""
    return list(given) if given is not None else [1] * (x.ndim - 2)


def per_channel(vector: Tensor, x: Tensor) -> Tensor:
    """(C,) in a shape that multiplies (N, C, ...)."""
    return vector.reshape(-1, *[1] * (x.ndim - 2))


def channels_last(x: Tensor) -> Tensor:
    """Pictures (N, C, H, W) with a pixel's channels side by side in memory: convolutions of a channel each take a twentieth of the time."""
    # In these words, since ``memory_format`` does not exist for inputs that are stacked.
    return x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) if x.ndim == 4 else x
