"""ExecuTorch's int8 files turn axes once for each reader: equal turns of one value are one value."""

import pytest

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.graph import Graph, Node, Tensor
from fer_edge.export.formats.executorch.float_view import view


def _graph(*turns, read):
    """Two operators that read a value whose axes were turned before."""
    nodes = [
        Node("StaticTranspose", ("image",), (f"turned{place}",), {"perm": axes})
        for place, axes in enumerate(turns)
    ]
    nodes += [
        Node("Sigmoid", (read[0],), ("one",)),
        Node("Tanh", (read[1],), ("other",)),
        Node("Add", ("one", "other"), ("sum",)),
    ]
    names = {"image", *(name for node in nodes for name in node.outputs)}
    return Graph(tuple(nodes), {name: Tensor(name, (1,), "float32") for name in names}, ("image",), ("sum",))


ONCE = _graph((0, 2, 3, 1), read=("turned0", "turned0"))


def test_two_equal_turns_are_what_one_is():
    twice = _graph((0, 2, 3, 1), (0, 2, 3, 1), read=("turned0", "turned1"))
    found = align(view(ONCE), view(twice))
    assert (len(found.steps), found.findings) == (4, [])


@pytest.mark.parametrize("read", [("turned0", "turned1"), ("turned1", "turned0")])
def test_another_turn_is_still_another_value(read):
    found = align(view(ONCE), view(_graph((0, 2, 3, 1), (0, 3, 2, 1), read=read)))
    assert found.findings
