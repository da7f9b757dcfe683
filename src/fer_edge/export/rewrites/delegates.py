"""Equal forms of what mobile delegates refuse in int8, put into the PyTorch network before conversion.

| was                                   | becomes                                                            |
|---------------------------------------|--------------------------------------------------------------------|
| hard-swish                            | ``(relu6(x + 3) * x) * (1 / 6)``; in any other order converters     |
|                                       | fuse it back into an operator that has no int8 kernel              |
| hard-sigmoid                          | ``relu6(x + 3) * (1 / 6)``                                         |
| padded or rounded-up max-pool of      | zero padding, then a max-pool without padding                      |
| values >= 0                           |                                                                    |

Hard-swish and hard-sigmoid only for int8: the other precisions lose 6 to 7 % of speed by it. Forms of in-place
operations write to their input as those do. The result is compared with the original before it is used; a form that
is not proven equal is left out, and a note says so. Other pools are met by ``rewrites.pooling``.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from fer_edge.export.rewrites.batch_norm import find_pairs, fold_pairs
from fer_edge.export.rewrites.pooling import plain_pools, windows_of
from fer_edge.export.rewrites.resize import plain_resizes
from fer_edge.export.rewrites.signs import MAX_POOLS, NONNEGATIVE_MODULES, Signs
from fer_edge.export.rewrites.single_precision import single_precision
from fer_edge.runtime.errors import ExportError

HARD_SWISH, HARD_SIGMOID, MAX_POOL = "hard-swish", "hard-sigmoid", "max-pool"
RULES: tuple[str, ...] = (HARD_SWISH, HARD_SIGMOID, MAX_POOL)

_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Relative to the largest output: what rounding alone makes of another order of operations in a deep network."""
_STRENGTHS = (0.3, 1.0, 3.0)
"""Standard deviations of the inputs that two networks are compared on."""


class NotProvenError(ExportError):
    """Another form of a network does not compute what the network does, as far as could be seen."""


class _Form(nn.Module):
    """A form of an operation on one tensor.

    Args:
        inplace: also put the result where the input lies, as the operation does.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, features: Tensor) -> Tensor:
        """Apply it."""
        result = self.of(features)
        return features.copy_(result) if self.inplace else result

    def of(self, features: Tensor) -> Tensor:
        """The result in memory of its own."""
        raise NotImplementedError


class HardSwish(_Form):
    """``x * relu6(x + 3) / 6`` in the order that stays apart; any shape, float32."""

    def of(self, features: Tensor) -> Tensor:
        """The formula."""
        return (functional.relu6(features + 3) * features) * (1 / 6)


class HardSigmoid(_Form):
    """``relu6(x + 3) / 6``; any shape, float32."""

    def of(self, features: Tensor) -> Tensor:
        """The formula."""
        return functional.relu6(features + 3) * (1 / 6)


class PaddedMaxPool(nn.Module):
    """A max-pool whose border is zeros: equal to the original's where no input is negative.

    Args:
        kernel: (height, width), as ``stride``, ``padding`` and ``dilation``.
        ceil: whether windows may hang over the end, which then holds zeros too.
    """

    def __init__(self, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool = False) -> None:
        super().__init__()
        high, wide = _pair(padding)
        self.ceil, self.border = ceil, (high, wide)
        self.pad = nn.ConstantPad2d((wide, wide, high, high), 0.0)
        self.pool = nn.MaxPool2d(kernel, stride, 0, dilation)

    def forward(self, features: Tensor) -> Tensor:
        """Pad and pool (N, C, H, W)."""
        return self.pool(self._rounded_up(features) if self.ceil else self.pad(features))  # type: ignore[no-any-return]

    def _rounded_up(self, features: Tensor) -> Tensor:
        pool = self.pool
        high, wide = windows_of(
            features, pool.kernel_size, pool.stride, self.border, pool.dilation, ceil=True
        )
        return functional.pad(features, (wide.padding, wide.after, high.padding, high.after))


def rewrite(
    module: nn.Module, example: Tensor, rules: Collection[str] = RULES, notes: list[str] | None = None
) -> nn.Module:
    """The network in equal forms that delegates take in int8.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        rules: which forms to replace.
        notes: gets a sentence for each rule that is left out because equality is not proven.

    Returns:
        A changed copy, or ``module`` itself where no rule applies.
    """
    faults: list[str] = []
    found = _kept_if_equal(module, _replaced(module, rules), example, "the int8 forms", faults)
    if not faults:
        return found
    for rule in (rule for rule in RULES if rule in rules):
        found = _kept_if_equal(found, _replaced(found, {rule}), example, f"the form of {rule}", notes)
    return found


def rewrite_pools(
    module: nn.Module, example: Tensor, kinds: Collection[str], notes: list[str] | None = None
) -> nn.Module:
    """The network with plain pools, proven equal; else ``module`` itself, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        kinds: what the converter gets wrong (``rewrites.pooling``).
        notes: gets a sentence if equality is not proven.
    """
    return _kept_if_equal(module, plain_pools(module, example, kinds), example, "plain pooling", notes)


def rewrite_single(module: nn.Module, example: Tensor, notes: list[str] | None = None) -> nn.Module:
    """The network with float32 for float64 in its middle, equal but for rounding; else ``module`` itself, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        notes: gets a sentence if the answers are others.
    """
    changed = single_precision(module, example)
    return _kept_if_equal(module, changed, example, "float32 for float64", notes, exact=False)


def rewrite_resizes(module: nn.Module, example: Tensor, notes: list[str] | None = None) -> nn.Module:
    """The network with plain resizes and variances, proven equal; else ``module`` itself, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        notes: gets a sentence if equality is not proven.
    """
    return _kept_if_equal(module, plain_resizes(module, example), example, "plain resizing", notes)


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
    proven = _kept_if_equal(module, exact, example, "the fold of BatchNorm1d into Linear", notes)
    return module if proven is module else fold_pairs(module, pairs)


def _kept_if_equal(
    original: nn.Module,
    changed: nn.Module,
    example: Tensor,
    what: str,
    notes: list[str] | None,
    *,
    exact: bool = True,
) -> nn.Module:
    if changed is original:
        return original
    try:
        prove_equal(original, changed, example, exact=exact)
    except NotProvenError as error:
        if notes is not None:
            notes.append(f"{what} is left out: {error}")
        return original
    return changed


def _replaced(module: nn.Module, rules: Collection[str]) -> nn.Module:
    """A changed copy, or ``module`` itself where no rule applies."""
    changed = copy.deepcopy(module)
    traced = _trace(changed)
    if traced is None:
        rewritten, count = changed, _swap_untraced(changed, rules)
    else:
        rewritten, count = _rewrite_traced(changed, traced, rules)
    return rewritten.eval() if count else module


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


class _Tracer(fx.Tracer):
    """Does not look into the forms, which ask for sizes."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module stays one node."""
        return isinstance(m, _Form | PaddedMaxPool) or super().is_leaf_module(m, module_qualified_name)


def _trace(module: nn.Module) -> fx.GraphModule | None:
    """The network as a graph, or None where its Python depends on values."""
    try:
        tracer = _Tracer()
        graph = tracer.trace(module)
        return fx.GraphModule(tracer.root, graph, type(module).__name__)
    except Exception:  # noqa: BLE001 - whatever the network's own code makes of a proxy
        return None


def _rewrite_traced(
    changed: nn.Module, traced: fx.GraphModule, rules: Collection[str]
) -> tuple[nn.Module, int]:
    """Swap modules in the copy; where functions must change too, the graph takes the copy's place."""
    signs = Signs(traced)
    swaps = _swaps(traced, signs, rules)
    calls = [
        (node, new) for node in traced.graph.nodes if (new := _form_of_call(node, signs, rules)) is not None
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


def _swaps(traced: fx.GraphModule, signs: Signs, rules: Collection[str]) -> dict[str, nn.Module]:
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
        if isinstance(new, PaddedMaxPool) and not signs.nonnegative(_argument(node, 0, "input"), node):
            refused.add(target)
        found[target] = new
    return {target: new for target, new in found.items() if target not in refused}


def _form_of_module(module: nn.Module, rules: Collection[str]) -> nn.Module | None:
    if isinstance(module, nn.Hardswish) and HARD_SWISH in rules:
        return HardSwish(module.inplace)
    if isinstance(module, nn.Hardsigmoid) and HARD_SIGMOID in rules:
        return HardSigmoid(module.inplace)
    if isinstance(module, nn.MaxPool2d) and MAX_POOL in rules and not module.return_indices:
        return _max_pool(module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
    return None


def _form_of_call(node: fx.Node, signs: Signs, rules: Collection[str]) -> nn.Module | None:
    if node.op != "call_function":
        return None
    if node.target is functional.hardswish and HARD_SWISH in rules:
        return HardSwish(bool(_argument(node, 1, "inplace")))
    if node.target is functional.hardsigmoid and HARD_SIGMOID in rules:
        return HardSigmoid(bool(_argument(node, 1, "inplace")))
    if (
        node.target in MAX_POOLS
        and MAX_POOL in rules
        and signs.nonnegative(_argument(node, 0, "input"), node)
    ):
        if node.kwargs.get("return_indices"):
            return None
        kernel = _argument(node, 1, "kernel_size")
        stride, padding = _argument(node, 2, "stride"), _argument(node, 3, "padding") or 0
        dilation, ceil = _argument(node, 4, "dilation") or 1, bool(_argument(node, 5, "ceil_mode"))
        return _max_pool(kernel, stride or kernel, padding, dilation, ceil)
    return None


def _max_pool(kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> nn.Module | None:
    needed = ceil or any(_pair(padding))
    return PaddedMaxPool(kernel, stride, padding, dilation, ceil) if needed else None


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
    return place > 0 and isinstance(sequence.get_submodule(names[place - 1]), NONNEGATIVE_MODULES)


def _argument(node: fx.Node, place: int, name: str) -> Any:
    return node.args[place] if place < len(node.args) else node.kwargs.get(name)


def _pair(value: Any) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, list | tuple) else (int(value), int(value))
