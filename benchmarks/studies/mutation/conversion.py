"""Faults that live in the conversion: the PyTorch module is changed, converted, and judged as if it were the original's file."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mutation.contracts import change_contract

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

KERAS, PYTORCH = 1e-3, 1e-5
"""Epsilons of a batch normalization, each the other's usual mistake; torchvision's MobileNetV3 has Keras's."""
OTHERS: dict[type[nn.Module], Callable[[], nn.Module]] = {
    nn.ReLU6: nn.ReLU,
    nn.ReLU: nn.ReLU6,
    nn.Hardswish: nn.SiLU,
    nn.Hardsigmoid: nn.Sigmoid,
}
"""Activation -> the one that it is mistaken for."""


@dataclass(frozen=True)
class ModuleChange:
    """A possible fault of a conversion.

    Attributes:
        module: name of the part at fault; empty: several.
        apply: changes a copy of the network, in place.
        contract: what is converted by, instead of the right one; the file gets the right one in the end.
    """

    module: str
    apply: Callable[[nn.Module], None]
    contract: Callable[[Contract], Contract] | None = None


def list_changes(network: nn.Module) -> dict[str, list[ModuleChange]]:
    """Every fault that converting this network could have."""
    found: defaultdict[str, list[ModuleChange]] = defaultdict(list)
    for name, part in network.named_modules():
        for kind, change in _of(name, part):
            found[kind].append(ModuleChange(name, change))
    if any(isinstance(part, nn.BatchNorm2d) for part in network.modules()):
        found["bn_eps"].append(ModuleChange("", _set_every_eps))
    for kind in ("mean", "std"):
        wrong = partial(change_contract, kind=f"contract_{kind}")
        found[f"{kind}_in_graph"].append(ModuleChange("", lambda _: None, wrong))
    return found


def make_faulty(network: nn.Module, change: ModuleChange) -> nn.Module:
    """A copy of the network with the fault."""
    faulty = copy.deepcopy(network)
    change.apply(faulty)
    return faulty.eval()


def _of(name: str, part: nn.Module) -> Iterator[tuple[str, Callable[[nn.Module], None]]]:
    if isinstance(part, nn.BatchNorm2d) and part.affine:
        yield "bn_scale", _setting(name, _drop_scale)
    if isinstance(part, nn.Conv2d) and part.stride[0] == 2:
        yield "stride_phase", _putting(name, lambda old: nn.Sequential(Phase(), old))
    if isinstance(part, nn.Conv2d) and isinstance(part.padding, tuple) and part.padding[0] > 0:
        yield "padding_side", _putting(name, _moved_padding)
    if isinstance(part, nn.MaxPool2d | nn.AvgPool2d):
        yield "ceil_mode", _setting(name, _flip_ceil)
    if type(part) in OTHERS:
        yield "activation_missing", _putting(name, lambda _: nn.Identity())
        yield "activation_other", _putting(name, lambda old: OTHERS[type(old)]())


def _setting(name: str, change: Callable[[nn.Module], None]) -> Callable[[nn.Module], None]:
    return lambda network: change(network.get_submodule(name))


def _putting(name: str, make: Callable[[nn.Module], nn.Module]) -> Callable[[nn.Module], None]:
    def put(network: nn.Module) -> None:
        parent, _, last = name.rpartition(".")
        setattr(network.get_submodule(parent), last, make(network.get_submodule(name)))

    return put


def _set_every_eps(network: nn.Module) -> None:
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eps = PYTORCH if part.eps == KERAS else KERAS


def _drop_scale(part: nn.Module) -> None:
    assert isinstance(part, nn.BatchNorm2d)
    with torch.no_grad():
        part.weight.fill_(1.0)


def _flip_ceil(part: nn.Module) -> None:
    assert isinstance(part, nn.MaxPool2d | nn.AvgPool2d)
    part.ceil_mode = not part.ceil_mode


def _moved_padding(old: nn.Module) -> nn.Module:
    assert isinstance(old, nn.Conv2d)
    assert isinstance(old.padding, tuple)
    height, width = old.padding
    old.padding = (0, 0)
    return nn.Sequential(nn.ZeroPad2d((0, 2 * width, 0, 2 * height)), old)


class Phase(nn.Module):
    """The picture moved by one pixel up and left, so that a stride of 2 takes the others."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        return F.pad(features[:, :, 1:, 1:], (0, 1, 0, 1))


def product_modules(network: nn.Module, example: Tensor) -> list[list[str]]:
    """Convolutions and dense layers in the order of their calls, each with the parts that are called before the next one.

    These are what an exporter folds into the product or puts right behind it: normalization and activation.
    """
    groups: list[list[str]] = []

    def note(part: nn.Module, name: str) -> None:
        if isinstance(part, nn.Conv2d | nn.Linear):
            groups.append([name])
        elif groups:
            groups[-1].append(name)

    hooks = [
        part.register_forward_hook(lambda part, *_, name=name: note(part, name))
        for name, part in network.named_modules()
        if not any(part.children())
    ]
    with torch.no_grad():
        network(example)
    for hook in hooks:
        hook.remove()
    return groups
