"""Resizing and variances that coremltools lowers wrongly or not at all, in equal forms.

| was                                                   | becomes                                                   |
|-------------------------------------------------------|-----------------------------------------------------------|
| ``interpolate`` of (N, C, H, W), but for nearest and  | two matrix products with constants: each output row and   |
| bilinear by whole factors                             | column is a weighted sum of the input's                   |
| ``var`` or ``std`` with ``correction`` over 1         | the biased variance times n / (n - correction)            |

coremltools 9.0 drops ``antialias`` and ``correction``, takes another scale than PyTorch where a size is no multiple, and has no
bicubic form. Resizing is linear and separable, so its matrices are what it makes of an identity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from fer_edge.export.capture.equality import keep_if_equal
from fer_edge.export.rewrites.replacing import Replacing, replace_calls

_WHOLE = frozenset({"nearest", "bilinear"})
_VARIANCES = {torch.var: False, Tensor.var: False, torch.std: True, Tensor.std: True}
"""Functions, and whether they give the root."""
_Matrices: TypeAlias = dict[str, tuple[Tensor, Tensor]]


def rewrite_resizes(module: nn.Module, example: Tensor, notes: list[str] | None = None) -> nn.Module:
    """The network with plain resizes and variances, proven equal; else ``module`` itself, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        notes: gets a sentence if equality is not proven.
    """
    return keep_if_equal(module, replace_resizes(module, example), example, "plain resizing", notes)


def replace_resizes(module: nn.Module, example: Tensor) -> nn.Module:
    """The network around which resizes and variances are replaced, or ``module`` itself if none needs it.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input, (1, C, H, W) float32; forms hold for its size only.
    """
    return replace_calls(module, example, partial(_Resizes, {}))


def find_resize_matrices(module: nn.Module, example: Tensor) -> list[Tensor]:
    """The matrices, float64, that ``replace_resizes`` multiplies by; arguments as there."""
    matrices: _Matrices = {}
    plain = replace_calls(module, example, partial(_Resizes, matrices))
    return [] if plain is module else [matrix for pair in matrices.values() for matrix in pair]


class _Resizes(Replacing):
    """While active, resizes and variances are computed in their plain forms.

    Args:
        matrices: of resizes, by size and arguments; made when a resize is first met, which is before anything traces
            the network.
    """

    def __init__(self, matrices: _Matrices) -> None:
        super().__init__()
        self.matrices = matrices

    def compute(self, func: Any, args: Sequence[Any], named: dict[str, Any]) -> Any:
        """A resize or a variance in its plain form."""
        if func is functional.interpolate:
            features, *others = args or (named.pop("input"),)
            return self._resized(features, *others, **named)
        if func in _VARIANCES and named.get("correction", 1) not in (0, 1, None):
            return _variance(*args, **named, root=_VARIANCES[func])
        return None

    def _resized(self, features: Tensor, *args: Any, **named: Any) -> Tensor | None:
        """``interpolate`` as products with constants, or None where the converter is right."""
        if features.dim() != 4 or not features.is_floating_point():
            return None
        # While it is traced, a tensor's sizes are tensors themselves.
        high, wide = (int(size) for size in features.shape[2:])
        key = f"{high} {wide} {args} {named}"
        if key not in self.matrices:
            self.matrices[key] = _matrices(high, wide, args, named)
        rows, columns = (matrix.to(features.dtype) for matrix in self.matrices[key])
        mode = args[2] if len(args) > 2 else named.get("mode", "nearest")
        whole = rows.shape[0] % rows.shape[1] == 0 and columns.shape[1] % columns.shape[0] == 0
        if mode in _WHOLE and whole and not named.get("antialias", False):
            return None
        return rows @ features @ columns


def _matrices(high: int, wide: int, args: Sequence[Any], named: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Matrices that resizing multiplies by from the left, (rows out, rows in), and from the right, (columns in, columns out).

    Picture k of the batches is 1 in row or column k and 0 elsewhere.
    """
    one = {size: torch.eye(size, dtype=torch.float64) for size in (high, wide)}
    in_rows = one[high][:, None, :, None].expand(-1, 1, -1, wide)
    in_columns = one[wide][:, None, None, :].expand(-1, 1, high, -1)
    with torch.no_grad():
        rows = functional.interpolate(in_rows, *args, **named)[:, 0, :, 0].T.contiguous()
        return rows, functional.interpolate(in_columns, *args, **named)[:, 0, 0, :].contiguous()


def _variance(
    features: Tensor, dim: Any = None, *, root: bool, correction: float, keepdim: bool = False
) -> Tensor:
    axes = list(range(features.dim())) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    count = math.prod(features.shape[axis] for axis in axes)
    centered = features - features.mean(axes, keepdim=True)
    found = (centered * centered).mean(axes, keepdim=keepdim) * (count / (count - correction))
    return found.sqrt() if root else found
