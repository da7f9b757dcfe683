"""Float32 flatbuffer to the smaller precisions, by ai-edge-quantizer.

| precision | recipe                                                                              |
|-----------|-------------------------------------------------------------------------------------|
| fp16      | weights cast to float16, an explicit DEQUANTIZE before use                          |
| w8        | int8 weights, one scale a channel, an explicit DEQUANTIZE before use                |
| dynamic   | int8 weights, activations quantized at run time; depthwise convolutions stay float, |
|           | because their dynamic kernels are slower than float ones, and some dense layers     |
|           | have weights as w8 (``dynamic_dense.py``)                                           |
| int8      | weights and activations at 8 bits; input, output, softmax and the operators of      |
|           | ``undelegated.py`` (normalizations, GELU) stay float32                              |
| auto      | int8, in which some operators stay float32                                          |
| int8 -qio | int8 with integer input, output and softmax (whose scale is then 1/256)             |

Gray and normalization of the image interface stay float32 in each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from fer_edge.export.capture.wrappers import Picture
from fer_edge.export.formats.quiet import quiet
from fer_edge.export.formats.tflite.dynamic_dense import find_overflowing, give_zero_points
from fer_edge.export.formats.tflite.undelegated import find_undelegated
from fer_edge.runtime.formats import CALIBRATED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Range = dict[str, "NDArray[np.float32]"]
Ranges = dict[str, Range]
"""Tensor name -> ``min`` and ``max``, as the quantizer reads them."""
PICTURE_SCOPE = rf"^[^;]*{Picture.__name__}_picture;\d*;?$"
"""Operators that only gray and normalization are made of; what was merged into a convolution names that one too."""


def quantize(
    model: bytes,
    precision: str,
    *,
    ranges: Ranges | None = None,
    integer_ends: str = "none",
    in_float: Collection[str] = (),
) -> bytes:
    """The flatbuffer at another precision.

    Args:
        model: float32 flatbuffer.
        precision: one of ``RECIPES``.
        ranges: for int8: what calibration measured.
        integer_ends: for int8: ``none`` (float32 input, output and softmax), ``output``, or ``both``.
        in_float: scopes (``units.py``) of the operators that are left as they are.

    Raises:
        ExportError: the quantizer refused.
    """
    with quiet(f"quantizing to {precision}"):
        if precision == "dynamic":
            return _quantize_at_run_time(model)
        tool = _prepare(model, precision, integer_ends)
        scopes = {*in_float, *(find_undelegated(model) if precision in CALIBRATED else ())}
        if scopes:
            _leave_scopes(tool, scopes)
        return _apply(tool, ranges)


def _quantize_at_run_time(model: bytes) -> bytes:
    made = _apply(_prepare(model, "dynamic"))
    overflowing = find_overflowing(made)
    if overflowing:
        tool = _prepare(model, "dynamic")
        _weights_alone(tool, f"^(?:{_either(overflowing)})$")
        made = _apply(tool)
    return give_zero_points(made)


def _prepare(model: bytes, precision: str, integer_ends: str = "none") -> Any:
    from ai_edge_quantizer import quantizer

    tool = quantizer.Quantizer(model)
    RECIPES[precision](tool, integer_ends)
    return tool


def _apply(tool: Any, ranges: Ranges | None = None) -> bytes:
    result = tool.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _fp16(tool: Any, integer_ends: str) -> None:  # noqa: ARG001 - as int8's
    from ai_edge_quantizer import algorithm_manager, qtyping

    config = qtyping.OpQuantizationConfig(
        weight_tensor_config=qtyping.TensorQuantizationConfig(
            num_bits=16, dtype=qtyping.TensorDataType.FLOAT
        ),
        compute_precision=qtyping.ComputePrecision.FLOAT,
        explicit_dequantize=True,
    )
    everything = qtyping.TFLOperationName.ALL_SUPPORTED
    tool.update_quantization_recipe(".*", everything, config, algorithm_manager.AlgorithmName.FLOAT_CASTING)
    _leave(tool, everything, PICTURE_SCOPE)


def _w8(tool: Any, integer_ends: str) -> None:  # noqa: ARG001 - as int8's
    from ai_edge_quantizer import qtyping, recipe

    tool.load_quantization_recipe(recipe.weight_only_wi8_afp32())
    _leave(tool, qtyping.TFLOperationName.ALL_SUPPORTED, PICTURE_SCOPE)


def _dynamic(tool: Any, integer_ends: str) -> None:  # noqa: ARG001 - as int8's
    from ai_edge_quantizer import qtyping, recipe

    tool.load_quantization_recipe(recipe.dynamic_wi8_afp32())
    _leave(tool, qtyping.TFLOperationName.DEPTHWISE_CONV_2D)
    _leave(tool, qtyping.TFLOperationName.ALL_SUPPORTED, PICTURE_SCOPE)


def _int8(tool: Any, integer_ends: str) -> None:
    from ai_edge_quantizer import qtyping, recipe

    operation = qtyping.TFLOperationName
    tool.load_quantization_recipe(recipe.static_wi8_ai8())
    if integer_ends != "both":
        _leave(tool, operation.INPUT)
    if integer_ends == "none":
        _leave(tool, operation.OUTPUT)
        # An int8 softmax is never taken by a delegate; with an int8 output it must be int8 all the same, or the
        # output gets a calibrated scale that saturates instead of 1/256.
        _leave(tool, operation.SOFTMAX)
    _leave(tool, operation.ALL_SUPPORTED, PICTURE_SCOPE)


def _leave(tool: Any, operation: Any, scope: str = ".*") -> None:
    """Leave an operator as it is; later entries of a recipe win."""
    from ai_edge_quantizer import algorithm_manager

    tool.update_quantization_recipe(
        scope, operation, algorithm_key=algorithm_manager.AlgorithmName.NO_QUANTIZE
    )


def _leave_scopes(tool: Any, scopes: Collection[str]) -> None:
    from ai_edge_quantizer import qtyping

    _leave(tool, qtyping.TFLOperationName.ALL_SUPPORTED, f"^(?:{_either(scopes)})$")


def _weights_alone(tool: Any, scope: str) -> None:
    """Give dense layers weights as ``w8`` has them."""
    from ai_edge_quantizer import qtyping, recipe

    (entry,) = recipe.weight_only_wi8_afp32()
    tool.update_quantization_recipe(
        scope,
        qtyping.TFLOperationName.FULLY_CONNECTED,
        qtyping.OpQuantizationConfig.from_dict(entry["op_config"]),
        entry["algorithm_key"],
    )


def _either(scopes: Collection[str]) -> str:
    return "|".join(re.escape(scope) for scope in sorted(scopes))


RECIPES: dict[str, Callable[[Any, str], None]] = {
    "fp16": _fp16,
    "w8": _w8,
    "dynamic": _dynamic,
    "int8": _int8,
    "auto": _int8,
}
"""Precision -> what tells the quantizer how; the second argument is ``integer_ends``."""
