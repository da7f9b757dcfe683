"""Operators that stay in float in int8 files: those that XNNPACK takes in float32 alone, around which a file falls into pieces, and some more.

| operator                            | where                                               |
|-------------------------------------|-----------------------------------------------------|
| SQUARED_DIFFERENCE, RSQRT           | layer, group and instance normalizations            |
| BATCH_MATMUL, GELU, AVERAGE_POOL_2D | attention; transformers; pools with a size          |
| DIV                                 | divisors that 256 steps round to 0 stop a run       |

Measured at 96 px, int8 / fp32: ConvNeXt-Atto 1.29 in 64 pieces, 0.98 in one; ViT-Tiny 0.92 in 111 pieces, 0.40 to 0.45 in one.

A concatenation has one scale for all that it reads, so a constant in it (a transformer's class token) is rounded away beside
activations: it stays in float too. So does what is computed of constants alone (a position code): nothing is gained by rounding it.

A normalization's other operators go with it: its variance plus epsilon is what 256 steps hold worst. On ConvNeXt-Atto the
mean difference to PyTorch is halved by it (0.020 to 0.011).
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fer_edge.export.formats.tflite.flatbuffer import TFLite
from fer_edge.export.formats.tflite.units import name_module, output_name

if TYPE_CHECKING:
    from collections.abc import Iterable

ALONE = frozenset({"AVERAGE_POOL_2D", "BATCH_MATMUL", "DIV", "GELU"})
"""Left in float themselves."""
NORMALIZING = frozenset({"RSQRT", "SQUARED_DIFFERENCE"})
"""Left in float together with what else their module computes."""
SHARING = frozenset({"CONCATENATION"})
"""Left in float where a constant shares their scale."""
SUMS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
"""At 8 bits wherever they stand: they are what int8 is for."""


@lru_cache(maxsize=4)  # every candidate of one search starts from the same file
def find_undelegated(model: bytes) -> frozenset[str]:
    """Scopes (``units.py``) of the operators that stay in float.

    Args:
        model: float32 flatbuffer.
    """
    from ai_edge_quantizer.utils.tfl_flatbuffer_utils import get_op_scope

    file = TFLite.read(model)
    modules: dict[tuple[str, str], list[tuple[str, Any]]] = defaultdict(list)
    for operator in file.graph.operators:
        modules[name_module(output_name(file.graph, operator))].append((_word(file, operator), operator))
    left = [operator for members in modules.values() for operator in _choose(file, members)]
    left += _find_fixed(file)
    return frozenset(get_op_scope(operator, file.graph.tensors) for operator in left)


def _find_fixed(file: TFLite) -> list[Any]:
    """Operators that read constants alone, or what such ones compute."""
    graph, found = file.graph, []
    known = {place for place, tensor in enumerate(graph.tensors) if file.contents(tensor)}
    for operator in graph.operators:
        if all(int(place) in known or place < 0 for place in operator.inputs):
            known.update(map(int, operator.outputs))
            found.append(operator)
    return found


def _choose(file: TFLite, members: list[tuple[str, Any]]) -> Iterable[Any]:
    """Those of one module's operators that stay in float."""
    normalizes = any(word in NORMALIZING for word, _ in members)
    for word, operator in members:
        alone = word in ALONE or (word in SHARING and _reads_constant(file, operator))
        if alone or (normalizes and word not in SUMS):
            yield operator


def _reads_constant(file: TFLite, operator: Any) -> bool:
    return any(file.values(file.graph.tensors[int(place)]) is not None for place in operator.inputs)


def _word(file: TFLite, operator: Any) -> str:
    code = file.model.operatorCodes[operator.opcodeIndex]
    return _words().get(max(int(code.builtinCode), int(code.deprecatedBuiltinCode)), "")


@lru_cache(maxsize=1)
def _words() -> dict[int, str]:
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    return {number: word for word, number in vars(BuiltinOperator).items() if isinstance(number, int)}
