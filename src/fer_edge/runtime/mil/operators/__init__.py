"""Every operator that is known: one line each, one small function each.

A function's signature is what the operator takes: names are MIL's, annotations say how a constant is handed over (``Tensor``, ``int``,
``list[int]``, ``str``, ...), parameters without a default are required. An argument that a function does not have is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from fer_edge.runtime.mil.operators import (
    activations,
    arithmetic,
    compression,
    normalization,
    pooling,
    products,
    resizing,
    selection,
    shapes,
)
from fer_edge.runtime.mil.operators.arithmetic import of_one, of_two
from fer_edge.runtime.mil.operators.reductions import REDUCTIONS


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        compute: from arguments to one tensor, or several.
        results: the data type of each output: the name of a parameter whose type it has or whose word names it, ``=`` and a type,
            or empty where only the program says.
        alike: parameters that must be of one type.
        moves: whether values pass through unchanged, so that none is rounded.
    """

    compute: Callable[..., Any]
    results: tuple[str, ...] = ("x",)
    alike: tuple[str, ...] = ()
    moves: bool = False


def _binary(function: Callable[..., Any], result: str = "x") -> Operator:
    return Operator(function, (result,), ("x", "y"))


def _comparison(function: Callable[..., Any]) -> Operator:
    return _binary(of_two(function), "=bool")


def _move(function: Callable[..., Any], result: str = "x", alike: tuple[str, ...] = ()) -> Operator:
    return Operator(function, (result,), alike, moves=True)


_MASK = "=uint1"
OPERATORS: dict[str, Operator] = {
    # products
    "conv": Operator(products.conv),
    "conv_transpose": Operator(products.conv_transpose),
    "linear": Operator(products.linear),
    "matmul": _binary(products.matmul),
    "einsum": Operator(products.einsum, ("values",), ("values",)),
    "scaled_dot_product_attention": Operator(
        products.scaled_dot_product_attention, ("query",), ("query", "key", "value")
    ),
    # pools
    "max_pool": Operator(pooling.max_pool, moves=True),
    "avg_pool": Operator(pooling.avg_pool),
    "l2_pool": Operator(pooling.l2_pool),
    # normalizations
    "batch_norm": Operator(normalization.batch_norm),
    "instance_norm": Operator(normalization.instance_norm),
    "layer_norm": Operator(normalization.layer_norm),
    "l2_norm": Operator(normalization.l2_norm),
    "local_response_norm": Operator(normalization.local_response_norm),
    # activations
    "relu": _move(activations.relu),
    "relu6": _move(activations.relu6),
    "clamped_relu": Operator(activations.clamped_relu),
    "leaky_relu": Operator(activations.leaky_relu),
    "prelu": Operator(activations.prelu),
    "thresholded_relu": Operator(activations.thresholded_relu),
    "elu": Operator(activations.elu),
    "gelu": Operator(activations.gelu),
    "sigmoid": Operator(activations.sigmoid),
    "sigmoid_hard": Operator(activations.sigmoid_hard),
    "silu": Operator(activations.silu),
    "softplus": Operator(activations.softplus),
    "softplus_parametric": Operator(activations.softplus_parametric),
    "softsign": Operator(activations.softsign),
    "scaled_tanh": Operator(activations.scaled_tanh),
    "linear_activation": Operator(activations.linear_activation),
    "softmax": Operator(activations.softmax),
    # arithmetic of two
    "add": _binary(of_two(torch.add)),
    "sub": _binary(of_two(torch.sub)),
    "mul": _binary(of_two(torch.mul)),
    "real_div": _binary(arithmetic.real_div),
    "floor_div": _binary(arithmetic.floor_div),
    "mod": _binary(of_two(torch.remainder)),
    "pow": _binary(of_two(torch.pow)),
    "maximum": _binary(of_two(torch.maximum)),
    "minimum": _binary(of_two(torch.minimum)),
    "greater": _comparison(torch.gt),
    "greater_equal": _comparison(torch.ge),
    "less": _comparison(torch.lt),
    "less_equal": _comparison(torch.le),
    "equal": _comparison(torch.eq),
    "not_equal": _comparison(torch.ne),
    "logical_and": _comparison(torch.logical_and),
    "logical_or": _comparison(torch.logical_or),
    "logical_xor": _comparison(torch.logical_xor),
    # arithmetic of one
    "abs": Operator(of_one(torch.abs)),
    "acos": Operator(of_one(torch.acos)),
    "asin": Operator(of_one(torch.asin)),
    "atan": Operator(of_one(torch.atan)),
    "atanh": Operator(of_one(torch.atanh)),
    "cast": Operator(arithmetic.cast, ("dtype",)),
    "ceil": Operator(of_one(torch.ceil)),
    "clip": Operator(arithmetic.clip),
    "cos": Operator(of_one(torch.cos)),
    "cosh": Operator(of_one(torch.cosh)),
    "erf": Operator(of_one(torch.erf)),
    "exp": Operator(of_one(torch.exp)),
    "exp2": Operator(of_one(torch.exp2)),
    "floor": Operator(of_one(torch.floor)),
    "inverse": Operator(arithmetic.inverse),
    "log": Operator(arithmetic.log),
    "logical_not": Operator(of_one(torch.logical_not), ("=bool",)),
    "round": Operator(arithmetic.rounded),
    "rsqrt": Operator(arithmetic.rsqrt),
    "sign": Operator(of_one(torch.sign)),
    "sin": Operator(of_one(torch.sin)),
    "sinh": Operator(of_one(torch.sinh)),
    "sqrt": Operator(of_one(torch.sqrt)),
    "square": Operator(of_one(torch.square)),
    "tan": Operator(of_one(torch.tan)),
    "tanh": Operator(of_one(torch.tanh)),
    "threshold": Operator(arithmetic.threshold),
    # reductions
    **{
        name: Operator(function, ("output_dtype",) if "arg" in name else ("x",))
        for name, function in REDUCTIONS.items()
    },
    # resizing
    "upsample_nearest_neighbor": _move(resizing.upsample_nearest_neighbor),
    "resize_nearest_neighbor": _move(resizing.resize_nearest_neighbor),
    "upsample_bilinear": Operator(resizing.upsample_bilinear),
    "resize_bilinear": Operator(resizing.resize_bilinear),
    "resize": Operator(resizing.resize),
    # shapes
    "identity": _move(shapes.identity),
    "shape": _move(shapes.shape, ""),
    "reshape": _move(shapes.reshape),
    "reshape_like": _move(shapes.reshape_like),
    "flatten2d": _move(shapes.flatten2d),
    "expand_dims": _move(shapes.expand_dims),
    "squeeze": _move(shapes.squeeze),
    "transpose": _move(shapes.transpose),
    "concat": _move(shapes.concat, "values", ("values",)),
    "stack": _move(shapes.stack, "values", ("values",)),
    "split": _move(shapes.split),
    "reverse": _move(shapes.reverse),
    "tile": _move(shapes.tile),
    "pad": _move(shapes.pad),
    "pixel_shuffle": _move(shapes.pixel_shuffle),
    "pixel_unshuffle": _move(shapes.pixel_unshuffle),
    "depth_to_space": _move(shapes.depth_to_space),
    "space_to_depth": _move(shapes.space_to_depth),
    "fill": _move(shapes.fill, ""),
    "fill_like": _move(shapes.fill_like, ""),
    "range_1d": _move(shapes.range_1d, "start"),
    "band_part": _move(shapes.band_part),
    "crop": _move(shapes.crop),
    "sliding_windows": _move(shapes.sliding_windows),
    # selection
    "select": _move(selection.select, "a", ("a", "b")),
    "gather": _move(selection.gather),
    "gather_along_axis": _move(selection.gather_along_axis),
    "gather_nd": _move(selection.gather_nd),
    "scatter": Operator(selection.scatter, ("data",), ("data", "updates")),
    "scatter_along_axis": Operator(selection.scatter_along_axis, ("data",), ("data", "updates")),
    "scatter_nd": Operator(selection.scatter_nd, ("data",), ("data", "updates")),
    "slice_by_index": _move(selection.slice_by_index),
    "slice_by_size": _move(selection.slice_by_size),
    "cumsum": Operator(selection.cumsum),
    "argsort": _move(selection.argsort, ""),
    "topk": Operator(selection.topk, ("x", ""), moves=True),
    "one_hot": _move(selection.one_hot, ""),
    "non_zero": _move(selection.non_zero, ""),
    # compressed constants, quantized activations
    "constexpr_affine_dequantize": Operator(compression.constexpr_affine_dequantize, ("scale",)),
    "constexpr_lut_to_dense": _move(compression.constexpr_lut_to_dense, "lut"),
    "constexpr_sparse_to_dense": _move(compression.constexpr_sparse_to_dense, "nonzero_data"),
    "constexpr_blockwise_shift_scale": Operator(compression.constexpr_blockwise_shift_scale, ("scale",)),
    "constexpr_lut_to_sparse": Operator(compression.constexpr_lut_to_sparse, (_MASK, "lut"), moves=True),
    "constexpr_sparse_blockwise_shift_scale": Operator(
        compression.constexpr_sparse_blockwise_shift_scale, (_MASK, "scale")
    ),
    "constexpr_cast": _move(compression.constexpr_cast, "output_dtype"),
    "quantize": Operator(compression.quantize, ("output_dtype",)),
    "dequantize": Operator(compression.dequantize, ("scale",)),
}
"""``const`` and ``classify`` are no functions of tensors: the evaluator has them."""
