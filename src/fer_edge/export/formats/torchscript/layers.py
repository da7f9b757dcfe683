"""Layers of a TorchScript archive: its graph with every tensor as an output, and the same graph with more inputs."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.recording import Grid, Step, Values
from fer_edge.runtime.engines.torchscript import TORCHSCRIPT

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

CHANNEL_AXIS = 1


class TorchScriptRecorder:
    """One opened archive."""

    def __init__(self, path: Path, contract: Contract) -> None:
        graph = _read_graph(path, contract)
        self.grids: dict[str, Grid] = {}
        self.half_steps: Values = {}
        self.constants: Values = dict(_read_constants(graph))
        self.steps = tuple(self._read_steps(graph))
        self._outputs = [name for step in self.steps for name in step.outputs]
        values = {value.debugName(): value for node in graph.nodes() for value in node.outputs()}
        self._call = _compile(graph, [values[name] for name in self._outputs])

    def run(self, tensor: NDArray[Any]) -> Values:
        """Every tensor that is computed for one input."""
        import torch

        with torch.inference_mode():
            rows = self._call(torch.from_numpy(np.ascontiguousarray(tensor)))
        return {"": tensor, **_named(self._outputs, rows)}

    def _read_steps(self, graph: Any) -> Iterator[Step]:
        for node in graph.nodes():
            outputs = tuple(value.debugName() for value in node.outputs() if _is_tensor(value))
            if node.kind() == "prim::Constant" or not outputs:
                continue
            names = [value.debugName() for value in node.inputs() if _is_tensor(value)]
            constants = tuple(name for name in names if name in self.constants)
            yield Step(
                node.kind(),
                tuple(name for name in names if name not in self.constants),
                constants,
                outputs,
                any(sum(size > 1 for size in self.constants[name].shape) > 1 for name in constants),
            )


class TorchScriptReplay:
    """An archive's graph whose layers are fed from outside."""

    def __init__(self, path: Path, contract: Contract, given: Collection[str], constants: Values) -> None:
        import torch

        graph = _read_graph(path, contract)
        for node in graph.findAllNodes("prim::Constant"):
            other = constants.get(node.output().debugName())
            if other is not None and node.hasAttribute("value") and node.kindOf("value") == "t":
                shape = tuple(node.t("value").shape)
                node.t_("value", torch.from_numpy(np.asarray(other, np.float32).reshape(shape).copy()))
        wanted = set(given)
        values = [value for node in graph.nodes() for value in node.outputs() if value.debugName() in wanted]
        self._names = [value.debugName() for value in values]
        for value in values:
            value.replaceAllUsesWith(graph.addInput())
        self._call = _compile(graph, values)

    def run(self, values: Values) -> Values:
        """What each operator makes of given tensors."""
        import torch

        feeds = [torch.from_numpy(np.asarray(values[name], np.float32).copy()) for name in ("", *self._names)]
        with torch.inference_mode():
            rows = self._call(*feeds)
        return _named(self._names, rows)


def open_recorder(path: Path, contract: Contract) -> TorchScriptRecorder:
    """Open an archive whose tensors are to be read."""
    return TorchScriptRecorder(path, contract)


def open_replay(
    path: Path, contract: Contract, given: Collection[str], constants: Values
) -> TorchScriptReplay:
    """Open an archive whose layers are fed from outside."""
    return TorchScriptReplay(path, contract, given, constants)


def _read_graph(path: Path, contract: Contract) -> Any:
    """The archive's graph without its unused self; its program was read before torch runs it."""
    import torch

    TORCHSCRIPT.open(path, contract, threads=1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.*")
        module: Any = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
        graph = module.graph.copy()
        first = next(iter(graph.inputs()))
        if any(True for _ in first.uses()):
            graph = torch.jit.freeze(module, optimize_numerics=False).graph.copy()
    graph.eraseInput(0)
    return graph


def _compile(graph: Any, outputs: list[Any]) -> Any:
    import torch

    for _ in list(graph.outputs()):
        graph.eraseOutput(0)
    nothing = graph.create("prim::Constant")
    graph.prependNode(nothing)
    nothing.output().setType(torch._C.NoneType.get())
    copies = []
    for value in outputs:
        # Others may write over it.
        copy = graph.create("aten::clone", [value, nothing.output()])
        copy.insertAfter(value.node())
        copies.append(copy.output())
    # A function has one output; without the type of its members torch does not take the tuple for one.
    row = graph.create("prim::TupleConstruct", copies)
    graph.appendNode(row)
    row.output().setType(torch._C.TupleType([value.type() for value in copies]))
    graph.registerOutput(row.output())
    return torch._C._create_function_from_graph("layers", graph)


def _read_constants(graph: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    import torch

    for node in graph.findAllNodes("prim::Constant"):
        value = node.output().toIValue()
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            yield node.output().debugName(), value.detach().numpy().copy()


def _is_tensor(value: Any) -> bool:
    return bool(value.type().kind() == "TensorType")


def _named(names: list[str], rows: Any) -> dict[str, NDArray[Any]]:
    """Tensors by name."""
    rows = rows if isinstance(rows, tuple) else (rows,)
    floats = {name: row for name, row in zip(names, rows, strict=True) if row.is_floating_point()}
    return {name: row.detach().numpy() for name, row in floats.items()}
