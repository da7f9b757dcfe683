"""What a graph does to its input before the network begins: scaling, offsets and sizes that belong to the contract."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.train.checkpoint.sources.translation import Array
from fer_edge.train.models.imported.description import IMAGE, Description, Step

SIGNS = {"add": 1, "subtract": -1}


class Resized(Exception):
    """The graph resizes its picture itself: it is to be read again for that size, since the camera path is the only resize.

    Attributes:
        size: height and width that the network works on.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(size)
        self.size = size


Factors = tuple[NDArray[np.float64], NDArray[np.float64]]


def take_out(
    description: Description, tensors: dict[str, Array], channels: int
) -> tuple[Description, Factors | None]:
    """Remove scales and offsets that stand first.

    Args:
        description: of the graph.
        tensors: its constants.
        channels: of the picture.

    Returns:
        The graph without them, and factor and offset of each channel; None where there is nothing to remove.
    """
    scale, offset = np.ones(channels), np.zeros(channels)
    steps, at, found = list(description.steps), IMAGE, False
    axes: tuple[int, ...] = (0, 1, 2, 3)
    while True:
        users = [step for step in steps if at in step.inputs]
        if len(users) != 1 or users[0] is steps[-1]:
            break
        step = users[0]
        if step.layer == "permute":
            axes = tuple(axes[axis] for axis in step.parameters["axes"])
            at = step.name
            continue
        change = _affine(step, at, tensors, axes, channels)
        if change is None or not (change[0] * scale > 0).all():
            break
        scale, offset, found = scale * change[0], offset * change[0] + change[1], True
        steps = [_renamed(one, step.name, at) for one in steps if one is not step]
    if not found:
        return description, None
    return Description(tuple(_needed(_join_permutes(steps)))), (scale, offset)


def _join_permutes(steps: list[Step]) -> list[Step]:
    """Orders of axes that now follow each other as one, and none where nothing changes."""
    orders: dict[str, tuple[str, tuple[int, ...]]] = {}
    same: dict[str, str] = {}
    found: list[Step] = []
    for one in steps:
        step = replace(one, inputs=tuple(same.get(name, name) for name in one.inputs))
        if step.layer == "permute":
            source, before = orders.get(step.inputs[0], (step.inputs[0], None))
            axes = tuple(step.parameters["axes"])
            axes = axes if before is None else tuple(before[axis] for axis in axes)
            orders[step.name] = (source, axes)
            if axes == tuple(range(len(axes))) and step is not steps[-1]:
                same[step.name] = source
            step = replace(step, inputs=(source,), parameters={"axes": list(axes)})
        found.append(step)
    return found


def _affine(
    step: Step, at: str, tensors: dict[str, Array], axes: tuple[int, ...], channels: int
) -> Factors | None:
    """Factor and offset by channel of a step, if it is nothing else."""
    if step.layer == "scalar":
        function, first = step.parameters["function"], step.parameters["first"]
        values: NDArray[np.float64] | None = np.full(channels, step.parameters["value"])
    elif step.layer in ("add", "subtract", "multiply", "divide"):
        function, first = step.layer, step.inputs[1] == at
        constant = tensors.get(f"{step.inputs[0] if first else step.inputs[1]}.value")
        values = None if constant is None else _by_channel(constant, axes, channels)
    else:
        return None
    return None if values is None else _factors(function, values, first=first)


def _factors(function: str, values: NDArray[np.float64], *, first: bool) -> Factors | None:
    one, zero = np.ones_like(values), np.zeros_like(values)
    if function == "multiply":
        return values, zero
    if function == "add":
        return one, values
    if function == "subtract" and not first:
        return one, -values
    return (1 / values, zero) if function == "divide" and not first and values.all() else None


def _by_channel(constant: Array, axes: tuple[int, ...], channels: int) -> NDArray[np.float64] | None:
    place = axes.index(1)
    if constant.ndim > 4:
        return None
    full = constant.reshape((1,) * (4 - constant.ndim) + constant.shape)
    if full.size == 1:
        return np.full(channels, float(full.reshape(-1)[0]))
    if full.size != channels or full.shape[place] != channels:
        return None
    return full.reshape(-1).astype(np.float64)


def _renamed(step: Step, before: str, after: str) -> Step:
    if before not in step.inputs:
        return step
    return replace(step, inputs=tuple(after if name == before else name for name in step.inputs))


def _needed(steps: list[Step]) -> list[Step]:
    needed, kept = {steps[-1].name}, []
    for step in reversed(steps):
        if step.name in needed:
            needed.update(step.inputs)
            kept.append(step)
    return kept[::-1]
