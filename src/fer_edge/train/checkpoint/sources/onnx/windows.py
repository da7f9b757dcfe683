"""Convolutions, pools and padding: ONNX's amounts at each end to torch's, which are the same at both."""

from __future__ import annotations

import math

from fer_edge.train.checkpoint.sources.onnx.node import Node
from fer_edge.train.checkpoint.sources.padding import (
    Side,
    average_pool,
    max_pool,
    pad_unequally,
    same_sides,
)
from fer_edge.train.checkpoint.sources.translation import Value


def conv(node: Node) -> Value:
    """``Conv`` of two spatial axes."""
    x, weight, bias = node.value(), node.array(1), node.known(2)
    if weight.ndim != 4 or len(x.shape) != 4:
        raise node.refuse(f"over {max(0, weight.ndim - 2)} axes (2 are supported)")
    sides = _sides(node, x, weight.shape[2:])
    x, padding = pad_unequally(node.graph, x, sides, f"{node.name}_pad")
    groups = node.whole("group", 1)
    tensors = {"weight": weight} | ({} if bias is None else {"bias": bias})
    return node.add(
        "conv2d",
        x,
        tensors,
        inputs=weight.shape[1] * groups,
        outputs=weight.shape[0],
        kernel=weight.shape[2:],
        stride=[side.stride for side in sides],
        padding=padding,
        dilation=[side.dilation for side in sides],
        groups=groups,
        bias=bias is not None,
    )


def maximum(node: Node) -> Value:
    """``MaxPool`` of two spatial axes."""
    if node.outputs > 1:
        raise node.refuse("with indices")
    x = node.value()
    sides = _sides(node, x, node.wholes("kernel_shape") or [])
    return max_pool(node.graph, x, sides, node.name, ceil=bool(node.whole("ceil_mode", 0)))


def average(node: Node) -> Value:
    """``AveragePool`` of two spatial axes."""
    x = node.value()
    sides = _sides(node, x, node.wholes("kernel_shape") or [])
    counted = bool(node.whole("count_include_pad", 0))
    ceil = bool(node.whole("ceil_mode", 0))
    return average_pool(node.graph, x, sides, node.name, ceil=ceil, count_padding=counted)


def _sides(node: Node, x: Value, kernel: object) -> tuple[Side, Side]:
    lengths = [int(edge) for edge in kernel]  # type: ignore[attr-defined]
    if len(lengths) != 2 or len(x.shape) != 4:
        raise node.refuse(f"over {len(lengths)} axes (2 are supported)")
    strides, dilations = node.wholes("strides") or [1, 1], node.wholes("dilations") or [1, 1]
    pads = node.wholes("pads") or [0, 0, 0, 0]
    automatic = node.word("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        return same_sides(x, lengths, strides, dilations, lower=automatic == "SAME_LOWER")
    if automatic == "VALID":
        pads = [0, 0, 0, 0]
    high, wide = (
        Side(x.shape[2 + i], lengths[i], strides[i], dilations[i], pads[i], pads[i + 2]) for i in (0, 1)
    )
    return high, wide


def pad(node: Node) -> Value:
    """``Pad`` of at most two of four axes: height and width where they stand in NCHW or NHWC, or channels."""
    x = node.value()
    widths = node.wholes("pads", 1) or node.wholes("paddings") or []
    rank, mode = len(x.shape), node.word("mode", "constant")
    axes = node.axes(rank, 3) or list(range(rank))
    ends = {axis: (widths[i], widths[i + len(axes)]) for i, axis in enumerate(axes)}
    padded = sorted(axis for axis, pair in ends.items() if any(pair))
    if not padded:
        return x
    if rank != 4 or len(padded) > 2 or 0 in padded or mode not in ("constant", "reflect", "edge"):
        raise node.refuse(f"of axes {padded} in mode {mode} (at most two of four axes are supported)")
    if min(min(pair) for pair in ends.values()) < 0:
        raise node.refuse("by less than nothing")
    order = [axis for axis in range(4) if axis not in padded] + padded
    order = order if set(padded) - {2, 3} else [0, 1, 2, 3]
    (top, bottom), (left, right) = (ends.get(axis, (0, 0)) for axis in order[2:])
    moved = node.graph.permute(x, order, f"{node.name}_last")
    found = _pad_last(node, moved, [left, right, top, bottom], mode)
    return node.graph.permute(found, [order.index(axis) for axis in range(4)], f"{node.name}_back")


def _pad_last(node: Node, x: Value, widths: list[int], mode: str) -> Value:
    given = node.known(2) if "value" not in node.attributes else None
    value = node.number("value", 0.0) if given is None else float(given.reshape(-1)[0])
    if not math.isfinite(value):
        raise node.refuse(f"with {value}")
    return node.add("pad", x, widths=widths, mode=mode, value=value)


def resize(node: Node) -> Value:
    """``Resize`` and ``Upsample`` of height and width."""
    from fer_edge.train.checkpoint.sources.front import Resized

    x = node.value()
    size = _resized(node, x)
    if size == x.shape[2:]:
        return x
    if node.graph.from_picture(x):
        raise Resized(size)
    mode, place = node.word("mode", "nearest"), node.word("coordinate_transformation_mode", "half_pixel")
    if node.operator == "Upsample":
        place = "asymmetric"
    nearest = mode == "nearest" and place == "asymmetric" and node.word("nearest_mode", "floor") == "floor"
    linear = mode == "linear" and place in ("half_pixel", "pytorch_half_pixel", "align_corners")
    if not nearest and not linear:
        raise node.refuse(f"in mode {mode} with {place} coordinates")
    return node.add(
        "resize", x, size=size, mode="nearest" if nearest else "bilinear", corners=place == "align_corners"
    )


def _resized(node: Node, x: Value) -> tuple[int, int]:
    if len(x.shape) != 4:
        raise node.refuse(f"of {len(x.shape)} axes")
    scales, sizes = node.attributes.get("scales"), None
    if scales is None:
        place = 1 if node.operator == "Upsample" or node.opset < 11 else 2
        found, wanted = node.known(place), node.known(3)
        scales = found if found is not None and found.size else None
        sizes = wanted if wanted is not None and wanted.size else None
    if sizes is None and scales is None:
        raise node.refuse("without scales and sizes")
    full = (
        [int(edge) for edge in sizes]
        if sizes is not None
        else [
            math.floor(edge * float(scale))
            for edge, scale in zip(x.shape, scales, strict=True)  # type: ignore[arg-type]
        ]
    )
    if len(full) != 4 or full[:2] != list(x.shape[:2]):
        raise node.refuse("of other axes than height and width")
    return full[2], full[3]
