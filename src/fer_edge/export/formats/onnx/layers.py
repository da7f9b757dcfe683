"""Layers of an ONNX file: a copy in memory with every tensor as an output, run by onnxruntime without its rewrites.

Where a tensor is quantized and dequantized again, what counts is what comes out behind that: the operators in between are
read away, and the tensor has a grid. So it has where others read its bytes (the shifted hard-swish): what they stand for counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.recording import Grid, Step, Values

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

    from fer_edge.runtime.contract import Contract

CHANNEL_AXIS = 1
QUANTIZE, DEQUANTIZE, DYNAMIC = "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"
INTEGER_PRODUCTS = ("MatMulInteger", "ConvInteger")
DYNAMIC_STEPS = 255
SUFFIXES = ("_DequantizeLinear_Output", "_quantized", "_transposed", "_DequantizeLinear", "_QuantizeLinear")
"""What the quantizer appends to the name of a tensor that it adds beside it."""
TRANSPOSED = "_transposed"


class OnnxRecorder:
    """One opened file."""

    def __init__(self, path: Path) -> None:
        import onnx

        model = onnx.load(path)
        graph = model.graph
        self._fixed = _Fixed(model)
        self._aliases = dict(_find_aliases(graph, self._fixed.names))
        self._behind = {behind: name for name, behind in self._aliases.items()}
        self.steps: Sequence[Step] = tuple(self._read_steps(graph))
        self.constants: Values = self._fixed.values
        self.half_steps: Values = self._fixed.half_steps
        inputs = [item.name for item in graph.input if item.name not in self._fixed.names]
        self._input = inputs[0]
        names = [name for step in self.steps for name in step.outputs]
        self._sources = {name: self._aliases.get(name, name) for name in (*inputs, *names)}
        self.grids = dict(self._read_grids(graph))
        self._bytes = dict(self._read_bytes(graph))
        self.grids.update({name: grid for name, (_, grid) in self._bytes.items()})
        self._sources.update({name: stored for name, (stored, _) in self._bytes.items()})
        self._outputs = [name for name in dict.fromkeys(self._sources.values()) if name not in inputs]
        self._session = _open(model, self._outputs)

    def run(self, tensor: NDArray[Any]) -> Values:
        """Every tensor that is computed for one input."""
        rows = self._session.run(self._outputs, {self._input: tensor})
        found = {self._input: tensor, **dict(zip(self._outputs, rows, strict=True))}
        values = {name: found[source] for name, source in self._sources.items() if source in found}
        for name, (stored, grid) in self._bytes.items():
            values[name] = ((found[stored].astype(np.float32) - grid.zero_point) * grid.scale).astype(
                np.float32
            )
        return {name: value for name, value in values.items() if value.dtype.kind == "f"}

    def _read_steps(self, graph: GraphProto) -> Iterator[Step]:
        dynamic: dict[str, str] = {}
        for node in graph.node:
            moving = [name for name in node.input if name and name not in self._fixed.names]
            if node.op_type in (QUANTIZE, DEQUANTIZE) or not moving:
                continue
            if node.op_type == DYNAMIC or _continues(node, dynamic):
                dynamic.update(
                    dict.fromkeys(
                        node.output, node.input[0] if node.op_type == DYNAMIC else dynamic.get(moving[0], "")
                    )
                )
                continue
            rounded = [dynamic[name] for name in moving if name in dynamic]
            constants = tuple(_plain(name) for name in node.input if name in self._fixed.names)
            yield Step(
                node.op_type,
                tuple(rounded or [self._behind.get(name, name) for name in moving]),
                constants,
                tuple(name for name in node.output if name),
                any(_is_weight(self._fixed.values.get(name)) for name in constants),
                DYNAMIC_STEPS if rounded else 0,
            )
            # The bias is added behind a product whose inputs were rounded.
            if rounded and node.op_type == "Mul":
                dynamic.update(dict.fromkeys(node.output, rounded[0]))

    def _read_grids(self, graph: GraphProto) -> Iterator[tuple[str, Grid]]:
        readers = {node.output[0]: node for node in graph.node if node.op_type == DEQUANTIZE}
        for name, behind in self._aliases.items():
            grid = self._grid(readers[behind])
            if grid is not None:
                yield name, grid

    def _read_bytes(self, graph: GraphProto) -> Iterator[tuple[str, tuple[str, Grid]]]:
        """Tensors that nothing reads but the quantizer in front of others' bytes, with the bytes and what they stand for."""
        readers: dict[str, list[NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                readers.setdefault(name, []).append(node)
        made = {name for step in self.steps for name in step.outputs} - {item.name for item in graph.output}
        for name in made - set(self._aliases):
            read = readers.get(name, [])
            grid = self._grid(read[0]) if len(read) == 1 and read[0].op_type == QUANTIZE else None
            if grid is not None:
                yield name, (read[0].output[0], grid)

    def _grid(self, node: NodeProto) -> Grid | None:
        """Of a QuantizeLinear or DequantizeLinear; None: it is computed, or one for each channel."""
        scale = self._fixed.raw(node.input[1])
        zero = self._fixed.raw(node.input[2]) if len(node.input) > 2 else np.zeros(1, np.uint8)
        if scale is None or zero is None or scale.size != 1:
            return None
        bounds = np.iinfo(zero.dtype)
        return Grid(float(scale.item()), int(zero.item()), bounds.min, bounds.max)


class OnnxReplay:
    """The fp32 file with more inputs."""

    def __init__(self, path: Path, given: Collection[str], constants: Values) -> None:
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        model = onnx.load(path)
        graph = model.graph
        for item in graph.initializer:
            if item.name in constants and item.data_type == TensorProto.FLOAT:
                item.CopyFrom(
                    numpy_helper.from_array(np.ascontiguousarray(constants[item.name], np.float32), item.name)
                )
        stored = {item.name for item in graph.initializer}
        self._input = next(item.name for item in graph.input if item.name not in stored)
        made = {name for node in graph.node for name in node.output}
        self._fed: dict[str, str] = {}
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name in given and name in made:
                    node.input[place] = self._fed.setdefault(name, f"{name}.given")
        graph.input.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self._fed.values()
        )
        self._outputs = [name for name in dict.fromkeys(given) if name in made]
        self._session = _open(model, self._outputs)

    def run(self, values: Values) -> Values:
        """What each operator makes of given tensors."""
        feeds = {place: np.asarray(values[name], np.float32) for name, place in self._fed.items()}
        names = {item.name for item in self._session.get_inputs()}
        if self._input in names:
            feeds[self._input] = values[self._input]
        return dict(zip(self._outputs, self._session.run(self._outputs, feeds), strict=True))


def open_recorder(path: Path, contract: Contract) -> OnnxRecorder:  # noqa: ARG001 - the file has one input
    """Open a file whose tensors are to be read."""
    return OnnxRecorder(path)


def open_replay(
    path: Path,
    contract: Contract,  # noqa: ARG001
    given: Collection[str],
    constants: Values,
) -> OnnxReplay:
    """Open an fp32 file whose layers are fed from outside."""
    return OnnxReplay(path, given, constants)


class _Fixed:
    """What a graph computes of its constants alone.

    Attributes:
        names: of these tensors, the constants among them.
        values: as real numbers, by the name that the fp32 file has for them.
        half_steps: of those that are not stored as float32.
    """

    def __init__(self, model: ModelProto) -> None:
        graph = model.graph
        self.names = {item.name for item in graph.initializer}
        self._nodes = []
        for node in graph.node:
            if node.op_type == "Constant" or (
                node.input and all(not name or name in self.names for name in node.input)
            ):
                self.names.update(node.output)
                self._nodes.append(node)
        self._raw = self._evaluate(model)
        self.values: dict[str, NDArray[Any]] = {}
        self.half_steps: dict[str, NDArray[Any]] = {}
        for name, value in self._raw.items():
            if value.dtype in (np.float32, np.float64):
                self._keep(name, value)
        for node in self._nodes:
            half = self._half_step(node)
            if half is not None:
                self.half_steps[_plain(node.output[0])] = half
        self._keep_integers()

    def raw(self, name: str) -> NDArray[Any] | None:
        """A constant as it is stored."""
        return self._raw.get(name)

    def _evaluate(self, model: ModelProto) -> dict[str, NDArray[Any]]:
        import onnx
        from onnx import numpy_helper

        found = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
        if not self._nodes:
            return found
        small = onnx.ModelProto()
        small.CopyFrom(model)
        del small.graph.node[:], small.graph.input[:], small.graph.output[:], small.graph.value_info[:]
        small.graph.node.extend(self._nodes)
        names = [name for node in self._nodes for name in node.output if name]
        return {**found, **dict(zip(names, _open(small, names).run(names, {}), strict=True))}

    def _keep(self, name: str, value: NDArray[Any]) -> None:
        plain = _plain(name)
        # What stands behind a conversion, not what it converts.
        if plain not in self.values or name == plain:
            self.values[plain] = value.T if TRANSPOSED in name and value.ndim == 2 else value

    def _keep_integers(self) -> None:
        """Weights of integer products, whose scale stands in another operator."""
        for name, value in self._raw.items():
            if value.dtype.kind not in "iu" or not name.endswith("_quantized"):
                continue
            base = name.removesuffix("_quantized")
            scale, zero = self._raw.get(f"{base}_scale"), self._raw.get(f"{base}_zero_point")
            if scale is None or zero is None or _plain(name) in self.values:
                continue
            self._keep(base, ((value.astype(np.float64) - zero) * scale).astype(np.float32))
            half = np.asarray(scale, np.float64) / 2
            self.half_steps[_plain(base)] = half.reshape(-1, 1) if TRANSPOSED in base and half.ndim else half

    def _half_step(self, node: NodeProto) -> NDArray[Any] | None:
        """Of a constant that a conversion to float32 gives; None: it is none."""
        if node.op_type == DEQUANTIZE:
            scale = np.asarray(self._raw[node.input[1]], np.float64) / 2
            axis = next((item.i for item in node.attribute if item.name == "axis"), 1)
            shape = [1] * self._raw[node.input[0]].ndim
            if scale.size > 1:
                shape[axis] = -1
            found: NDArray[Any] = scale.reshape(shape)
            return found
        if node.op_type == "Mul" and node.input[0].endswith(".steps"):
            return np.asarray(self._raw[node.input[1]], np.float64) / 2
        if node.op_type == "Cast" and self._raw[node.input[0]].dtype == np.float16:
            spacing: NDArray[Any] = np.spacing(np.abs(self._raw[node.input[0]])).astype(np.float64) / 2
            return spacing
        return None


def _find_aliases(graph: GraphProto, fixed: set[str]) -> Iterator[tuple[str, str]]:
    """Tensors that are quantized, and what stands in their place behind that."""
    quantized = {node.output[0]: node for node in graph.node if node.op_type == QUANTIZE}
    seen: set[str] = set()
    for node in graph.node:
        source = quantized.get(node.input[0]) if node.op_type == DEQUANTIZE else None
        if source is None or source.input[0] in fixed or source.input[0] in seen:
            continue
        if list(source.input[1:]) == list(node.input[1:]):
            seen.add(source.input[0])
            yield source.input[0], node.output[0]


def _continues(node: NodeProto, dynamic: Collection[str]) -> bool:
    """Whether a node is a step on the way from inputs rounded at run time to a product."""
    reads = any(name in dynamic for name in node.input)
    scales = node.op_type == "Mul" and node.input[0].endswith("_scale") and node.input[1].endswith("_scale")
    return reads and (node.op_type in (*INTEGER_PRODUCTS, "Cast") or scales)


def _open(model: ModelProto, outputs: Sequence[str]) -> Any:
    """A session of a copy whose outputs are these tensors."""
    import onnx
    import onnxruntime

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    # Without a type: onnxruntime infers it.
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        copy.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _plain(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _is_weight(values: NDArray[Any] | None) -> bool:
    return values is not None and sum(size > 1 for size in values.shape) > 1
