"""``BatchNorm1d`` behind ``Linear`` goes into its weights, in the PyTorch network and before conversion.

TFLite's int8 converter makes of the pair a matrix product whose channels are multiplied behind it, and its interpreter
does not open the file ("num_scales must be 1"). Which modules follow each other is seen while the network runs, so that it may be
made of any Python; the result is proven equal.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from fer_edge.export.capture.equality import keep_if_equal
from fer_edge.export.capture.recording import Call, Value, record

_MATRIX, _NORMALIZATION = "aten::addmm", "aten::native_batch_norm"


def rewrite_linear(module: nn.Module, example: Tensor, notes: list[str] | None = None) -> nn.Module:
    """The network with ``BatchNorm1d`` folded into the ``Linear`` before it, proven equal; else ``module``, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        notes: gets a sentence if equality is not proven.
    """
    pairs = find_pairs(module, example)
    if not pairs:
        return module
    # Proven where the folded weights are not rounded to float32.
    exact = fold_pairs(copy.deepcopy(module).double(), pairs)
    proven = keep_if_equal(module, exact, example, "the fold of BatchNorm1d into Linear", notes)
    return module if proven is module else fold_pairs(module, pairs)


def add_scales(module: nn.Module) -> nn.Module:
    """A copy in which normalizations without learned scale and shift have those that change nothing; else ``module``.

    ExecuTorch's XNNPACK folds the one kind into the convolution before it and makes a convolution of the other, but only in
    float32: the 8-bit file then has other operators.

    Args:
        module: in ``eval()`` mode; left as it is.
    """
    if not any(isinstance(child, BatchNorm) and child.weight is None for child in module.modules()):
        return module
    changed = copy.deepcopy(module)
    for child in changed.modules():
        if isinstance(child, BatchNorm) and child.weight is None and child.running_mean is not None:
            child.weight = nn.Parameter(torch.ones_like(child.running_mean), requires_grad=False)
            child.bias = nn.Parameter(torch.zeros_like(child.running_mean), requires_grad=False)
    return changed.eval()


def fold_pairs(module: nn.Module, pairs: list[tuple[str, str]]) -> nn.Module:
    """A copy in which each pair's normalization is folded into its linear module and does nothing itself.

    Args:
        module: in ``eval()`` mode; left as it is.
        pairs: from ``find_pairs``.
    """
    changed = copy.deepcopy(module)
    for linear, normalization in pairs:
        _fold(changed.get_submodule(linear), changed.get_submodule(normalization))
        changed.set_submodule(normalization, nn.Identity())
    return changed.eval()


def find_pairs(module: nn.Module, example: Tensor) -> list[tuple[str, str]]:
    """Paths of each ``Linear`` and of the ``BatchNorm1d`` that alone reads it; both are called once.

    Args:
        module: in ``eval()`` mode.
        example: an input of it, (1, C, H, W) float32.
    """
    if not any(isinstance(child, nn.BatchNorm1d) for child in module.modules()):
        return []
    calls = record(module, example).calls
    made = {call.result: call for call in calls}
    found = []
    for call in calls:
        if call.name != _NORMALIZATION or not isinstance(call.arguments[0], Value):
            continue
        before = made.get(call.arguments[0])
        if before is None or not _is_linear(before):
            continue
        linear = _owner(
            module, nn.Linear, "weight", before.arguments[-3 if before.name == _MATRIX else -1], calls
        )
        normalization = _owner(module, nn.BatchNorm1d, "running_mean", call.arguments[3], calls)
        if linear and normalization:
            found.append((linear, normalization))
    return found


def _is_linear(call: Call) -> bool:
    return call.name in {_MATRIX, "aten::mm"} and call.result.uses == 1


def _owner(
    module: nn.Module, kind: type[nn.Module], name: str, value: Value, calls: list[Call]
) -> str | None:
    """The path of the only module of a kind that has this tensor, if one call reads it."""
    root = value
    while root.parents:
        root = root.parents[0]
    paths = [
        path
        for path, child in module.named_modules(remove_duplicate=False)
        if type(child) is kind and getattr(child, name) is root.constant
    ]
    readers = [call for call in calls if any(_root(item) is root for item in call.arguments)]
    return paths[0] if len(paths) == 1 and len(readers) == 1 else None


def _root(item: object) -> object:
    while isinstance(item, Value) and item.parents and not item.depends:
        item = item.parents[0]
    return item


def _fold(linear: nn.Module, normalization: nn.Module) -> None:
    """Put scale and shift of a normalization into a linear module, computed in float64."""
    assert isinstance(linear, nn.Linear)
    assert isinstance(normalization, nn.BatchNorm1d)
    assert normalization.running_mean is not None
    assert normalization.running_var is not None
    with torch.no_grad():
        scale = torch.rsqrt(normalization.running_var.double() + normalization.eps)
        if normalization.weight is not None:
            scale = scale * normalization.weight.double()
        shift = -normalization.running_mean.double() * scale
        if normalization.bias is not None:
            shift = shift + normalization.bias.double()
        bias = shift if linear.bias is None else linear.bias.double() * scale + shift
        weight = linear.weight.double() * scale[:, None]
        linear.weight = nn.Parameter(weight.to(linear.weight.dtype), requires_grad=False)
        linear.bias = nn.Parameter(bias.to(linear.weight.dtype), requires_grad=False)
