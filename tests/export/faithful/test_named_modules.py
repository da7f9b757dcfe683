"""Which module a finding is about: a pool that is wrong is no fault of the convolution before it."""

import numpy as np
import pytest

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.check import Proof, name_modules
from fer_edge.export.faithful.findings import Finding
from fer_edge.export.faithful.layers.names import Match, Names
from fer_edge.export.faithful.view import Constant, Edge, Step, View
from fer_edge.runtime.verification import Code, Faithful

VIEW = View(
    ("image",),
    [
        Step("conv", (Edge("image"), Edge("kernel")), ("a",), {}),
        Step("max_pool", (Edge("a"),), ("b",), {}),
    ],
    {"kernel": Constant(np.ones((4, 1, 3, 3), np.float32))},
)
NAMES = Names({"a": Match("features.1", "features.0", 90.0), "b": Match("features.2", "features.0", 90.0)})


@pytest.mark.parametrize(
    ("code", "where", "module"),
    [
        (Code.OPERATOR, "b", "features.2"),
        (Code.OPTION, "b", "features.2"),
        (Code.OPTION, "a", "features.0"),
        (Code.WEIGHT, "kernel", "features.0"),
        (Code.RANGE, "b", "features.0"),
    ],
)
def test_the_module_of_a_finding(code, where, module):
    proof = Proof(Faithful("fail"), [Finding(code, where, "is wrong")], held=VIEW)
    assert name_modules(proof, NAMES).findings[0].module == module


def test_an_operator_too_many_is_a_fault_of_the_layer_that_reads_it():
    """Slice and pad before a convolution, as where a stride begins one pixel later; what lies before them is compared all the same."""
    kernel = Constant(np.ones((4, 1, 3, 3), np.float32))
    first, cut = Step("conv", (Edge("image"), Edge("w1")), ("a",), {}), Step("relu", (Edge("a"),), ("b",), {})
    moved = [Step("slice_by_index", (Edge("b"),), ("s",), {}), Step("pad", (Edge("s"),), ("p",), {})]
    constants = {"w1": kernel, "w2": kernel}
    source = View(
        ("image",), [first, cut, Step("conv", (Edge("b"), Edge("w2")), ("c",), {})], constants, outputs=("c",)
    )
    held = View(
        ("image",),
        [first, cut, *moved, Step("conv", (Edge("p"), Edge("w2")), ("c",), {})],
        constants,
        outputs=("c",),
    )
    found = align(source, held)
    assert [(one.where, one.sentence) for one in found.findings] == [
        ("c", "the file has pad before it, where nothing belongs")
    ]
    assert {pair.name for pair in found.constants} == {"w1", "w2"}
    assert not align(source, source).findings
