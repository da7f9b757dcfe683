"""A float32 ExecuTorch file computed by torch, operator by operator: XNNPACK gives no values from inside a delegate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from fer_edge.export.faithful.view import Step, View


def evaluate(view: View, given: NDArray[np.float32]) -> Iterator[tuple[str, torch.Tensor]]:
    """Each value in order, but for those behind an operator that is not known here.

    Args:
        view: of a float32 file.
        given: its input.
    """
    import torch

    known = {name: torch.from_numpy(constant.stored.copy()) for name, constant in view.constants.items()}
    known[view.inputs[0]] = torch.from_numpy(given)
    yield view.inputs[0], known[view.inputs[0]]
    with torch.no_grad():
        for step in view.steps:
            compute = OPERATORS.get(step.operator)
            inputs = [known.get(edge.name) for edge in step.inputs]
            if compute is None or any(
                value is None and edge.name for value, edge in zip(inputs, step.inputs, strict=True)
            ):
                continue
            (name,) = step.outputs
            try:
                known[name] = compute(step, *inputs)
            except (RuntimeError, IndexError, KeyError):
                # An operator with options that are not known here.
                continue
            yield name, known[name]


_TURNED, _KEPT = 1, 64
"""Flags of XNNPACK: weights are (inputs, outputs); axes that were reduced stay."""


def _convolution(step: Step, given: Any, weight: Any, bias: Any) -> Any:
    from torch.nn import functional

    options = step.options
    order = (3, 0, 1, 2) if step.operator == "DepthwiseConv2d" else (0, 3, 1, 2)
    sides = [options[f"padding_{side}"] for side in ("left", "right", "top", "bottom")]
    padded = functional.pad(given.permute(0, 3, 1, 2), sides)
    strides, dilations = _pair(options, "subsampling"), _pair(options, "dilation")
    made = functional.conv2d(padded, weight.permute(order), bias, strides, 0, dilations, options["groups"])
    return made.permute(0, 2, 3, 1)


def _pair(options: Mapping[str, Any], word: str) -> tuple[int, int]:
    return options[f"{word}_height"], options[f"{word}_width"]


def _largest(step: Step, given: Any) -> Any:
    from torch.nn import functional

    options = step.options
    sides = [options[f"padding_{side}"] for side in ("left", "right", "top", "bottom")]
    padded = functional.pad(given.permute(0, 3, 1, 2), sides, value=-np.inf)
    windows = _pair(options, "pooling"), _pair(options, "stride")
    return functional.max_pool2d(padded, *windows, 0, _pair(options, "dilation")).permute(0, 2, 3, 1)


def _dense(step: Step, given: Any, weight: Any, bias: Any = None) -> Any:
    made = given @ (weight if step.options["flags"] & _TURNED else weight.transpose(-1, -2))
    return made if bias is None else made + bias


def _concatenated(step: Step, *given: Any) -> Any:
    import torch

    return torch.cat(given, step.options["axis"])


def _hard_swish(step: Step, given: Any) -> Any:  # noqa: ARG001 - as all of them
    from torch.nn import functional

    return functional.hardswish(given)


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "Conv2d": _convolution,
    "DepthwiseConv2d": _convolution,
    "MaxPooling2d": _largest,
    "FullyConnected": _dense,
    "Hardswish": _hard_swish,
    "Clip": lambda _, given, low, high: given.clamp(low, high),
    "Add": lambda _, one, other: one + other,
    "Subtract": lambda _, one, other: one - other,
    "Multiply": lambda _, one, other: one * other,
    "Div": lambda _, one, other: one / other,
    "Sigmoid": lambda _, given: given.sigmoid(),
    "Tanh": lambda _, given: given.tanh(),
    "Softmax": lambda _, given: given.softmax(-1),
    "GlobalAvgPooling2d": lambda step, given: given.mean((1, 2), keepdim=bool(step.options["flags"] & _KEPT)),
    "StaticTranspose": lambda step, given: given.permute(step.options["perm"]),
    "StaticReshape": lambda step, given: given.reshape(step.options["new_shape"]),
    # Scalars of hard-sigmoid and hard-swish, which are stored as whole numbers.
    "dim_order_ops::_to_dim_order_copy": lambda _, given: given.float(),
    **{f"Concatenate{count}": _concatenated for count in (2, 3, 4, 5)},
}
"""By the view's word: a step and what it reads -> what it makes."""
