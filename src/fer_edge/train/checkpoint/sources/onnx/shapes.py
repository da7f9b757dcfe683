"""Operators that move numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fer_edge.train.checkpoint.sources.onnx.node import Node
from fer_edge.train.checkpoint.sources.translation import Array, Value


def same(node: Node) -> Value:
    """Operators that change nothing while a network answers."""
    return node.value()


def cast(node: Node) -> Value:
    """``Cast`` between numbers with a fraction; everything is computed in float32."""
    from onnx import TensorProto

    fractions = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
    target = node.whole("to", TensorProto.FLOAT)
    if target not in fractions:
        raise node.refuse(f"to {TensorProto.DataType.Name(target).lower()}")
    return node.value()


def shape_of(node: Node) -> Array:
    """``Shape``: known, since every size is."""
    shape = np.array(node.value().shape, np.int64)
    return shape[slice(node.whole("start", 0), node.attributes.get("end"))]


def size_of(node: Node) -> Array:
    """``Size``."""
    return np.array(math.prod(node.value().shape), np.int64)


def to_shape(node: Node, x: Value, shape: Sequence[int]) -> Value:
    """A reshape that leaves the batch open where the first edge is kept."""
    if tuple(shape) == x.shape:
        return x
    if len(shape) == 2 and shape[0] == x.shape[0] and len(x.shape) > 1:
        return node.add("flatten", x, axis=1)
    full = [-1, *shape[1:]] if shape and shape[0] == x.shape[0] else list(shape)
    return node.add("reshape", x, shape=full)


def reshape(node: Node) -> Value:
    """``Reshape``: 0 keeps an edge, -1 takes what is left."""
    x = node.value()
    wanted = node.wholes("shape", 1)
    if wanted is None:
        raise node.refuse("without a shape")
    if not node.whole("allowzero", 0):
        wanted = [x.shape[i] if edge == 0 else edge for i, edge in enumerate(wanted)]
    if -1 in wanted:
        known = math.prod(edge for edge in wanted if edge != -1)
        wanted[wanted.index(-1)] = math.prod(x.shape) // max(1, known)
    if math.prod(wanted) != math.prod(x.shape):
        raise node.refuse(f"of {list(x.shape)} to {wanted}, as a batch that is not 1 needs it")
    return to_shape(node, x, wanted)


def flatten(node: Node) -> Value:
    """``Flatten`` to two axes."""
    x = node.value()
    axis = node.whole("axis", 1)
    axis = axis % len(x.shape) if axis < 0 else axis
    return to_shape(node, x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def squeeze(node: Node) -> Value:
    """``Squeeze``."""
    x = node.value()
    axes = node.axes(len(x.shape))
    if axes is None:
        axes = [axis for axis, edge in enumerate(x.shape) if edge == 1]
    return to_shape(node, x, [edge for axis, edge in enumerate(x.shape) if axis not in axes])


def unsqueeze(node: Node) -> Value:
    """``Unsqueeze``."""
    x = node.value()
    given = node.wholes("axes", 1) or []
    axes = {axis % (len(x.shape) + len(given)) for axis in given}
    left = iter(x.shape)
    return to_shape(node, x, [1 if i in axes else next(left) for i in range(len(x.shape) + len(axes))])


def transpose(node: Node) -> Value:
    """``Transpose``."""
    x = node.value()
    return node.graph.permute(x, node.wholes("perm") or list(range(len(x.shape)))[::-1], node.name)


def concatenate(node: Node) -> Value:
    """``Concat``."""
    values = node.values()
    if len(values) == 1:
        return values[0]
    return node.add("concatenate", values, axis=node.whole("axis", 0) % len(values[0].shape))


def split(node: Node) -> list[Value]:
    """``Split``, in equal parts where no sizes are given."""
    x = node.value()
    axis = node.whole("axis", 0) % len(x.shape)
    sizes = node.wholes("split", 1)
    if sizes is None:
        part = math.ceil(x.shape[axis] / node.outputs)
        sizes = [min(part, x.shape[axis] - part * i) for i in range(node.outputs)]
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [
        node.add("slice", x, axis=axis, start=end - size, end=end, step=1)
        for size, end in zip(sizes, ends, strict=True)
    ]


def take_slice(node: Node) -> Value:
    """``Slice``, axis by axis; backwards over everything is a flip."""
    x = node.value()
    starts, ends = node.wholes("starts", 1) or [], node.wholes("ends", 2) or []
    axes = node.wholes("axes", 3) or list(range(len(starts)))
    steps = node.wholes("steps", 4) or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        x = _slice(node, x, axis % len(x.shape), slice(start, end, step))
    return x


def _slice(node: Node, x: Value, axis: int, part: slice) -> Value:
    places = range(x.shape[axis])[part]
    if len(places) == x.shape[axis]:
        return x if places.step > 0 else node.add("flip", x, axis=axis)
    if not places or places.step < 0:
        raise node.refuse("of nothing, or backwards")
    end = min(places[-1] + places.step, x.shape[axis]) if places.step > 1 else places[-1] + 1
    return node.add("slice", x, axis=axis, start=places[0], end=end, step=places.step)


def gather(node: Node) -> Value:
    """``Gather`` of known places: one, a range, or all in another order."""
    x, places = node.value(), node.array(1)
    axis = node.whole("axis", 0) % len(x.shape)
    length = x.shape[axis]
    if places.ndim == 0:
        return node.add("select", x, axis=axis, index=int(places) % length)
    wanted = [int(place) % length for place in places.reshape(-1)]
    if wanted and wanted == list(range(wanted[0], wanted[0] + len(wanted))):
        x = _slice(node, x, axis, slice(wanted[0], wanted[-1] + 1))
        return to_shape(node, x, (*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))
    if places.ndim > 1 or not wanted or len(wanted) > 64:
        raise node.refuse("of places in a table")
    if wanted == list(range(length))[::-1]:
        return node.add("flip", x, axis=axis)
    parts = [node.add("slice", x, axis=axis, start=one, end=one + 1, step=1) for one in wanted]
    return node.add("concatenate", parts, axis=axis)


def expand(node: Node) -> Value:
    """``Expand``."""
    x = node.value()
    shape = np.broadcast_shapes(x.shape, tuple(node.wholes("shape", 1) or ()))
    return x if shape == x.shape else node.add("expand", x, shape=list(shape))


def depth_to_space(node: Node) -> Value:
    """``DepthToSpace``."""
    first = node.word("mode", "DCR") == "DCR"
    return node.add("depth_to_space", node.value(), block=node.whole("blocksize", 1), first=first)
