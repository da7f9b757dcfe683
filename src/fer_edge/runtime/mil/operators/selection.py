"""Operators that pick values by place or by size.

Source: docstrings of ``scatter_gather``, ``tensor_operation`` and ``control_flow`` in coremltools' ``mil/ops/defs``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fer_edge.runtime.errors import UnknownOperator


def select(cond: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``a`` where the condition holds, else ``b``."""
    return torch.where(cond.to(a.device), a, b)


def gather(
    x: Tensor, indices: Tensor, *, axis: int = 0, batch_dims: int = 0, validate_indices: bool = False
) -> Tensor:
    """Slices along an axis; negative places count from the end."""
    del validate_indices
    place = axis % x.ndim
    if batch_dims == 0:
        flat = x.index_select(place, _from_the_front(indices.reshape(-1), x.shape[place], x))
        return flat.reshape(*x.shape[:place], *indices.shape, *x.shape[place + 1 :])
    if batch_dims != 1 or place != 1:
        raise UnknownOperator(
            f"gather with batch_dims {batch_dims} on axis {axis}; known here: 0, or 1 on axis 1"
        )
    rows = [gather(part, places, axis=0) for part, places in zip(x, indices, strict=True)]
    return torch.stack(rows)


def gather_along_axis(x: Tensor, indices: Tensor, *, axis: int = 0, validate_indices: bool = False) -> Tensor:
    """At each place the value that the index there names along an axis."""
    del validate_indices
    return torch.gather(x, axis, _from_the_front(indices, x.shape[axis], x))


def gather_nd(x: Tensor, indices: Tensor, *, batch_dims: int = 0, validate_indices: bool = False) -> Tensor:
    """Slices that several indices name together."""
    del validate_indices
    if batch_dims:
        raise UnknownOperator(f"gather_nd with batch_dims {batch_dims}; known here: 0")
    return x[tuple(_from_the_front(part, x.shape[axis], x) for axis, part in enumerate(indices.unbind(-1)))]


def _from_the_front(indices: Tensor, size: int, x: Tensor) -> Tensor:
    places = indices.to(torch.int64)
    return torch.where(places < 0, places + size, places).to(x.device)


def scatter(
    data: Tensor,
    indices: Tensor,
    updates: Tensor,
    *,
    axis: int = 0,
    mode: str = "",
    validate_indices: bool = False,
) -> Tensor:
    """``data``, into which slices along an axis are put, added, ... at the places that ``indices`` names."""
    del validate_indices
    shape = [-1 if place == axis % data.ndim else 1 for place in range(data.ndim)]
    places = indices.reshape(shape).expand(updates.shape)
    return scatter_along_axis(data, places, updates, axis=axis, mode=mode)


def scatter_along_axis(
    data: Tensor,
    indices: Tensor,
    updates: Tensor,
    *,
    axis: int = 0,
    mode: str = "",
    validate_indices: bool = False,
) -> Tensor:
    """The same with a place along the axis for every value."""
    del validate_indices
    places = _from_the_front(indices, data.shape[axis], data)
    if mode == "update":
        return data.scatter(axis, places, updates)
    if mode in ("add", "sub"):
        return data.scatter_add(axis, places, updates if mode == "add" else -updates)
    ways = {"mul": "prod", "div": "prod", "max": "amax", "min": "amin"}
    # Where it is left out, the reference has two defaults, one in words and one in code.
    if mode not in ways or (mode == "div" and not data.is_floating_point()):
        raise UnknownOperator(
            f"mode {ascii(mode)[:40]} of {data.dtype}; known here: update, add, sub, {', '.join(ways)}"
        )
    return data.scatter_reduce(axis, places, 1 / updates if mode == "div" else updates, ways[mode])


def scatter_nd(
    data: Tensor, indices: Tensor, updates: Tensor, *, mode: str = "", validate_indices: bool = False
) -> Tensor:
    """The same with several indices together for a slice."""
    del validate_indices
    depth = indices.shape[-1]
    place = torch.zeros(indices.shape[:-1], dtype=torch.int64)
    for axis in range(depth):
        place = place * data.shape[axis] + _from_the_front(indices[..., axis], data.shape[axis], place)
    flat = data.reshape(-1, *data.shape[depth:])
    parts = updates.reshape(-1, *data.shape[depth:])
    return scatter(flat, place.reshape(-1), parts, axis=0, mode=mode).reshape(data.shape)


def slice_by_index(
    x: Tensor,
    begin: list[int],
    end: list[int],
    *,
    stride: list[int] | None = None,
    begin_mask: list[bool] | None = None,
    end_mask: list[bool] | None = None,
    squeeze_mask: list[bool] | None = None,
) -> Tensor:
    """``x[begin:end:stride, ...]`` as numpy slices; masks leave an end out, or take one place and drop the axis."""
    none = [False] * x.ndim
    first, last, single = begin_mask or none, end_mask or none, squeeze_mask or none
    steps = stride or [1] * x.ndim
    squeezed = []
    for axis in range(x.ndim):
        if single[axis]:
            place = begin[axis] + (x.shape[axis] if begin[axis] < 0 else 0)
            x = x.narrow(axis, place, 1)
            squeezed.append(axis)
            continue
        where = slice(None if first[axis] else begin[axis], None if last[axis] else end[axis], steps[axis])
        x = _sliced(x, axis, range(*where.indices(x.shape[axis])))
    return x.squeeze(tuple(squeezed)) if squeezed else x


def _sliced(x: Tensor, axis: int, places: range) -> Tensor:
    if places.step == 1:
        return x.narrow(axis, places.start, len(places))
    return x.index_select(axis, torch.tensor(list(places), dtype=torch.int64, device=x.device))


def slice_by_size(x: Tensor, begin: list[int], size: list[int]) -> Tensor:
    """From ``begin`` as many as ``size`` says; -1: to the end."""
    for axis, (start, count) in enumerate(zip(begin, size, strict=True)):
        x = x.narrow(axis, start, x.shape[axis] - start if count == -1 else count)
    return x


def cumsum(x: Tensor, *, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Sums of all values up to each place, with it or without, from the front or from the end."""
    flipped = x.flip(axis) if reverse else x
    sums = torch.cumsum(flipped, axis).to(x.dtype)
    found = sums - flipped if exclusive else sums
    return found.flip(axis) if reverse else found


def argsort(x: Tensor, *, axis: int = -1, ascending: bool = False) -> Tensor:
    """Places in the order of their values."""
    return torch.argsort(x, stable=True, dim=axis, descending=not ascending).to(torch.int32)


def topk(
    x: Tensor,
    *,
    k: int = 1,
    axis: int = -1,
    ascending: bool = False,
    sort: bool = True,
    return_indices: bool = True,
    output_indices_dtype: str = "int32",
) -> tuple[Tensor, ...]:
    """The largest values along an axis (smallest, if ascending) and their places."""
    del sort, output_indices_dtype
    count = x.shape[axis] if k == -1 else k
    values, places = torch.topk(x, count, axis, largest=not ascending)
    return (values, places.to(torch.int32)) if return_indices else (values,)


def one_hot(
    indices: Tensor,
    one_hot_vector_size: int,
    *,
    axis: int = -1,
    on_value: float = 1.0,
    off_value: float = 0.0,
) -> Tensor:
    """``on_value`` at the place that each index names, else ``off_value``."""
    known = torch.arange(one_hot_vector_size) == indices.unsqueeze(-1)
    return torch.where(known, on_value, off_value).movedim(-1, axis)


def non_zero(x: Tensor) -> Tensor:
    """Places of all values that are not zero, (n, rank)."""
    return torch.nonzero(x).to(torch.int32)
