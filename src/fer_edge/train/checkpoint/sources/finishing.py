"""The two ends of a graph: one row of scores behind, nothing before that belongs to the contract."""

from __future__ import annotations

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.sources.front import take_out
from fer_edge.train.checkpoint.sources.picture import Picture
from fer_edge.train.checkpoint.sources.translation import Array, GraphBuilder, Translation, Value
from fer_edge.train.models.imported.description import Description


def row(graph: GraphBuilder, value: Value) -> Value:
    """The answer as (1, labels).

    Raises:
        CheckpointError: it is something else than one row of numbers.
    """
    edges = [edge for edge in value.shape if edge != 1]
    if len(edges) > 1 or value.shape[0] != 1:
        raise CheckpointError(
            f"it is no classifier of pictures: its output is {'x'.join(map(str, value.shape))}, and one row of scores is needed"
        )
    return (
        value
        if len(value.shape) == 2
        else graph.add("flatten", value, axis=1)
        if len(value.shape) > 2
        else value
    )


def finish(
    description: Description, tensors: dict[str, Array], picture: Picture, notes: list[str]
) -> Translation:
    """Take out what stands before and behind the network."""
    final, steps = "", description.steps
    if steps[-1].layer == "sigmoid" and len(steps) > 1:
        final, steps = "sigmoid", steps[:-1]
        notes.append(
            "the sigmoids at its end are left out: the largest score stays the largest, and a softmax stands in their place"
        )
    description, front = take_out(Description(steps), tensors, picture.channels)
    kept = {step.name for step in description.steps}
    return Translation(
        description,
        {key: array for key, array in tensors.items() if key.rpartition(".")[0] in kept},
        (picture.channels, picture.height, picture.width),
        picture.layout,
        tuple(notes),
        () if front is None else tuple(map(float, front[0])),
        () if front is None else tuple(map(float, front[1])),
        final,
    )
