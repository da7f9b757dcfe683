"""Which module of the PyTorch original a tensor comes from: the one that answers the same numbers.

Converters rename, fold and fuse, each in its own way, so names are not followed. The original runs once, every
operator's result is compared with the tensors of the judged fp32 file, in either layout, and where the numbers are the
same, the module that was running gives the layer its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.recording import Values

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.runtime.contract import Contract

SAME_DB = 70.0
"""Two tensors of fp32 files that are the same up to the order of sums; different ones have 0 dB or less."""
_FRONT = re.compile(r"^(tensor\.|module\.|frontend\.)+")
_SEGMENT = re.compile(r"\.(?:[A-Za-z0-9]+)_([\w]+)$")


See = Callable[[int, str, str, NDArray[Any]], None]


@dataclass(frozen=True, slots=True)
class Match:
    """Where the original has the numbers of a tensor.

    Attributes:
        module: that was running, as ``named_modules`` calls it; empty: the network itself.
        weighted: the last module with a convolution or a matrix product before that.
        snr_db: of the fp32 file's numbers against the original's.
    """

    module: str
    weighted: str
    snr_db: float


@dataclass(frozen=True)
class Names:
    """Modules by tensor.

    Attributes:
        matches: tensor -> where the original has its numbers.
    """

    matches: Mapping[str, Match] = field(default_factory=dict)

    def of(self, tensor: str, *, weighted: bool) -> str:
        """The module of a tensor; where weights have a part in it, theirs; empty: not known."""
        match = self.matches.get(tensor)
        if match is None:
            return read_scope(tensor)
        return (weighted and match.weighted) or match.module or match.weighted


def read_scope(tensor: str) -> str:
    """The module's path in a TFLite tensor's name; empty where there is none.

    ``.../torch.nn.modules.container.Sequential_stem/torch.nn.modules.conv.Conv2d_0;1`` is ``stem.0``.
    """
    found = []
    for part in tensor.split(";", maxsplit=1)[0].split("/"):
        match = _SEGMENT.search(part)
        if match:
            found.append(match[1])
    return _FRONT.sub("", ".".join(found))


def name_layers(
    original: tuple[nn.Module, Contract] | None, tensor: NDArray[Any], values: Values, contract: Contract
) -> Names:
    """Find each tensor of the fp32 file in the original.

    Args:
        original: PyTorch module and reference contract; None: nothing is found.
        tensor: one input as the file takes it.
        values: what the file made of it.
        contract: the file's; its input says what the tensor is.
    """
    if original is None:
        return Names()
    found: dict[str, Match] = {}
    waiting: dict[int, list[str]] = {}
    for name, value in values.items():
        waiting.setdefault(value.size, []).append(name)

    def see(_: int, module: str, weighted: str, result: NDArray[Any]) -> None:
        group = waiting.get(result.size, [])
        for name in list(group):
            snr = closeness(values[name], result)
            if snr >= SAME_DB:
                found[name] = Match(module, weighted, snr)
                group.remove(name)

    watch_original(*original, contract, tensor, see)
    return Names(found)


def _frontend(module: nn.Module, reference: Contract, contract: Contract) -> nn.Module:
    from fer_edge.export.capture.wrappers import wrap

    layout = contract.input.layout
    frontend, _ = wrap(module, reference, contract.input.interface, tensor=layout, image=layout)
    return frontend


def closeness(value: NDArray[Any], other: NDArray[Any]) -> float:
    """Signal-to-noise ratio of two arrays of one size in decibels, in the layout that fits."""
    best = -np.inf
    signal = float(np.sum(np.square(other, dtype=np.float64)))
    mine = float(np.sum(np.square(value, dtype=np.float64)))
    # Another layout has the same energy; most pairs end here.
    if not np.isclose(signal, mine, rtol=1e-2, atol=1e-12):
        return best
    for turned in _layouts(value, other.shape):
        noise = float(np.sum(np.square(turned - other, dtype=np.float64)))
        best = max(best, 10 * np.log10(signal / noise) if noise > 0 < signal else 300.0)
    return float(best)


def _layouts(value: NDArray[Any], shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """The array in a shape: as it is, and from channels behind pixels to channels before them."""
    yield value.reshape(shape)
    if value.ndim == 4:
        yield value.transpose(0, 3, 1, 2).reshape(shape)
    if value.ndim == 3:
        yield value.transpose(0, 2, 1).reshape(shape)


def find_layout(value: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """A file's array in the shape and layout of the original's."""
    return min(
        _layouts(value, other.shape),
        key=lambda turned: float(np.sum(np.square(turned - other, dtype=np.float64))),
    )


def watch_original(
    module: nn.Module, reference: Contract, contract: Contract, tensor: NDArray[Any], see: See
) -> None:
    """Hand out every result of float numbers while the original runs, in order; none of them is kept.

    Args:
        module: the original.
        reference: its contract.
        contract: of a file; its input says what the tensor is.
        tensor: an input as that file takes it.
        see: gets a number, the module that was running, the last one with a product so far, and the values.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    stack: list[str] = []
    count, last = 0, ""

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal count, last
            found = func(*args, **(kwargs or {}))
            place = _FRONT.sub("", stack[-1] if stack else "").removesuffix(".")
            word = str(func).split(".")[1]
            last = place if word in _PRODUCTS else last
            for item in found if isinstance(found, tuple | list) else (found,):
                if isinstance(item, torch.Tensor) and item.is_floating_point() and item.numel() > 1:
                    see(count, place, last, item.detach().numpy())
                    count += 1
            return found

    from fer_edge.export.capture.tracing import slow_attention

    frontend = _frontend(module, reference, contract)
    with _scopes(frontend, stack), slow_attention(), torch.no_grad(), Watch():  # type: ignore[no-untyped-call]
        frontend(torch.from_numpy(np.ascontiguousarray(tensor, np.float32)))


_PRODUCTS = ("convolution", "addmm", "mm", "bmm", "linear", "baddbmm", "mkldnn_convolution", "conv2d")


@contextmanager
def _scopes(module: nn.Module, stack: list[str]) -> Iterator[None]:
    """Keep the names of the modules that are running on a stack."""
    handles = []
    for name, child in module.named_modules(remove_duplicate=True):

        def enter(_: Any, __: Any, name: str = name) -> None:
            stack.append(name + "." if name else "")

        def leave(*_: Any) -> None:
            stack.pop()

        handles += [child.register_forward_pre_hook(enter), child.register_forward_hook(leave)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
