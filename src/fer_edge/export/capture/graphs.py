"""Two ways to capture a graph of a network's Python, each giving an ordinary module.

| capture              | takes                                               | fails on                                    |
|----------------------|-----------------------------------------------------|---------------------------------------------|
| ``torch.jit.trace``  | what Python does with one input, whatever that is   | functions with a ``backward`` of their own  |
| ``torch.export``     | the network without running it                      | checks of values, such as ``assert``        |

A graph has the weights and the answers of the original; it is compared with it first.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn

from fer_edge.export.capture.equality import prove_equal
from fer_edge.export.capture.tracing import trace
from fer_edge.runtime.errors import ExportError, first_line


def export_graph(module: nn.Module, example: Tensor) -> nn.Module:
    """A network as ``torch.export`` reads it, without writes into tensors that are there, proven equal.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input, (1, C, H, W) float32; what is returned holds for its size only.

    Raises:
        NotProvenError: its answers are others.
        ExportError: ``torch.export`` cannot read it.
    """
    with _quiet(), torch.no_grad():
        return _proven(module, _program(module, example), example)


def trace_graph(module: nn.Module, example: Tensor) -> nn.Module:
    """A network as ``torch.jit.trace`` reads it, proven equal; arguments and errors as for ``export_graph``."""
    with _quiet(), torch.no_grad():
        try:
            # A part of PyTorch that its own messages advise, without a public name.
            from torch._export.converter import TS2EPConverter

            graph = trace(module, example)
            if graph.inlined_graph.findAllNodes("prim::PythonOp"):  # type: ignore[attr-defined]
                raise ExportError("it holds a Python function with a backward of its own")
            program = TS2EPConverter(graph, (example,), {}).convert().run_decompositions({})
        except Exception as error:
            raise ExportError(f"torch.jit.trace refused the network: {first_line(error)}") from error
        return _proven(module, program, example)


def _program(module: nn.Module, example: Tensor) -> Any:
    faults = []
    for strict in (False, True):
        try:
            return torch.export.export(module, (example,), strict=strict).run_decompositions({})
        except Exception as error:  # noqa: BLE001 - whatever the network's own code makes of a proxy
            faults.append(first_line(error))
    raise ExportError(f"torch.export refused the network: {faults[0]}")


def _proven(module: nn.Module, program: Any, example: Tensor) -> nn.Module:
    held = program.module(check_guards=False)
    found = fx.GraphModule(held, held.graph, type(module).__name__)
    for node in list(found.graph.nodes):
        form = _TRACEABLE.get(node.target) if node.op == "call_function" else None
        if form is not None:
            with found.graph.inserting_before(node):
                form(found.graph, node)
    found.graph.lint()
    found.recompile()
    # Its constants and casts have the types of the example's run.
    prove_equal(module, found.eval(), example, exact=False)
    return found


def _filled(graph: fx.Graph, node: fx.Node) -> None:
    """``fill`` by a tensor of one value, and ``copy``, neither of which reads what it is called on."""
    like, value = node.meta["val"], node.args[1]
    if isinstance(value, fx.Node) and value.meta["val"].dtype != like.dtype:
        value = graph.call_function(torch.ops.aten.to.dtype, (value, like.dtype))
    plain = graph.call_function(torch.ops.aten.expand.default, (value, list(like.shape)))
    node.replace_all_uses_with(plain)
    graph.erase_node(node)


def _clipped(_: fx.Graph, node: fx.Node) -> None:
    """Limits in the type of what they limit: coremltools takes whole numbers for integers."""
    if node.meta["val"].is_floating_point():
        node.args = (
            node.args[0],
            *(float(item) if isinstance(item, int) else item for item in node.args[1:]),
        )


def _normalized(graph: fx.Graph, node: fx.Node) -> None:
    """BatchNorm by the name that every reader of traces knows, with one result instead of three."""
    *tensors, momentum, epsilon = node.args
    plain = graph.call_function(
        torch.ops.aten.batch_norm.default, (*tensors, False, momentum, epsilon, False)
    )
    for user in list(node.users):
        user.replace_all_uses_with(plain)
        graph.erase_node(user)
    graph.erase_node(node)


def _scattered(graph: fx.Graph, node: fx.Node) -> None:
    """A part of a tensor replaced: picked from the tensor and the part, one behind the other, along one axis."""
    host: Any = graph.owning_module
    arguments: list[Any] = list(node.args)
    base, part, axis, *where = arguments if len(arguments) > 2 else [*arguments, 0]
    shape = node.meta["val"].shape
    axis %= len(shape)
    order = list(range(shape[axis]))
    if node.target is torch.ops.aten.select_scatter.default:
        part = graph.call_function(torch.ops.aten.unsqueeze.default, (part, axis))
        order[where[0]] = len(order)
    else:
        written = range(*slice(*where).indices(len(order)))
        order[written.start : written.stop : written.step] = range(len(order), len(order) + len(written))
    both = graph.call_function(torch.ops.aten.cat.default, ([base, part], axis))
    name = f"order_{node.name}"
    host.register_buffer(name, torch.tensor(order), persistent=False)
    plain = graph.call_function(torch.ops.aten.index_select.default, (both, axis, graph.get_attr(name)))
    node.replace_all_uses_with(plain)
    graph.erase_node(node)


_TRACEABLE: dict[Any, Callable[[fx.Graph, fx.Node], None]] = {
    torch.ops.aten.fill.Tensor: _filled,
    torch.ops.aten.copy.default: _filled,
    torch.ops.aten.hardtanh.default: _clipped,
    torch.ops.aten.clamp.default: _clipped,
    torch.ops.aten.select_scatter.default: _scattered,
    torch.ops.aten.slice_scatter.default: _scattered,
    torch.ops.aten._native_batch_norm_legit_no_training.default: _normalized,
}
"""Operators that ``torch.export`` writes and ``torch.jit.trace``, or what reads a trace, does not understand."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the readers say about themselves; the result is judged by its answers."""
    logger = logging.getLogger("torch")
    level = logger.level
    try:
        logger.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
