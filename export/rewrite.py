"""Equal forms of what mobile delegates refuse in int8, put into the PyTorch network before conversion.

| was                                   | becomes                                                            |
|---------------------------------------|--------------------------------------------------------------------|
| hard-swish                            | ``(relu6(x + 3) * x) * (1 / 6)``; in any other order converters     |
|                                       | fuse it back into an operator that has no int8 kernel              |
| hard-sigmoid                          | ``relu6(x + 3) * (1 / 6)``                                         |
| padded max-pool of values >= 0        | zero padding, then a max-pool without padding                      |

Hard-swish and hard-sigmoid only for int8: the other precisions lose 6 to 7 % of speed by it. The result is compared with
the original before it is used.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from fer_edge.runtime.errors import ExportError

HARD_SWISH, HARD_SIGMOID, MAX_POOL = "hard-swish", "hard-sigmoid", "max-pool"
RULES: frozenset[str] = frozenset({HARD_SWISH, HARD_SIGMOID, MAX_POOL})

_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Relative to the largest output: what rounding alone makes of another order of operations in a deep network."""
_STRENGTHS = (0.3, 1.0, 3.0)
"""Standard deviations of the inputs that two networks are compared on."""


class HardSwish(nn.Module):
    """``x * relu6(x + 3) / 6`` in the order that stays apart; any shape, float32."""

    def forward(self, features: Tensor) -> Tensor:
        """Apply it."""
        return (functional.relu6(features + 3) * features) * (1 / 6)


class HardSigmoid(nn.Module):
    """``relu6(x + 3) / 6``; any shape, float32."""

    def forward(self, features: Tensor) -> Tensor:
        """Apply it."""
        return functional.relu6(features + 3) * (1 / 6)


class PaddedMaxPool(nn.Module):
    """A max-pool whose border is zeros: equal to the original's where no input is negative.

    Args:
        kernel: (height, width), as ``stride``, ``padding`` and ``dilation``.
    """

    def __init__(self, kernel: Any, stride: Any, padding: Any, dilation: Any) -> None:
        super().__init__()
        high, wide = _pair(padding)
        self.pad = nn.ConstantPad2d((wide, wide, high, high), 0.0)
        self.pool = nn.MaxPool2d(kernel, stride, 0, dilation)

    def forward(self, features: Tensor) -> Tensor:
        """Pad and pool (N, C, H, W)."""
        return self.pool(self.pad(features))  # type: ignore[no-any-return]


def rewrite(module: nn.Module, example: Tensor, rules: Collection[str] = RULES) -> nn.Module:
    """The network in equal forms that delegates take in int8.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        rules: which forms to replace.

    Returns:
        A changed copy, or ``module`` itself where no rule applies.

    Raises:
        ExportError: the copy does not compute what the original does.
    """
    changed = copy.deepcopy(module)
    traced = _trace(changed)
    if traced is None:
        rewritten, count = changed, _swap_untraced(changed, rules)
    else:
        rewritten, count = _rewrite_traced(changed, traced, rules)
    if not count:
        return module
    rewritten.eval()
    prove_equal(module, rewritten, example)
    return rewritten


def prove_equal(original: nn.Module, rewritten: nn.Module, example: Tensor) -> float:
    """Compare two networks on random inputs, in float64 where they can.

    Args:
        original: the network as it came.
        rewritten: its changed copy.
        example: an input of both; its shape is used.

    Returns:
        The largest absolute difference of outputs.

    Raises:
        ExportError: it is larger than rounding explains, or an output is not finite.
    """
    try:
        worst, largest = _compare(original, rewritten, example, torch.float64)
        limit = _TOLERANCE[torch.float64] * largest
    except RuntimeError:  # a network that fixes its dtype somewhere
        worst, largest = _compare(original, rewritten, example, torch.float32)
        limit = _TOLERANCE[torch.float32] * largest
    if not worst <= limit:
        raise ExportError(
            f"the rewritten network differs from the original by {worst:.3g} (rounding explains {limit:.3g}); "
            "please report the network"
        )
    return worst


def _compare(
    original: nn.Module, rewritten: nn.Module, example: Tensor, dtype: torch.dtype
) -> tuple[float, float]:
    """Largest difference and largest output over inputs of three strengths."""
    expected, found = _answers(original, example, dtype), _answers(rewritten, example, dtype)
    worst, largest = float((expected - found).abs().max()), float(expected.abs().max())
    if not (math.isfinite(worst) and math.isfinite(largest)):
        raise ExportError(
            "the network's output is not finite on random inputs; mend the weights before export"
        )
    return worst, largest


def _answers(network: nn.Module, example: Tensor, dtype: torch.dtype) -> Tensor:
    computing = copy.deepcopy(network).to(dtype)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        images = [
            torch.randn(example.shape, generator=generator, dtype=torch.float64) * s for s in _STRENGTHS
        ]
        return torch.stack([computing(image.to(dtype)) for image in images])


def _trace(module: nn.Module) -> fx.GraphModule | None:
    """The network as a graph, or None where its Python depends on values."""
    try:
        return fx.symbolic_trace(module)
    except Exception:  # noqa: BLE001 - whatever the network's own code makes of a proxy
        return None


def _rewrite_traced(
    changed: nn.Module, traced: fx.GraphModule, rules: Collection[str]
) -> tuple[nn.Module, int]:
    """Swap modules in the copy; where functions must change too, the graph takes the copy's place."""
    swaps = _swaps(traced, rules)
    calls = [
        (node, new) for node in traced.graph.nodes if (new := _form_of_call(node, traced, rules)) is not None
    ]
    host: nn.Module = traced if calls else changed
    for target, new in swaps.items():
        host.set_submodule(target, new)
    for number, (node, new) in enumerate(calls):
        name = f"int8_form_{number}"
        traced.add_submodule(name, new)
        with traced.graph.inserting_before(node):
            replacement = traced.graph.call_module(name, (_argument(node, 0, "input"),))
        node.replace_all_uses_with(replacement)
        traced.graph.erase_node(node)
    if calls:
        traced.recompile()
    return host, len(swaps) + len(calls)


def _swaps(traced: fx.GraphModule, rules: Collection[str]) -> dict[str, nn.Module]:
    """Module path -> its new form; a max-pool only if each of its calls gets non-negative values."""
    found: dict[str, nn.Module] = {}
    refused: set[str] = set()
    for node in traced.graph.nodes:
        if node.op != "call_module":
            continue
        target, module = str(node.target), traced.get_submodule(str(node.target))
        new = _form_of_module(module, rules)
        if new is None:
            continue
        if isinstance(new, PaddedMaxPool) and not _nonnegative(node.args[0], traced):
            refused.add(target)
        found[target] = new
    return {target: new for target, new in found.items() if target not in refused}


def _form_of_module(module: nn.Module, rules: Collection[str]) -> nn.Module | None:
    if isinstance(module, nn.Hardswish) and HARD_SWISH in rules:
        return HardSwish()
    if isinstance(module, nn.Hardsigmoid) and HARD_SIGMOID in rules:
        return HardSigmoid()
    if (
        isinstance(module, nn.MaxPool2d)
        and MAX_POOL in rules
        and not (module.ceil_mode or module.return_indices)
    ):
        return _max_pool(module.kernel_size, module.stride, module.padding, module.dilation)
    return None


def _form_of_call(node: fx.Node, traced: fx.GraphModule, rules: Collection[str]) -> nn.Module | None:
    if node.op != "call_function":
        return None
    if node.target is functional.hardswish and HARD_SWISH in rules:
        return HardSwish()
    if node.target is functional.hardsigmoid and HARD_SIGMOID in rules:
        return HardSigmoid()
    if node.target in _MAX_POOLS and MAX_POOL in rules and _nonnegative(_argument(node, 0, "input"), traced):
        if _argument(node, 5, "ceil_mode") or node.kwargs.get("return_indices"):
            return None
        kernel = _argument(node, 1, "kernel_size")
        stride = _argument(node, 2, "stride")
        dilation = _argument(node, 4, "dilation")
        return _max_pool(kernel, stride or kernel, _argument(node, 3, "padding") or 0, dilation or 1)
    return None


def _max_pool(kernel: Any, stride: Any, padding: Any, dilation: Any) -> nn.Module | None:
    return PaddedMaxPool(kernel, stride, padding, dilation) if any(_pair(padding)) else None


def _swap_untraced(changed: nn.Module, rules: Collection[str]) -> int:
    """What can be done without a graph: modules by type, max-pools right behind a ReLU in a Sequential."""
    swaps: dict[str, nn.Module] = {}
    for path, module in changed.named_modules():
        new = _form_of_module(module, rules)
        if new is not None and not (isinstance(new, PaddedMaxPool) and not _follows_relu(changed, path)):
            swaps[path] = new
    for path, new in swaps.items():
        changed.set_submodule(path, new)
    return len(swaps)


def _follows_relu(root: nn.Module, path: str) -> bool:
    parent, _, name = path.rpartition(".")
    sequence = root.get_submodule(parent)
    if not isinstance(sequence, nn.Sequential):
        return False
    names = list(sequence._modules)
    place = names.index(name)
    return place > 0 and isinstance(sequence.get_submodule(names[place - 1]), _NONNEGATIVE_MODULES)


def _nonnegative(value: Any, traced: fx.GraphModule) -> bool:
    """Whether a node's values are proven to be 0 or more, whatever the network's input."""
    if not isinstance(value, fx.Node):
        return False
    if value.op == "call_module":
        module = traced.get_submodule(str(value.target))
        kept = isinstance(module, _KEEPING_MODULES) and _nonnegative(value.args[0], traced)
        return isinstance(module, _NONNEGATIVE_MODULES) or kept
    if value.op == "call_method":
        return value.target in {"relu", "relu_"}
    return value.op == "call_function" and _nonnegative_call(value, traced)


def _nonnegative_call(call: fx.Node, traced: fx.GraphModule) -> bool:
    if call.target in _ADDITIONS:
        return all(_nonnegative(term, traced) for term in call.args)
    if call.target in _JOINS:
        parts = call.args[0]
        return isinstance(parts, list | tuple) and all(_nonnegative(part, traced) for part in parts)
    if call.target in _MAX_POOLS:
        return _nonnegative(_argument(call, 0, "input"), traced)
    return call.target in _NONNEGATIVE_FUNCTIONS


def _argument(node: fx.Node, place: int, name: str) -> Any:
    return node.args[place] if place < len(node.args) else node.kwargs.get(name)


def _pair(value: Any) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, list | tuple) else (int(value), int(value))


_NONNEGATIVE_MODULES = (nn.ReLU, nn.ReLU6, nn.Hardsigmoid, nn.Sigmoid)
_KEEPING_MODULES = (nn.Dropout, nn.Dropout2d, nn.Identity, nn.MaxPool2d, nn.AvgPool2d)
_NONNEGATIVE_FUNCTIONS: frozenset[Callable[..., Any]] = frozenset(
    {
        functional.relu,
        functional.relu_,
        functional.relu6,
        torch.relu,
        torch.relu_,
        torch.sigmoid,
        functional.sigmoid,
    }
)
_ADDITIONS: frozenset[Callable[..., Any]] = frozenset({operator.add, operator.iadd, torch.add})
_JOINS: frozenset[Callable[..., Any]] = frozenset({torch.cat, torch.concat})
_MAX_POOLS: frozenset[Callable[..., Any]] = frozenset({functional.max_pool2d, torch.max_pool2d})
