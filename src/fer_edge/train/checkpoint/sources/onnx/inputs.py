"""The one input of an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.sources.onnx.model import Model
from fer_edge.train.checkpoint.sources.picture import Picture, in_words, settle


def find_picture(model: Model, wanted: Sequence[int] | None) -> Picture:
    """The graph's one input.

    Args:
        model: the file.
        wanted: width, height, channels as the user says; None: as the file says.

    Raises:
        CheckpointError: several inputs, none, or not a picture.
    """
    inputs = [one for one in model.proto.graph.input if one.name not in model.constants]
    if len(inputs) != 1:
        named = ", ".join(f"{one.name[:60]} ({in_words(_edges(one))})" for one in inputs[:6])
        raise CheckpointError(
            f"it takes {len(inputs)} inputs{f': {named}' if named else ''}; one picture is needed (recurrent states and masks are not)"
        )
    tensor = inputs[0].type.tensor_type
    layout, channels, height, width = settle(_edges(inputs[0]), wanted)
    notes = []
    if tensor.elem_type in (2, 3):  # uint8, int8
        notes.append("the file takes bytes; the exported files take float32 as everywhere")
    elif tensor.elem_type not in (1, 10, 11, 16):
        raise CheckpointError(
            f"its input {inputs[0].name[:60]} is no picture: its numbers are of type {tensor.elem_type}"
        )
    return Picture(inputs[0].name, layout, channels, height, width, tuple(notes))


def _edges(value: Any) -> list[int | None]:
    return [one.dim_value if one.dim_value > 0 else None for one in value.type.tensor_type.shape.dim]
