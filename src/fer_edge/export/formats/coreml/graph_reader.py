"""A Core ML program as a neutral graph, by the reader of ``runtime.mil``, which bounds everything.

Parameters that are floating-point constants or values are inputs, in the order of their names; whole numbers, words and switches are options. The
option ``parameters`` says which parameter each input is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.export.faithful.graph import Graph, Node, Tensor
from fer_edge.export.formats.coreml.package import PROGRAM
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.errors import BundleError
from fer_edge.runtime.mil.program import Literal, Operation, Program, Value, read_program
from fer_edge.runtime.mil.types import ValueType

COMPRESSED = "constexpr_"
"""Beginning of the operators whose integers stand for weights: their numbers are inputs as well."""


def read_graph(path: Path) -> Graph:
    """The program of an ``.mlpackage`` folder.

    Raises:
        BundleError: it holds no readable program.
    """
    try:
        return _Reader(read_program(path / PROGRAM)).graph()
    except (ContainerError, OSError, KeyError, ValueError) as error:
        raise BundleError(f"{path.name} is not a readable Core ML package: {error}") from None


class _Reader:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._tensors: dict[str, Tensor] = {}
        self._words: dict[str, Any] = {}
        """Constants that are options of who reads them."""

    def graph(self) -> Graph:
        for name, declared in self._program.inputs:
            self._declare(name, declared)
        nodes = []
        for operation in self._program.operations:
            if operation.type == "const":
                self._note_constant(operation)
            else:
                nodes.append(self._node(operation))
        inputs = tuple(name for name, _ in self._program.inputs)
        return Graph(tuple(nodes), self._tensors, inputs, tuple(self._program.outputs))

    def _declare(self, name: str, declared: ValueType) -> None:
        shape = tuple(-1 if size is None else size for size in declared.shape)
        scalar = declared.scalar
        dtype = "" if scalar is None or scalar.numpy is None else np.dtype(scalar.numpy).name
        self._tensors[name] = Tensor(name, shape, dtype)

    def _note_constant(self, operation: Operation) -> None:
        (value,) = operation.arguments["val"]
        if isinstance(value, Value):
            self._note(operation.name, value.content)

    def _note(self, name: str, content: Literal, *, number: bool = False) -> bool:
        """Whether the constant is a tensor; otherwise it is an option."""
        if isinstance(content, np.ndarray) and (number or content.dtype.kind == "f"):
            self._tensors[name] = Tensor(name, content.shape, content.dtype.name, content)
            return True
        self._words[name] = _plain(content)
        return False

    def _node(self, operation: Operation) -> Node:
        for name, declared in operation.outputs:
            self._declare(name, declared)
        inputs, parameters, options = list[str](), list[str](), dict[str, Any]()
        for parameter, name in self._bound(operation):
            if name in self._words:
                options[parameter] = self._words[name]
            else:
                inputs.append(name)
                parameters.append(parameter)
        options["parameters"] = tuple(parameters)
        if operation.blocks:
            options["blocks"] = operation.blocks
        outputs = tuple(name for name, _ in operation.outputs)
        return Node(operation.type, tuple(inputs), outputs, options, operation.name)

    def _bound(self, operation: Operation) -> Iterator[tuple[str, str]]:
        """Parameters, of a list one by one, and the names of what they are; constants in place get one."""
        for parameter, values in sorted(operation.arguments.items()):
            for place, value in enumerate(values):
                numbered = f"{parameter}.{place}" if len(values) > 1 else parameter
                if isinstance(value, str):
                    yield numbered, value
                    continue
                name = f"{operation.name}.{numbered}"
                self._note(name, value.content, number=operation.type.startswith(COMPRESSED))
                yield numbered, name


def _plain(content: Literal) -> Any:
    if isinstance(content, np.ndarray):
        return (content.shape, tuple(content.reshape(-1).tolist()))
    return tuple(map(str, content)) if isinstance(content, list) else content
