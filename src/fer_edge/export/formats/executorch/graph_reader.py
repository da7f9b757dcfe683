"""An ExecuTorch file as a neutral graph: calls of portable kernels, and in their places the operators of XNNPACK's delegates.

Fields by ``schema/program.fbs`` of ExecuTorch. Nothing of ExecuTorch is loaded; the file is untrusted, every offset is checked.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.export.faithful.graph import MOST_NODES, Graph, Node, Quantization, Tensor
from fer_edge.export.formats.executorch.xnnpack_reader import Payload, UnknownPartError
from fer_edge.runtime.containers.flatbuffer import Flatbuffer
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.errors import BundleError, ExportError

METHOD = "forward"
_DTYPES = {
    0: "uint8",
    1: "int8",
    2: "int16",
    3: "int32",
    4: "int64",
    5: "float16",
    6: "float32",
    7: "float64",
    11: "bool",
}
_NULL, _INT, _BOOL, _DOUBLE, _TENSOR, _TEXT, _INTS, _DOUBLES, _BOOLS, _TENSORS, _OPTIONAL = range(1, 12)
_KERNEL, _DELEGATE = 1, 2
_VECTORS = {_DOUBLES: "<f8", _BOOLS: "?"}


def read_graph(path: Path) -> Graph:
    """Method ``forward`` of a ``.pte`` file.

    Raises:
        BundleError: the bytes are no ExecuTorch file, or contradict themselves.
        ExportError: they have parts that are not read here.
    """
    try:
        return _Program(path.read_bytes()).graph()
    except UnknownPartError as error:
        raise ExportError(f"{path.name} has {error}") from None
    except (ContainerError, ValueError, TypeError, OverflowError) as error:
        raise BundleError(f"{path.name} is not a readable ExecuTorch file: {error}") from None


class _Program:
    def __init__(self, data: bytes) -> None:
        if data[4:8] != b"ET12" or data[8:12] != b"eh00":
            raise ContainerError("it does not begin like one")
        self._data = data
        self._base = int.from_bytes(data[24:32], "little")
        walk = self._walk = Flatbuffer(io.BytesIO(data), len(data))
        self._root = walk.follow(0)
        plans = [plan for plan in walk.vector(self._root, 1) if walk.text(plan, 0) == METHOD]
        if len(plans) != 1:
            raise ContainerError(f"it has {len(plans)} methods {METHOD}")
        (self._plan,) = plans
        self._values = list(walk.vector(self._plan, 2))
        self._named = {walk.text(entry, 0): walk.scalar(entry, 1, 4) for entry in walk.vector(self._root, 7)}

    def graph(self) -> Graph:
        walk = self._walk
        tensors = {
            self._name(index): self._tensor(index, walk.table(value, 1))
            for index, value in enumerate(self._values)
            if walk.scalar(value, 0, 1) == _TENSOR
        }
        nodes = list[Node]()
        for chain in walk.vector(self._plan, 5):
            for number, instruction in enumerate(walk.vector(chain, 2)):
                made, own, quantizations = self._instruction(instruction, f"delegate{number}")
                nodes += made
                tensors.update((tensor.name, tensor) for tensor in own)
                for name, quantization in quantizations.items():
                    tensors[name] = replace(tensors[name], quantization=quantization)
                if len(nodes) > MOST_NODES:
                    raise ContainerError(f"it has more than {MOST_NODES} operators")
        inputs, outputs = (self._names(self._indices(self._plan, place)) for place in (3, 4))
        return Graph(tuple(nodes), tensors, inputs, outputs)

    def _indices(self, table: int, number: int) -> list[int]:
        found: list[int] = self._walk.numbers(table, number, np.dtype("<i4")).tolist()
        if any(not 0 <= index < len(self._values) for index in found):
            raise ContainerError("it reads a value that is not there")
        return found

    def _name(self, index: int) -> str:
        return f"value{index}"

    def _names(self, indices: list[int]) -> tuple[str, ...]:
        return tuple(self._name(index) for index in indices)

    def _kind(self, index: int) -> int:
        return self._walk.scalar(self._values[index], 0, 1)

    def _tensor(self, index: int, table: int) -> Tensor:
        walk = self._walk
        shape = tuple(walk.numbers(table, 2, np.dtype("<i4")).tolist())
        dtype = _DTYPES.get(walk.scalar(table, 0, 1), "")
        buffer = walk.scalar(table, 5, 4)
        if not buffer or walk.field(table, 6) is not None or not dtype:
            return Tensor(self._name(index), shape, dtype)
        # What no kernel reads may have no bytes.
        count = int(np.prod(shape, dtype=np.int64)) if min(shape, default=1) >= 0 else -1
        held = np.frombuffer(self._constant(buffer, count * np.dtype(dtype).itemsize), dtype)
        order = walk.bytes_at(*walk.items(table, 3))
        if tuple(order) not in ((), tuple(range(len(shape)))):
            return Tensor(self._name(index), shape, dtype, _reordered(held, shape, order))
        return Tensor(self._name(index), shape, dtype, held.reshape(shape))

    def _constant(self, buffer: int, size: int) -> bytes:
        walk = self._walk
        segment = walk.table(self._root, 5)
        offsets = walk.numbers(segment, 1, np.dtype("<u8"))
        if buffer >= len(offsets) or size < 0:
            raise ContainerError("a constant is said to be where nothing is")
        data = self._segment(walk.scalar(segment, 0, 4))
        found = data[int(offsets[buffer]) :][:size]
        if len(found) != size:
            raise ContainerError("a constant is too short")
        return found

    def _segment(self, index: int) -> bytes:
        table = self._walk.element(self._root, 4, index)
        offset, size = (self._walk.scalar(table, place, 8) for place in (0, 1))
        return self._walk.bytes_at(self._base + offset, size)

    def _by_key(self, key: str) -> bytes:
        if key not in self._named:
            raise ContainerError(f"it has no constant {key[:80]!r}")
        return self._segment(self._named[key])

    def _instruction(
        self, instruction: int, prefix: str
    ) -> tuple[list[Node], list[Tensor], dict[str, Quantization]]:
        walk = self._walk
        kind, call = walk.scalar(instruction, 0, 1), walk.table(instruction, 1)
        if kind not in (_KERNEL, _DELEGATE):
            raise UnknownPartError("steps beyond kernels and delegates")
        number, given = walk.scalar(call, 0, 4), self._indices(call, 1)
        if kind == _KERNEL:
            return [self._kernel(number, given)], [], {}
        delegate = walk.element(self._plan, 7, number)
        if walk.text(delegate, 0) != "XnnpackBackend":
            raise UnknownPartError("a delegate that is not XNNPACK's")
        place = walk.table(delegate, 1)
        if walk.scalar(place, 0, 1) != 1:
            raise UnknownPartError("a delegate whose data lie inside the program")
        payload = Payload(self._segment(walk.scalar(place, 1, 4)), self._by_key, prefix, self._names(given))
        return *payload.read(), payload.quantizations

    def _kernel(self, number: int, given: list[int]) -> Node:
        """The last argument is what comes out; it stands there twice where the kernel also returns it."""
        walk = self._walk
        operator = walk.element(self._plan, 6, number)
        out = given[-1] if given else -1
        inputs, options = list[str](), dict[str, Any]()
        for place, index in enumerate(each for each in given if each != out):
            kind = self._kind(index)
            if kind == _TENSOR:
                inputs.append(self._name(index))
            elif kind in (_TENSORS, _OPTIONAL):
                inputs += self._listed(index)
            elif kind == _NULL:
                inputs.append("")
            else:
                options[f"argument{place}"] = self._plain(index)
        outputs = self._outputs(out) if out >= 0 else ()
        return Node(walk.text(operator, 0), tuple(inputs), outputs, options)

    def _listed(self, index: int) -> list[str]:
        """Tensors of a list; one that is left out is nameless."""
        items = self._walk.numbers(self._walk.table(self._values[index], 1), 0, np.dtype("<i4")).tolist()
        if any(not -1 <= item < len(self._values) for item in items):
            raise ContainerError("a list holds a value that is not there")
        return [self._name(item) if item >= 0 else "" for item in items]

    def _outputs(self, out: int) -> tuple[str, ...]:
        if self._kind(out) == _TENSORS:
            return self._names(self._indices(self._walk.table(self._values[out], 1), 0))
        return (self._name(out),)

    def _plain(self, index: int) -> Any:
        """A number, a text or a list of numbers."""
        walk, kind, value = self._walk, self._kind(index), self._values[index]
        if walk.field(value, 1) is None:
            return None
        table = walk.table(value, 1)
        if kind in _VECTORS:
            return tuple(walk.numbers(table, 0, np.dtype(_VECTORS[kind])).tolist())
        if kind == _INTS:
            # Each is the number of a value that holds it.
            items = walk.numbers(table, 0, np.dtype("<i8")).tolist()
            return tuple(self._whole(item) for item in items)
        if kind == _TEXT:
            return walk.text(table, 0)
        if kind == _BOOL:
            return bool(walk.scalar(table, 0, 1))
        bits = np.uint64(walk.scalar(table, 0, 8))
        return bits.view(np.int64 if kind == _INT else np.float64).item()

    def _whole(self, index: int) -> Any:
        if not 0 <= index < len(self._values) or self._kind(index) != _INT:
            raise ContainerError("a list holds something else than whole numbers")
        return self._plain(index)


def _reordered(held: Any, shape: tuple[int, ...], order: bytes) -> Any:
    """A constant stored in another order of its axes, such as channels last."""
    places = list(order)
    if sorted(places) != list(range(len(shape))):
        raise ContainerError("a constant's order of axes is none")
    stored = held.reshape([shape[place] for place in places])
    return np.ascontiguousarray(stored.transpose(np.argsort(places)))
