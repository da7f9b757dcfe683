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
from collections.abc import Collection
from typing import Any

from torch import Tensor, fx, nn
from torch.nn import functional

from fer_edge.export.capture.equality import keep_if_equal
from fer_edge.export.rewrites.signs import MAX_POOLS, NONNEGATIVE_MODULES, Signs
from fer_edge.export.rewrites.windows import find_windows

_NAMED = "fer_edge.export.rewrites.delegates"
"""Stays when this file moves: converters write the module of a class into their files."""

HARD_SWISH, HARD_SIGMOID, MAX_POOL = "hard-swish", "hard-sigmoid", "max-pool"
RULES: tuple[str, ...] = (HARD_SWISH, HARD_SIGMOID, MAX_POOL)


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

    __module__ = _NAMED

    def of(self, features: Tensor) -> Tensor:
        """The formula."""
        return (functional.relu6(features + 3) * features) * (1 / 6)


class HardSigmoid(_Form):
    """``relu6(x + 3) / 6``; any shape, float32."""

    __module__ = _NAMED

    def of(self, features: Tensor) -> Tensor:
        """The formula."""
        return functional.relu6(features + 3) * (1 / 6)


class PaddedMaxPool(nn.Module):
    """A max-pool whose border is zeros: equal to the original's where no input is negative.

    Args:
        kernel: (height, width), as ``stride``, ``padding`` and ``dilation``.
        ceil: whether windows may hang over the end, which then holds zeros too.
    """

    __module__ = _NAMED

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
        high, wide = find_windows(
            features, pool.kernel_size, pool.stride, self.border, pool.dilation, ceil=True
        )
        return functional.pad(features, (wide.padding, wide.after, high.padding, high.after))


def rewrite_for_delegates(
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
    found = keep_if_equal(module, _replaced(module, rules), example, "the int8 forms", faults)
    if not faults:
        return found
    for rule in (rule for rule in RULES if rule in rules):
        found = keep_if_equal(found, _replaced(found, {rule}), example, f"the form of {rule}", notes)
    return found


def _replaced(module: nn.Module, rules: Collection[str]) -> nn.Module:
    """A changed copy, or ``module`` itself where no rule applies."""
    changed = copy.deepcopy(module)
    traced = _trace(changed)
    if traced is None:
        rewritten, count = changed, _swap_untraced(changed, rules)
    else:
        rewritten, count = _rewrite_traced(changed, traced, rules)
    return rewritten.eval() if count else module


class _Tracer(fx.Tracer):
    """Does not look into the forms, which ask for sizes."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Keep our forms as one node."""
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
        (node, new)
        for node in traced.graph.nodes
        if (new := _form_of_call(traced, node, signs, rules)) is not None
    ]
    host: nn.Module = traced if calls else changed
    for target, new in swaps.items():
        host.set_submodule(target, new)
    for number, (node, new) in enumerate(calls):
        name = f"int8_form_{number}"
        traced.add_submodule(name, new)
        with traced.graph.inserting_before(node):
            replacement = traced.graph.call_module(name, (node.all_input_nodes[0],))
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
        if isinstance(new, PaddedMaxPool) and not signs.nonnegative(node.all_input_nodes[0], node):
            refused.add(target)
        found[target] = new
    return {target: new for target, new in found.items() if target not in refused}


_FORMS: dict[str, type[_Form]] = {HARD_SWISH: HardSwish, HARD_SIGMOID: HardSigmoid}
_RULE_OF_FUNCTION: dict[Any, str] = {
    functional.hardswish: HARD_SWISH,
    functional.hardsigmoid: HARD_SIGMOID,
    **dict.fromkeys(MAX_POOLS, MAX_POOL),
}


def _form_of_module(module: nn.Module, rules: Collection[str]) -> nn.Module | None:
    if isinstance(module, nn.Hardswish) and HARD_SWISH in rules:
        return HardSwish(module.inplace)
    if isinstance(module, nn.Hardsigmoid) and HARD_SIGMOID in rules:
        return HardSigmoid(module.inplace)
    if isinstance(module, nn.MaxPool2d) and MAX_POOL in rules and not module.return_indices:
        return _max_pool(module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
    return None


def _form_of_call(
    traced: fx.GraphModule, node: fx.Node, signs: Signs, rules: Collection[str]
) -> nn.Module | None:
    rule = _RULE_OF_FUNCTION.get(node.target) if node.op == "call_function" else None
    said = node.normalized_arguments(traced, normalize_to_only_use_kwargs=True) if rule in rules else None
    if rule is None or said is None:
        return None
    named = said.kwargs
    if rule != MAX_POOL:
        return _FORMS[rule](bool(named["inplace"]))
    if named.get("return_indices") or not signs.nonnegative(named["input"], node):
        return None
    kernel = named["kernel_size"]
    stride = named["stride"] or kernel  # none, or an empty list
    return _max_pool(kernel, stride, named["padding"], named["dilation"], named["ceil_mode"])


def _max_pool(kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> nn.Module | None:
    needed = ceil or any(_pair(padding))
    return PaddedMaxPool(kernel, stride, padding, dilation, ceil) if needed else None


def _swap_untraced(changed: nn.Module, rules: Collection[str]) -> int:
    """Swap what needs no graph: modules by type, max-pools right behind a ReLU in a Sequential."""
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


def _pair(value: Any) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, list | tuple) else (int(value), int(value))
