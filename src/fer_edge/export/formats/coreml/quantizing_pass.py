"""The pass of coremltools' compiler that stores activations as int8: a ``quantize`` and a ``dequantize`` behind each value that has a grid.

coremltools' own two passes read ranges as float16, whatever the program's type, and its ``linear_quantize_activations`` measures
them on macOS only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from coremltools.converters.mil.mil import Builder, types
from coremltools.converters.mil.mil.passes.graph_pass import AbstractGraphPass
from coremltools.converters.mil.mil.passes.pass_registry import register_pass

NAME = "fer_edge::quantize_activations"


@register_pass(namespace="fer_edge", name="quantize_activations")
class QuantizeActivations(AbstractGraphPass):  # type: ignore[misc]
    """The pass.

    Attributes:
        grids: value of the program -> scale and zero point.
    """

    grids: Mapping[str, tuple[float, int]]

    def __init__(self) -> None:
        self.grids = {}

    def apply(self, prog: Any) -> None:
        """Store the values of every function's main block."""
        for function in prog.functions.values():
            made = [value for operation in function.operations for value in operation.outputs]
            with function:
                for value in (*function.inputs.values(), *made):
                    if value.name in self.grids and value not in function.outputs:
                        self._store(function, value)

    def _store(self, block: Any, value: Any) -> None:
        scale, zero = self.grids[value.name]
        kind = np.float16 if value.dtype == types.fp16 else np.float32
        numbers = {"scale": kind(scale), "zero_point": np.int8(zero)}
        operations = list(block.operations)
        follows = operations[operations.index(value.op) + 1 if value.op is not None else 0]
        stored = Builder.quantize(
            input=value, output_dtype="int8", before_op=follows, name=f"{value.name}_stored", **numbers
        )
        read = Builder.dequantize(input=stored, before_op=follows, name=f"{value.name}_read", **numbers)
        block.replace_uses_of_var_after_op(anchor_op=read.op, old_var=value, new_var=read)
