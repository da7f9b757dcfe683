"""Layers of a TFLite file: LiteRT without delegates, which keeps all tensors; the replay is a flatbuffer with more inputs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.recording import UNROUNDED, Grid, Step, Values
from fer_edge.export.formats.quiet import quiet
from fer_edge.export.formats.tflite.flatbuffer import TFLite
from fer_edge.export.formats.tflite.roundings import Conversion, Roundings, find_roundings

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

CHANNEL_AXIS = -1
CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
SUFFIXES = ("_inner", "_quantized", "_dequant", "_dequantized", "_requantized")
"""What quantizers append to the name of a tensor that they add beside it."""
DYNAMIC_STEPS = 127
"""A product with int8 weights rounds its float inputs to so many steps on either side of 0."""
TRUNCATING = ("MEAN",)
"""8-bit operators whose kernel takes the share of the zero points in its sum as a whole number (``optimized_ops::Mean``)."""
DYNAMIC = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL")


class TFLiteRecorder:
    """One opened file."""

    def __init__(self, path: Path) -> None:
        self._file = TFLite.read(path.read_bytes())
        self._names = _names(self._file)
        self._interpreter = _interpreter(path.read_bytes(), keep=True)
        self._details = {item["index"]: item for item in self._interpreter.get_tensor_details()}
        self._fixed = _find_constants(self._file)
        self._roundings = self._find_roundings()
        self._unrounded = self._roundings.twice | set(self._find_unrounded())
        self.steps = tuple(self._read_steps())
        self.grids: Mapping[str, Grid] = dict(self._read_grids())
        self.constants: Values = dict(self._read_constants())
        self.half_steps: Values = dict(self._read_half_steps())

    def run(self, tensor: NDArray[Any]) -> Values:
        """Every tensor that is computed for one input; integers as the numbers that they mean."""
        [given] = self._interpreter.get_input_details()
        self._interpreter.set_tensor(given["index"], tensor)
        self._interpreter.invoke()
        found = {}
        # In the order of the file: where a tensor was added beside another, the integers stand under the plain name.
        for index in self._activations():
            name = self._roundings.kept[index]
            value = _real(self._interpreter.get_tensor(index), self._details[index])
            if name not in found or self._holds_integers(index):
                found[name] = value
            if index in self._unrounded:
                found[name + UNROUNDED] = value
        return found

    def _find_unrounded(self) -> Iterator[int]:
        """Float tensors that some operators read as they are and others quantized."""
        names, readers = _operator_names(), dict[int, set[bool]]()
        for operator in self._file.graph.operators:
            quantizes = names[_code(self._file, operator)] == "QUANTIZE"
            for index in map(int, operator.inputs):
                readers.setdefault(index, set()).add(quantizes)
        for index, kinds in readers.items():
            if len(kinds) == 2 and index in self._details and not self._holds_integers(index):
                yield index

    def _find_roundings(self) -> Roundings:
        words = _operator_names()
        return find_roundings(
            (
                Conversion(int(operator.inputs[0]), int(operator.outputs[0]))
                for operator in self._file.graph.operators
                if words[_code(self._file, operator)] in CONVERSIONS
            ),
            {index: _plain(name) for index, name in enumerate(self._names)},
            lambda index: self._grid(index) if self._holds_integers(index) else None,
            self._fixed,
        )

    def _activations(self) -> Iterator[int]:
        for index, tensor in enumerate(self._file.graph.tensors):
            if index in self._details and not _holds_data(self._file, tensor):
                details = self._details[index]
                if np.dtype(details["dtype"]).kind == "f" or self._holds_integers(index):
                    yield index

    def _holds_integers(self, index: int) -> bool:
        details = self._details.get(index)
        if details is None:
            return False
        whole = np.dtype(details["dtype"]).kind in "iu"
        return whole and len(details["quantization_parameters"]["scales"]) > 0

    def _grid(self, index: int) -> Grid:
        parameters = self._details[index]["quantization_parameters"]
        kind = np.iinfo(self._details[index]["dtype"])
        return Grid(float(parameters["scales"][0]), int(parameters["zero_points"][0]), kind.min, kind.max)

    def _read_steps(self) -> Iterator[Step]:
        file, names, known = self._file, _operator_names(), self._roundings
        for operator in file.graph.operators:
            word = names[_code(file, operator)]
            inputs = [int(index) for index in operator.inputs if index >= 0]
            outputs = [int(index) for index in operator.outputs]
            if word in CONVERSIONS:
                name = known.kept[outputs[0]]
                if name in known.anew:
                    yield Step(
                        word,
                        (known.anew[name],),
                        (),
                        (name,),
                        offset=self._rounded_twice(inputs[0], outputs[0]),
                        anew=True,
                    )
                continue
            fixed = [index for index in inputs if index in self._fixed]
            moving = [index for index in inputs if index not in fixed]
            yield Step(
                word,
                tuple(known.plain[index] for index in moving),
                tuple(_plain(self._names[index]) for index in fixed),
                tuple(known.plain[index] for index in outputs),
                any(self._is_weight(index) for index in fixed),
                DYNAMIC_STEPS if self._is_dynamic(word, moving, fixed) else 0,
                dict(self._read_otherwise(moving)),
                1.0 if word in TRUNCATING and self._holds_integers(outputs[0]) else 0.0,
            )

    def _rounded_twice(self, source: int, result: int) -> float:
        """What a QUANTIZE of integers adds where the new step is over twice the old one (``MultiplyByQuantizedMultiplier``).

        It rounds to 1/2**n of the new step first, n whole doublings, then halves away from 0: as if it were off by half of that.
        """
        if not self._holds_integers(source):
            return 0.0
        doublings = -math.frexp(self._grid(source).scale / self._grid(result).scale)[1]
        return 0.5**doublings / 2 if doublings > 0 else 0.0

    def _read_otherwise(self, moving: list[int]) -> Iterator[tuple[str, str]]:
        """Inputs that are not read as they stand under their name."""
        for index in moving:
            plain, kept = self._roundings.plain[index], self._roundings.kept[index]
            if index in self._unrounded or kept != plain:
                yield plain, kept + UNROUNDED if index in self._unrounded else kept

    def _is_weight(self, index: int) -> bool:
        details = self._details[index]
        real = np.dtype(details["dtype"]).kind == "f" or self._holds_integers(index)
        return real and bool(np.count_nonzero(np.asarray(details["shape"]) > 1) > 1)

    def _is_dynamic(self, word: str, moving: list[int], fixed: list[int]) -> bool:
        if word not in DYNAMIC or not moving or not fixed:
            return False
        whole = [np.dtype(self._details[group[0]]["dtype"]).kind for group in (moving, fixed)]
        return whole == ["f", "i"]

    def _read_grids(self) -> Iterator[tuple[str, Grid]]:
        for index in self._activations():
            if self._holds_integers(index):
                yield self._roundings.kept[index], self._grid(index)

    def _read_constants(self) -> Iterator[tuple[str, NDArray[Any]]]:
        for index, tensor in enumerate(self._file.graph.tensors):
            if index in self._details and _holds_data(self._file, tensor):
                details = self._details[index]
                if np.dtype(details["dtype"]).kind == "f" or self._holds_integers(index):
                    yield (
                        _plain(self._names[index]),
                        _real(self._interpreter.get_tensor(index), details),
                    )

    def _read_half_steps(self) -> Iterator[tuple[str, NDArray[Any]]]:
        for index, tensor in enumerate(self._file.graph.tensors):
            if index in self._details and _holds_data(self._file, tensor):
                name, details = _plain(self._names[index]), self._details[index]
                if details["dtype"] is np.float16:
                    yield (
                        name,
                        np.spacing(np.abs(self.constants[name]).astype(np.float16)).astype(np.float32) / 2,
                    )
                elif self._holds_integers(index):
                    yield name, _scales(details, len(details["shape"])) / 2


class TFLiteReplay:
    """The fp32 file with more inputs, and every tensor as an output."""

    def __init__(self, path: Path, given: Collection[str], constants: Values) -> None:
        file = TFLite.read(path.read_bytes())
        names = _names(file)
        graph = file.graph
        _replace_constants(file, names, constants)
        fed = _feed(file, names, given)
        outputs = [int(index) for operator in graph.operators for index in operator.outputs]
        graph.inputs = np.array([*graph.inputs, *fed.values()], np.int32)
        graph.outputs = np.array(outputs, np.int32)
        file.model.signatureDefs = None
        self._interpreter = _interpreter(file.write(), keep=False)
        self._inputs = {
            names[int(index)]: int(index) for index in graph.inputs[: len(graph.inputs) - len(fed)]
        }
        self._inputs.update(fed)
        self._shapes = {item["index"]: tuple(item["shape"]) for item in self._interpreter.get_input_details()}
        self._outputs = {names[index]: index for index in outputs}

    def run(self, values: Values) -> Values:
        """What each operator makes of given tensors."""
        for name, index in self._inputs.items():
            self._interpreter.set_tensor(
                index, np.asarray(values[name], np.float32).reshape(self._shapes[index])
            )
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


def open_recorder(path: Path, contract: Contract) -> TFLiteRecorder:  # noqa: ARG001 - the file has one input
    """Open a file whose tensors are to be read."""
    return TFLiteRecorder(path)


def open_replay(
    path: Path,
    contract: Contract,  # noqa: ARG001
    given: Collection[str],
    constants: Values,
) -> TFLiteReplay:
    """Open an fp32 file whose layers are fed from outside."""
    return TFLiteReplay(path, given, constants)


def _feed(file: TFLite, names: list[str], given: Collection[str]) -> dict[str, int]:
    """Let operators read copies of the tensors that are given; their places by name."""
    import copy

    graph, fed = file.graph, {}
    made = {int(index) for operator in graph.operators for index in operator.outputs}
    for index in sorted(made):
        if names[index] in given and names[index] not in fed:
            twin = copy.copy(graph.tensors[index])
            twin.name = b"given:" + names[index].encode()
            fed[names[index]] = len(graph.tensors)
            graph.tensors.append(twin)
    for operator in graph.operators:
        operator.inputs = np.array(
            [fed.get(names[index], index) if index in made else index for index in map(int, operator.inputs)],
            np.int32,
        )
    read = {int(index) for operator in graph.operators for index in operator.inputs}
    return {name: index for name, index in fed.items() if index in read}


def _replace_constants(file: TFLite, names: list[str], constants: Values) -> None:
    for name, tensor in zip(names, file.graph.tensors, strict=True):
        before, after = file.values(tensor), constants.get(name)
        if before is None or after is None or before.size != after.size:
            continue
        if before.dtype == np.float32:
            # Buffers may be shared by tensors that have other values in the other file.
            tensor.buffer = file.add_buffer(np.ascontiguousarray(after, np.float32).tobytes())


def _interpreter(model: bytes, *, keep: bool) -> Any:
    with quiet("opening a TFLite file for its layers"):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        interpreter = Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=keep,
        )
        interpreter.allocate_tensors()
        return interpreter


def _real(values: NDArray[Any], details: dict[str, Any]) -> NDArray[np.float32]:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    zero = _scales(details, values.ndim, "zero_points")
    return ((values.astype(np.float64) - zero) * _scales(details, values.ndim)).astype(np.float32)


def _scales(details: dict[str, Any], rank: int, word: str = "scales") -> NDArray[np.float64]:
    """Scales or zero points in a shape that goes with the tensor's."""
    parameters = details["quantization_parameters"]
    shape = [1] * rank
    if rank and len(parameters[word]) > 1:
        shape[parameters["quantized_dimension"]] = -1
    return np.asarray(parameters[word], np.float64).reshape(shape)


def _names(file: TFLite) -> list[str]:
    """Of each tensor; what a file names twice gets its number too."""
    found: list[str] = []
    seen: set[str] = set()
    for index, tensor in enumerate(file.graph.tensors):
        raw = tensor.name
        name = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        found.append(f"{name}#{index}" if name in seen else name)
        seen.add(name)
    return found


def _plain(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _find_constants(file: TFLite) -> set[int]:
    """Tensors that are constants, be it behind a DEQUANTIZE."""
    tensors, names = file.graph.tensors, _operator_names()
    found = {index for index, tensor in enumerate(tensors) if _holds_data(file, tensor)}
    for operator in file.graph.operators:
        if names[_code(file, operator)] in CONVERSIONS and int(operator.inputs[0]) in found:
            found.update(int(index) for index in operator.outputs)
    return found


def _holds_data(file: TFLite, tensor: Any) -> bool:
    if tensor.buffer in file.outside:
        return True
    data = file.model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def _code(file: TFLite, operator: Any) -> int:
    code = file.model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def _operator_names() -> dict[int, str]:
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    return {code: name for name, code in vars(BuiltinOperator).items() if isinstance(code, int)}
