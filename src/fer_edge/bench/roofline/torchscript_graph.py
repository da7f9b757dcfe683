"""TorchScript: one run on zeros, watched where torch dispatches its operators.

A tensor is known by its memory: what shares memory (views, in-place operators) is one. Memory that no operator wrote
and that is not the input's holds weights.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.bench.roofline.graph import Graph, GraphTensor, Operator, Role, count_macs, list_roles
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.extras import require

_ROLES = list_roles({
    Role.CONVOLUTION: ("convolution", "_convolution", "conv2d", "mkldnn_convolution", "linear"),
    Role.PRODUCT: ("addmm", "mm", "bmm", "matmul", "baddbmm"),
    Role.POINTWISE: (
        "add", "sub", "mul", "div", "relu", "clamp", "clamp_min", "clamp_max", "hardtanh", "sigmoid", "hardsigmoid",
        "hardswish", "silu", "gelu", "elu", "leaky_relu", "tanh", "batch_norm", "native_batch_norm",
        "_native_batch_norm_legit_no_training", "floor", "rsub", "prelu",
    ),
    Role.CONVERT: ("_to_copy", "to"),
    Role.OPAQUE: ("lstm", "gru", "rnn_tanh", "rnn_relu", "einsum", "scaled_dot_product_attention"),
})  # fmt: skip
_BIAS_FIRST = ("addmm", "baddbmm")


def read(path: Path, contract: Contract) -> Graph:
    """The operators that one inference of a ``.pt`` archive runs.

    Args:
        path: of the archive.
        contract: gives the input's shape and dtype.

    Raises:
        MissingExtra: torch is not installed.
    """
    torch = require("torch", "torch")
    with warnings.catch_warnings():
        # torch.jit is deprecated in favor of torch.export, which phones cannot load.
        warnings.filterwarnings("ignore", message=".*torch.jit.*")
        module = torch.jit.load(str(path), map_location="cpu").eval()
    given = torch.zeros(contract.input.shape, dtype=getattr(torch, contract.input.dtype))
    calls: list[Call] = []
    with torch.no_grad(), _watching(torch, calls):
        module(given)
    return _graph(calls, given)


@dataclass(frozen=True, slots=True)
class Call:
    """One operator as torch ran it; keeping its tensors keeps their memory from being used again."""

    name: str
    taken: list[Any]
    made: list[Any]
    transposed: bool


def _watching(torch: Any, calls: list[Call]) -> Any:
    """A context that notes every operator in ``calls``."""
    leaves = torch.utils._pytree.tree_leaves
    mode: Any = require("torch.utils._python_dispatch", "torch").TorchDispatchMode

    class Watch(mode):  # type: ignore[misc]  # torch is imported when it is needed
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            answer = func(*args, **(kwargs or {}))
            taken = [value for value in leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
            made = [value for value in leaves(answer) if isinstance(value, torch.Tensor)]
            name = str(func.overloadpacket).removeprefix("aten.").rstrip("_")
            transposed = name in ("convolution", "_convolution") and bool(args[6])
            calls.append(Call(name, taken, made, transposed))
            return answer

    return Watch()


def _memory(tensor: Any) -> str:
    return str(tensor.untyped_storage().data_ptr())


def _graph(calls: list[Call], given: Any) -> Graph:
    tensors = {_memory(given): _tensor(given, stored=False)}
    operators = []
    for call in calls:
        for tensor in call.taken:  # what nobody made is a weight
            tensors.setdefault(_memory(tensor), _tensor(tensor, stored=True))
        for tensor in call.made:
            tensors.setdefault(_memory(tensor), _tensor(tensor, stored=False))
        inputs = tuple(_memory(tensor) for tensor in call.taken)
        outputs = tuple(_memory(tensor) for tensor in call.made if _memory(tensor) not in inputs)
        if outputs:  # the others make a view or change their input in place
            operators.append(_operator(call, inputs, outputs))
    return Graph(tensors, tuple(operators))


def _operator(call: Call, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Operator:
    role = Role.TRANSPOSED if call.transposed else _ROLES.get(call.name, Role.MOVE)
    if not role.computes:
        return Operator(call.name, role, inputs, outputs)
    first = 1 if call.name in _BIAS_FIRST else 0
    macs = count_macs(
        role, *(tuple(tensor.shape) for tensor in (*call.taken[first : first + 2], call.made[0]))
    )
    return Operator(call.name, role, (*inputs[first:], *inputs[:first]), outputs, macs)


def _tensor(tensor: Any, stored: bool) -> GraphTensor:
    return GraphTensor(tuple(tensor.shape), 8 * tensor.element_size(), stored)
