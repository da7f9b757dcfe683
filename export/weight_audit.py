"""Core ML where nothing can run it: every weight is read back from the package and compared with the source's.

The converter folds BatchNorm into convolutions, so the source is folded too, by other means: the original is traced
in float64 and frozen by PyTorch. Tensors are then paired by shape and nearest values, each source tensor once unless it
fits again (equal tensors are stored once on either side).

| precision | a weight may differ by                                                                   |
|-----------|-------------------------------------------------------------------------------------------|
| fp32      | rounding of the fold: 2^-19 of the tensor's largest magnitude                            |
| fp16      | half a unit in the last place of float16 (2^-11 relative), 2^-24 near 0, and the above   |
| w8        | half a step of its channel's scale, and the above of fp32                                |

What passes: the file holds the source's weights within the format's bound. It says nothing about Apple's kernels.
"""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fer_edge.export.formats.coreml_weights import Constant, read_constants
from fer_edge.export.formats.protocol import Source
from fer_edge.export.frontend import example_tensor

ROUNDING = 2.0**-19
"""Of a fold in float32, relative to the tensor's largest magnitude."""
HALF_RELATIVE, HALF_ABSOLUTE = 2.0**-11, 2.0**-24
"""Half a unit in the last place of a normal float16, and a whole one of a subnormal: the converter rounds what would
become 0 away from it."""
WEIGHTED = frozenset(
    {"conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm"}
)
"""Operators whose constants are weights; constants of others (gray, normalization) need no partner."""


@dataclass(frozen=True)
class WeightAudit:
    """What came of it.

    Attributes:
        tensors: how many of the package's tensors were compared with one of the source.
        max_abs: largest absolute difference among those pairs.
        findings: a sentence for each tensor that is beyond its bound or has no partner; empty if all is well.
    """

    tensors: int
    max_abs: float
    findings: tuple[str, ...]

    def to_manifest(self) -> dict[str, Any]:
        """The manifest's members ``verdict``, ``tensors`` and ``max_abs``."""
        return {
            "verdict": "fail" if self.findings else "pass",
            "tensors": self.tensors,
            "max_abs": self.max_abs,
        }


def audit_coreml(package: Path, source: Source) -> WeightAudit:
    """Compare the weights of a package with those of the original.

    Args:
        package: the ``.mlpackage`` folder, of any precision: the stored types say what each tensor is held to.
        source: the original.

    Raises:
        BundleError: the package cannot be read.
    """
    constants = [item for item in read_constants(package) if item.values.size > 1]
    expected = folded_weights(source)
    return compare(constants, expected)


def folded_weights(source: Source) -> list[NDArray[np.float64]]:
    """Weights of the original with BatchNorm folded, float64, of more than one value each."""
    module = copy.deepcopy(source.module).double().eval()
    example = example_tensor(source.contract).double()
    with warnings.catch_warnings(), torch.no_grad():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=category)
        warnings.filterwarnings("ignore", category=torch.jit._trace.TracerWarning)
        traced = torch.jit.trace(module, (example,), check_trace=False)  # type: ignore[no-untyped-call]
        frozen = torch.jit.freeze(traced)
    values = (node.output().toIValue() for node in frozen.graph.findAllNodes("prim::Constant"))
    return [
        value.numpy()
        for value in values
        if torch.is_tensor(value) and value.is_floating_point() and value.numel() > 1
    ]


def compare(constants: list[Constant], expected: list[NDArray[np.float64]]) -> WeightAudit:
    """Pair the package's tensors with the source's and hold each pair to its bound."""
    shelves: dict[tuple[int, ...], _Shelf] = defaultdict(_Shelf)
    for tensor in expected:
        shelves[_shape(tensor)].left.append(tensor)
    findings, largest, compared = [], 0.0, 0
    # Weights first: a constant of another operator must not take the partner of one.
    for constant in sorted(constants, key=lambda item: not _is_weight(item)):
        partner = shelves[_shape(constant.values)].partner(constant)
        if partner is None:
            if _is_weight(constant) and constant.values.any():
                findings.append(f"{_describe(constant)} has no counterpart in the source")
            continue
        difference = np.abs(constant.values - partner.reshape(constant.values.shape))
        compared, largest = compared + 1, max(largest, float(difference.max()))
        findings += _beyond(constant, difference, partner)
    for constant in constants:
        shelves[_shape(constant.values)].take_equals(constant)
    findings += [
        f"a weight of shape {list(tensor.shape)} of the source is not in the package"
        for shelf in shelves.values()
        for tensor in shelf.left
        if tensor.any()
    ]
    return WeightAudit(compared, largest, tuple(findings))


def _shape(values: NDArray[np.float64]) -> tuple[int, ...]:
    """Without axes of length 1: a mean over pixels lets a linear layer lose or gain them."""
    return tuple(size for size in values.shape if size > 1)


def _is_weight(constant: Constant) -> bool:
    return any(operator in WEIGHTED for operator, _ in constant.readers)


@dataclass
class _Shelf:
    """The source's tensors of one shape.

    Attributes:
        left: without a partner yet.
        taken: with one.
    """

    left: list[NDArray[np.float64]] = field(default_factory=list)
    taken: list[NDArray[np.float64]] = field(default_factory=list)

    def partner(self, constant: Constant) -> NDArray[np.float64] | None:
        """The nearest tensor that fits; else, for a weight that is not all zeros, the nearest."""
        values = constant.values.ravel()
        order = sorted(self.left, key=lambda tensor: float(np.abs(tensor.ravel() - values).mean()))
        if order and _fits(constant, order[0]):
            return self._take(order[0])
        fitting = next((tensor for tensor in self.taken if _fits(constant, tensor)), None)
        if fitting is not None:
            return fitting
        return self._take(order[0]) if order and _is_weight(constant) and values.any() else None

    def take_equals(self, constant: Constant) -> None:
        """Take what a constant with several readers stands for besides: tensors that are equal in its precision.

        Only what nothing else stands for is left by then.
        """
        for _ in range(len(constant.readers) - 1):
            found = next((tensor for tensor in self.left if _fits(constant, tensor)), None)
            if found is None:
                return
            self._take(found)

    def _take(self, chosen: NDArray[np.float64]) -> NDArray[np.float64]:
        self.left = [tensor for tensor in self.left if tensor is not chosen]
        self.taken.append(chosen)
        return chosen


def _fits(constant: Constant, partner: NDArray[np.float64]) -> bool:
    return not _beyond(constant, np.abs(constant.values - partner.reshape(constant.values.shape)), partner)


def _beyond(constant: Constant, difference: NDArray[np.float64], partner: NDArray[np.float64]) -> list[str]:
    allowed = bound(constant, partner.reshape(constant.values.shape))
    excess = difference - allowed
    if np.isfinite(constant.values).all() and (excess <= 0).all():
        return []
    index = np.unravel_index(int(np.nan_to_num(excess, nan=np.inf).argmax()), excess.shape)
    place = [int(i) for i in index]
    wanted, limit = partner.reshape(constant.values.shape)[index], allowed[index]
    held = f"{_describe(constant)} holds {constant.values[index]:.6g} at index {place}"
    return [f"{held}, the source {wanted:.6g}; allowed difference {limit:.2g}"]


def bound(constant: Constant, source: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each value may be from the source's, by the type it is stored in (see the table above)."""
    allowed: NDArray[np.float64] = np.full(source.shape, ROUNDING * float(np.abs(source).max()))
    if constant.stored == np.float16:
        allowed += np.maximum(np.abs(source) * HALF_RELATIVE, HALF_ABSOLUTE)
    else:
        allowed += constant.step / 2
    return allowed


def _describe(constant: Constant) -> str:
    return f"tensor {constant.name!r} {list(constant.values.shape)}"
