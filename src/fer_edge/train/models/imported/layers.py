"""The table of layers of which imported networks are made.

To add one: a builder and a ``Layer`` in the file of its kind. The importers (``train/checkpoint/sources``) translate to these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.train.models.imported.description import Step
from fer_edge.train.models.imported.elementwise import ELEMENTWISE
from fer_edge.train.models.imported.layer import Layer
from fer_edge.train.models.imported.shapes import SHAPES
from fer_edge.train.models.imported.weighted import WEIGHTED
from fer_edge.train.models.imported.windows import WINDOWS

if TYPE_CHECKING:
    from torch import nn

LAYERS: dict[str, Layer] = {layer.name: layer for layer in (*WEIGHTED, *ELEMENTWISE, *WINDOWS, *SHAPES)}


def build_layer(step: Step) -> nn.Module:
    """The module of a step, with weights that are yet to be loaded.

    Raises:
        ValueError: the layer is unknown, or its inputs or parameters are not what it takes.
    """
    layer = LAYERS.get(step.layer)
    if layer is None:
        raise ValueError(f"step {step.name!r} is {step.layer[:40]!r}, which is no layer")
    if len(step.inputs) != layer.inputs if layer.inputs is not None else not step.inputs:
        raise ValueError(
            f"step {step.name!r} has {len(step.inputs)} inputs; {step.layer} takes {layer.inputs or 'some'}"
        )
    if step.parameters.keys() != layer.parameters.keys():
        raise ValueError(f"step {step.name!r} must have {sorted(layer.parameters)}")
    values = {}
    for name, kind in layer.parameters.items():
        try:
            values[name] = kind(step.parameters[name])
        except ValueError as error:
            raise ValueError(f"step {step.name!r}: {name} must be {error}") from None
    try:
        return layer.build(**values)
    except (ValueError, RuntimeError, KeyError, ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"step {step.name!r}: {str(error)[:200]}") from None
