"""Cross-layer equalization: channels between two sums brought to one magnitude before one scale has to hold them all.

An activation has one scale for all channels. Where one channel reaches 100 and another 0.01, the small one is rounded
away. Behind a ReLU (or nothing, or a pool) a channel may be divided by any positive number if the weights that read it are
multiplied by the same; the choice ``sqrt(r1 / r2)`` of the two layers' largest weights makes both equal (Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, equation 11).

The numbers are rounded to powers of two, so that the network computes the very same values. Only links that are badly out
of balance are touched: ordinary networks stay as they are. Weights alone decide, so the float network that a file is held
against can be made again from the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 8
"""A chain of three sums settles in two or three."""
UNBALANCED = 16.0
"""Ratio of the 90th and 10th percentile of a link's factors; networks that were trained as usual stay below 8."""


@dataclass
class Layer:
    """One sum's constants; the arrays are changed in place.

    Attributes:
        weight: float32.
        outputs: its axis of output channels.
        inputs: its axis of input channels; the same for a depthwise convolution.
        bias: (channels,) float32, or None.
        passes: whether its result may be divided, channel by channel: no activation that cuts at a fixed number is fused into it.
        changed: whether it was.
    """

    weight: NDArray[np.float32]
    outputs: int
    inputs: int
    bias: NDArray[np.float32] | None = None
    passes: bool = True
    changed: bool = False

    def divide_outputs(self, factors: NDArray[np.float32]) -> None:
        """Divide each output channel by its factor."""
        self.weight /= _along(factors, self.weight.ndim, self.outputs)
        if self.bias is not None:
            self.bias /= factors
        self.changed = True

    def multiply_inputs(self, factors: NDArray[np.float32]) -> None:
        """Multiply what reads each channel by its factor."""
        self.weight *= _along(factors, self.weight.ndim, self.inputs)
        self.changed = True


Link = tuple[Layer, Layer]
"""Two sums, the second of which alone reads the first, through nothing but what passes factors on."""


def equalize(links: Sequence[Link]) -> None:
    """Balance every link that is badly out of balance, in place."""
    chosen = [link for link in links if link[0].passes and _is_unbalanced(link)]
    for _ in range(ROUNDS):
        settled = True
        for first, second in chosen:
            factors = np.exp2(np.round(np.log2(_factors(first, second)))).astype(np.float32)
            if (factors != 1).any():
                settled = False
                first.divide_outputs(factors)
                second.multiply_inputs(factors)
        if settled:
            break


def _is_unbalanced(link: Link) -> bool:
    low, high = np.percentile(_factors(*link), (10, 90))
    return bool(high >= UNBALANCED * low)


def _factors(first: Layer, second: Layer) -> NDArray[np.float64]:
    """``sqrt(r1 / r2)`` of each channel; 1 where either has no weight."""
    made, read = _largest(first.weight, first.outputs), _largest(second.weight, second.inputs)
    if first.bias is not None:
        made = np.maximum(made, np.abs(first.bias))
    used = (made > 0) & (read > 0) & np.isfinite(made) & np.isfinite(read)
    found: NDArray[np.float64] = np.sqrt(np.where(used, made, 1.0) / np.where(used, read, 1.0))
    return np.where(used, found, np.exp(np.log(found[used]).mean()) if used.any() else 1.0)


def _largest(weight: NDArray[np.float32], axis: int) -> NDArray[np.float64]:
    rest = tuple(place for place in range(weight.ndim) if place != axis)
    found: NDArray[np.float64] = np.abs(weight).max(axis=rest).astype(np.float64)
    return found


def _along(factors: NDArray[np.float32], rank: int, axis: int) -> NDArray[np.float32]:
    shape = [1] * rank
    shape[axis] = -1
    return factors.reshape(shape)
