"""Runs a Core ML program: arguments are bound once, shapes are checked without computing, and then it is a list of calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_edge.runtime.errors import EngineError, UnknownOperator
from fer_edge.runtime.mil.operators import OPERATORS, Operator
from fer_edge.runtime.mil.parameters import Parameter, convert_tensor, parameters_of
from fer_edge.runtime.mil.program import Literal, Operation, Program, Value
from fer_edge.runtime.mil.rounding import rounding_named
from fer_edge.runtime.mil.types import ValueType

WIDTHS = {"float32": torch.float32, "float64": torch.float64}
CLASSIFY = "classify"
_INTEGERS = {
    "bool": torch.bool, "int8": torch.int8, "uint8": torch.uint8, "int16": torch.int16, "int64": torch.int64,
}  # fmt: skip
"""What holds integers; others are held as int32, and as a byte if they have fewer bits."""
Values = dict[str, Tensor]
Hand = Callable[[str, Tensor], Tensor]
"""Gets a value with its name, and gives what is to stand in its place: the same, or another of its shape."""
Bound = str | list[str | Tensor]
"""A value that the program computes, or a list with such among constants."""


@dataclass(frozen=True)
class Outcome:
    """The answer of a program.

    Attributes:
        values: by name of the output.
        classes: of a classifier, in the order of ``probabilities``; empty: it is none.
        probabilities: what its operation ``classify`` got, else None.
    """

    values: Mapping[str, Tensor]
    classes: tuple[str, ...] = ()
    probabilities: Tensor | None = None


@dataclass(slots=True)
class _Step:
    """One operation, ready to be called.

    Attributes:
        operation: as the program has it.
        operator: what it is.
        fixed: arguments that are constants, in the form that the function wants.
        bound: the others.
        spent: values that nothing reads after it.
    """

    operation: Operation
    operator: Operator
    fixed: dict[str, Any] = field(default_factory=dict)
    bound: dict[str, Bound] = field(default_factory=dict)
    spent: list[str] = field(default_factory=list)

    def names(self) -> Iterator[str]:
        """Values that it reads."""
        for item in self.bound.values():
            yield from (item,) if isinstance(item, str) else (one for one in item if isinstance(one, str))


class Evaluator:
    """A program with its constants in memory.

    Args:
        program: as it was read.
        rounding: of declared float16 results, a name of ``rounding``.
        width: ``float32`` or ``float64``, in which all floats are computed and held.
        seed: of the rounding ``random``.
        hand: gets every constant of floats, also those that are unpacked or computed of constants alone.

    Raises:
        EngineError: an operator that is not known, an argument that it does not have, a data type that it does not give; the
            message names the operation.
    """

    def __init__(
        self,
        program: Program,
        rounding: str = "nearest",
        width: str = "float32",
        seed: int = 0,
        hand: Hand | None = None,
    ) -> None:
        _refuse_unknown(program)
        self.program = program
        self.classes: tuple[str, ...] = ()
        self._width = WIDTHS[width]
        self._round = rounding_named(rounding, seed)
        self._hand = hand
        self._types: dict[str, ValueType] = {}
        self._constants: dict[str, Literal | Tensor] = {}
        self._classified = ""
        self._steps: list[_Step] = []
        for name, declared in program.inputs:
            self._declare(name, declared)
        with torch.inference_mode():
            for operation in program.operations:
                self._add(operation)
        self._kept = self._release()

    def check(self, shapes: Mapping[str, Sequence[int]] | None = None) -> None:
        """Compare the declared shape of every result with what its operator gives; nothing is computed.

        Args:
            shapes: of inputs, where the program does not fix them.

        Raises:
            EngineError: they differ, or an operator refuses its arguments.
        """
        given = {
            name: torch.empty(
                _sizes(name, declared, shapes or {}), dtype=self._dtype(declared), device="meta"
            )
            for name, declared in self.program.inputs
        }
        self._run(given, dry=True)

    def run(self, inputs: Mapping[str, NDArray[Any]], hand: Hand | None = None) -> Outcome:
        """Compute all outputs.

        Args:
            inputs: arrays by name, in their declared shapes; what is declared float16 is rounded to it.
            hand: gets every value as it is computed.
        """
        return self._run(self._given(inputs), dry=False, hand=hand)

    def run_stacked(self, inputs: Mapping[str, NDArray[Any]]) -> Outcome:
        """Compute all outputs for several inputs at a time: each operator sees one input, and computes all of them.

        Sums may be taken in another order than by :meth:`run`.

        Args:
            inputs: as there, one after the other along a further axis in front, which all answers have too.

        Raises:
            EngineError: an operator cannot be computed so, such as one whose rounding is ``random``.
        """
        given = self._given(inputs)

        def compute(*tensors: Tensor) -> tuple[Values, list[Tensor]]:
            found = self._run(dict(zip(given, tensors, strict=True)), dry=False)
            return dict(found.values), [] if found.probabilities is None else [found.probabilities]

        try:
            with torch.inference_mode():
                values, rows = torch.vmap(compute)(*given.values())
        except RuntimeError as error:
            raise EngineError("this cannot be computed for several inputs at a time") from error
        return Outcome(values, self.classes, rows[0] if rows else None)

    def _given(self, inputs: Mapping[str, NDArray[Any]]) -> Values:
        values: Values = {}
        for name, declared in self.program.inputs:
            tensor = torch.from_numpy(np.ascontiguousarray(inputs[name])).to(self._dtype(declared))
            values[name] = self._rounded(tensor, declared)
        return values

    # Binding.

    def _declare(self, name: str, declared: ValueType) -> None:
        if name in self._types:
            raise EngineError(f"two values have the name {_quoted(name)}")
        self._types[name] = declared

    def _add(self, operation: Operation) -> None:
        if operation.type == "const":
            self._keep(operation)
        elif operation.type == CLASSIFY:
            self._classify(operation)
        else:
            self._bind(operation)

    def _keep(self, operation: Operation) -> None:
        value = operation.arguments.get("val", [""])[0]
        if not isinstance(value, Value) or len(operation.outputs) != 1:
            raise EngineError(f"the constant {_quoted(operation.name)} has no value")
        name, declared = operation.outputs[0]
        if value.type != declared:
            raise EngineError(f"the constant {_quoted(name)} is {value.type}, but declared as {declared}")
        self._declare(name, declared)
        self._constants[name] = self._handed(name, value)

    def _handed(self, name: str, value: Value) -> Literal | Tensor:
        floats = value.type.scalar is not None and value.type.scalar.is_float
        if self._hand is None or not floats or not isinstance(value.content, np.ndarray):
            return value.content
        return self._hand(name, self._tensor(value.content, value.type))

    def _classify(self, operation: Operation) -> None:
        given = operation.arguments
        if sorted(given) != ["classes", "probabilities"] or any(len(items) != 1 for items in given.values()):
            raise EngineError(f"classify takes probabilities and classes, and got {sorted(given)}")
        source, labels = given["probabilities"][0], given["classes"][0]
        found = labels.content if isinstance(labels, Value) else self._constants.get(labels)
        if not isinstance(source, str) or source not in self._types or not isinstance(found, list):
            raise EngineError("classify needs probabilities that the program computes, and a list of classes")
        self.classes, self._classified = tuple(str(label) for label in found), source
        for name, declared in operation.outputs:
            self._declare(name, declared)

    def _bind(self, operation: Operation) -> None:
        step = _Step(operation, OPERATORS[operation.type])
        parameters = parameters_of(operation.type)
        _compare_parameters(operation, parameters)
        kinds: dict[str, list[ValueType]] = {}
        for key, items in operation.arguments.items():
            kinds[key] = [self._type_of(item, operation) for item in items]
            self._bind_argument(step, key, parameters[key], items, kinds[key])
        _check_types(step, kinds)
        for name, declared in operation.outputs:
            self._declare(name, declared)
        if step.bound:
            self._steps.append(step)
            return
        # What depends on constants alone is one: unpacked weights, a shape.
        for (name, _), value in zip(operation.outputs, self._call(step, {}, dry=False), strict=True):
            self._constants[name] = self._hand(name, value) if self._hand else value

    def _bind_argument(
        self, step: _Step, key: str, parameter: Parameter, items: list[str | Value], kinds: list[ValueType]
    ) -> None:
        contents = [item.content if isinstance(item, Value) else self._constants.get(item) for item in items]
        try:
            if parameter.is_several:
                parts = [
                    str(item) if content is None else self._tensor(content, kind)
                    for item, content, kind in zip(items, contents, kinds, strict=True)
                ]
                known = all(content is not None for content in contents)
                (step.fixed if known else step.bound)[key] = parts
            elif parameter.kind.startswith("list") and len(items) != 1:
                step.fixed[key] = parameter.convert([_plain(content) for content in contents])
            elif len(items) != 1:
                raise EngineError(f"{_shown(step.operation)}: {key} has {len(items)} values; allowed: 1")
            elif contents[0] is None:
                step.bound[key] = str(items[0])
            else:
                tensor = parameter.is_tensor
                step.fixed[key] = (
                    self._tensor(contents[0], kinds[0]) if tensor else parameter.convert(_plain(contents[0]))
                )
        except (TypeError, ValueError):
            raise EngineError(
                f"{_shown(step.operation)}: {key} is {kinds[0] if kinds else 'empty'}; allowed: {parameter.kind}"
            ) from None

    def _type_of(self, item: str | Value, operation: Operation) -> ValueType:
        if isinstance(item, Value):
            return item.type
        if item not in self._types:
            raise EngineError(f"{_shown(operation)} reads {_quoted(item)}, which nothing before it computes")
        return self._types[item]

    def _tensor(self, content: Literal | Tensor, kind: ValueType) -> Tensor:
        if isinstance(content, Tensor):
            return content
        if not isinstance(content, np.ndarray):
            raise TypeError
        # A copy: the file is mapped for reading only, and its bytes may lie at odd places.
        native = np.array(content, content.dtype.newbyteorder("="), order="C")
        if native.dtype.kind == "u" and native.dtype.itemsize > 1:
            native = native.astype(np.int64)
        return torch.from_numpy(native).to(self._dtype(kind))

    def _release(self) -> Values:
        """Note after which step a value is not read again; constants that are read while it runs."""
        needed = {*self.program.outputs, self._classified}
        missing = [name for name in self.program.outputs if name not in self._types]
        if missing:
            raise EngineError(f"its output {_quoted(missing[0])} is computed by no operation")
        kept = {
            name: self._tensor(content, self._types[name])
            for name, content in self._constants.items()
            if name in needed and not isinstance(content, str | list)
        }
        self._constants.clear()
        for step in reversed(self._steps):
            fresh = dict.fromkeys(name for name in step.names() if name not in needed)
            needed.update(fresh)
            step.spent.extend(fresh)
        return kept

    # Running.

    def _run(self, values: Values, *, dry: bool, hand: Hand | None = None) -> Outcome:
        values = {**self._kept, **values}
        with torch.inference_mode():
            for step in self._steps:
                found = self._call(step, values, dry=dry)
                for (name, _), value in zip(step.operation.outputs, found, strict=True):
                    values[name] = hand(name, value) if hand else value
                for name in step.spent:
                    values.pop(name, None)
        outputs = {name: values[name] for name in self.program.outputs if name in values}
        return Outcome(outputs, self.classes, values.get(self._classified))

    def _call(self, step: _Step, values: Values, *, dry: bool) -> list[Tensor]:
        operation = step.operation
        try:
            arguments = self._arguments(step, values)
            if dry:
                arguments = {key: _without_content(value) for key, value in arguments.items()}
            found = step.operator.compute(**arguments)
        except EngineError as error:
            raise type(error)(f"{_shown(operation)}: {error}") from None
        except Exception as error:
            text = " ".join(str(error).split())[:200]
            raise EngineError(f"{_shown(operation)} cannot be computed: {text}") from error
        results = list(found) if isinstance(found, list | tuple) else [found]
        if len(results) != len(operation.outputs):
            raise EngineError(
                f"{_shown(operation)} declares {len(operation.outputs)} outputs; its operator gives {len(results)}"
            )
        return [
            self._finished(step, value, *output)
            for value, output in zip(results, operation.outputs, strict=True)
        ]

    def _arguments(self, step: _Step, values: Values) -> dict[str, Any]:
        found = dict(step.fixed)
        parameters = parameters_of(step.operation.type)
        for key, item in step.bound.items():
            if isinstance(item, str):
                found[key] = convert_tensor(parameters[key], values[item])
            else:
                found[key] = [values[one] if isinstance(one, str) else one for one in item]
        return found

    def _finished(self, step: _Step, value: Tensor, name: str, declared: ValueType) -> Tensor:
        if len(value.shape) != len(declared.shape) or any(
            size is not None and size != found
            for size, found in zip(declared.shape, value.shape, strict=True)
        ):
            raise EngineError(
                f"{_shown(step.operation)}: output {_quoted(name)} is declared as {declared}; its operator gives {list(value.shape)}"
            )
        wanted = self._dtype(declared)
        if value.dtype != wanted:
            value = value.to(wanted)
        return value if step.operator.moves else self._rounded(value, declared)

    def _rounded(self, value: Tensor, declared: ValueType) -> Tensor:
        half = declared.scalar is not None and declared.scalar.name == "fp16" and not value.is_meta
        return self._round(value) if half else value

    def _dtype(self, declared: ValueType) -> torch.dtype:
        scalar = declared.scalar
        if scalar is None or declared.kind != "tensor":
            raise EngineError(f"a value of type {declared}; allowed: tensors")
        if scalar.is_float:
            return self._width
        if scalar.bits < 8:
            return torch.int8 if scalar.name.startswith("int") else torch.uint8
        return _INTEGERS.get(scalar.name, torch.int32)


def _refuse_unknown(program: Program) -> None:
    known = {*OPERATORS, "const", CLASSIFY}
    strange = sorted({operation.type for operation in program.operations} - known)
    if strange:
        shown = ", ".join(ascii(name)[1:-1][:60] for name in strange[:10])
        raise UnknownOperator(f"coreml-spec does not know the operators {shown}")


def _compare_parameters(operation: Operation, parameters: Mapping[str, Parameter]) -> None:
    strange = sorted(set(operation.arguments) - set(parameters))
    if strange:
        raise UnknownOperator(
            f"{_shown(operation)} has the parameter {_quoted(strange[0])}, which coreml-spec does not know"
        )
    for name, parameter in parameters.items():
        if parameter.required and name not in operation.arguments:
            raise EngineError(f"{_shown(operation)} lacks its parameter {name}")
    if operation.blocks:
        raise UnknownOperator(f"{_shown(operation)} holds blocks, which coreml-spec does not know")


def _check_types(step: _Step, kinds: Mapping[str, list[ValueType]]) -> None:
    """Hold the declared data types against what the operator gives."""
    operation, operator = step.operation, step.operator
    mixed = {kind.scalar.name for key in operator.alike for kind in kinds.get(key, ()) if kind.scalar}
    if len(mixed) > 1:
        raise EngineError(f"{_shown(operation)} mixes {' and '.join(sorted(mixed))}; allowed: one data type")
    if not operation.outputs:
        raise EngineError(f"{_shown(operation)} has no output")
    for index, (name, declared) in enumerate(operation.outputs):
        if declared.kind != "tensor" or declared.scalar is None:
            raise EngineError(f"{_shown(operation)}: output {_quoted(name)} is {declared}; allowed: a tensor")
        given = _result(operator.results[min(index, len(operator.results) - 1)], kinds, step.fixed)
        if given not in ("", declared.scalar.name):
            raise EngineError(
                f"{_shown(operation)}: output {_quoted(name)} is declared as {declared.scalar.name}; its operator gives {given}"
            )


def _result(rule: str, kinds: Mapping[str, list[ValueType]], fixed: Mapping[str, Any]) -> str:
    """The data type that a rule of ``Operator.results`` names; empty: none."""
    if rule.startswith("="):
        return rule[1:]
    word = fixed.get(rule)
    if isinstance(word, str):
        return word
    first = kinds.get(rule, [])
    return first[0].scalar.name if first and first[0].scalar else ""


def _sizes(name: str, declared: ValueType, shapes: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    sizes = tuple(shapes.get(name, declared.shape)) if None in declared.shape else declared.shape
    if any(size is None for size in sizes) or math.prod(size or 0 for size in sizes) == 0:
        raise EngineError(f"its input {_quoted(name)} is {declared}, which is no fixed size")
    return tuple(int(size) for size in sizes if size is not None)


def _plain(content: Any) -> Any:
    return content.numpy() if isinstance(content, Tensor) else content


def _without_content(value: Any) -> Any:
    """Floats lose their content and keep their shape; integers, which say where things are, keep both."""
    if isinstance(value, list):
        return [_without_content(item) for item in value]
    return value.to("meta") if isinstance(value, Tensor) and value.is_floating_point() else value


def _shown(operation: Operation) -> str:
    return f"{ascii(operation.type)[1:-1][:60]} {_quoted(operation.name)}"


def _quoted(name: str) -> str:
    return ascii(name[:80])
