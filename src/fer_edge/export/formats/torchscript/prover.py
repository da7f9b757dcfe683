"""Proof of TorchScript archives: the frozen graph's tensors are the original's folded weights. There is no smaller precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import MOST_NODES, Graph, Node, Tensor
from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.prover import Compute
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.faithful.view import Constant, Edge, Step, View
from fer_edge.export.faithful.weights import least_scale
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.errors import BundleError

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Request

__all__ = ["COMPUTE", "KINDS", "RULES", "least_scale", "make_bridges", "observe", "read_graph", "view"]

CONSTANT = "prim::Constant"


def read_graph(path: Path) -> Graph:
    """The archive's ``forward`` with everything that it calls; whole numbers and lists stay inputs.

    Raises:
        BundleError: it cannot be read, or does more than this project's exporter writes.
    """
    import torch

    from fer_edge.runtime.containers.torchscript import check_program

    try:
        check_program(path)
        with warnings.catch_warnings():
            # As in the engine: torch.jit is deprecated in favor of torch.export, which phones cannot load.
            warnings.simplefilter("ignore")
            graph = torch.jit.load(str(path), map_location="cpu").inlined_graph  # type: ignore[no-untyped-call]
    except (ContainerError, RuntimeError, OSError) as error:
        raise BundleError(f"{path.name} is not a readable TorchScript archive: {error}") from None
    nodes, tensors = list[Node](), dict[str, Tensor]()
    for number, node in enumerate(graph.nodes()):
        if number >= MOST_NODES:
            raise BundleError(f"{path.name} has more than {MOST_NODES} operators")
        outputs = tuple(value.debugName() for value in node.outputs())
        tensors.update((name, _tensor(name, node)) for name in outputs)
        if node.kind() != CONSTANT:
            nodes.append(Node(node.kind(), tuple(value.debugName() for value in node.inputs()), outputs))
    given = tuple(value.debugName() for value in graph.inputs())[1:]
    return Graph(tuple(nodes), tensors, given, tuple(value.debugName() for value in graph.outputs()))


def _tensor(name: str, node: Any) -> Tensor:
    import torch

    value = node.output().toIValue() if node.kind() == CONSTANT else None
    if not isinstance(value, torch.Tensor):
        return Tensor(name, (), "")
    held: NDArray[Any] = np.asarray(value.detach().cpu())
    return Tensor(name, held.shape, held.dtype.name, held)


def view(graph: Graph) -> View:
    """The graph itself: nothing in it is stored otherwise."""
    steps = [
        Step(node.operator, tuple(Edge(name) for name in node.inputs), node.outputs, node.options)
        for node in graph.nodes
    ]
    constants = {
        name: Constant(tensor.constant)
        for name, tensor in graph.tensors.items()
        if tensor.constant is not None
    }
    return View(graph.inputs, steps, constants, outputs=graph.outputs)


def make_bridges(request: Request, fp32: Path | None) -> Iterator[Path]:  # noqa: ARG001 - as the protocol says
    """None but the delivered file."""
    if fp32 is not None:
        yield fp32


def observe(path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:  # noqa: ARG001 - as the protocol says
    """Nothing: no precision of the format has calibrated ranges."""
    return {}


COMPUTE: Compute | None = None
RULES: Mapping[str, Rule] = {}
KINDS: Mapping[str, Kind] = {
    "aten::_convolution": Kind("conv"),
    "aten::conv2d": Kind("conv"),
    "aten::linear": Kind("linear"),
    "aten::addmm": Kind("matmul"),
    "aten::matmul": Kind("matmul"),
    "aten::batch_norm": Kind("batch_norm"),
    "aten::layer_norm": Kind("layer_norm"),
    "aten::instance_norm": Kind("instance_norm"),
}
