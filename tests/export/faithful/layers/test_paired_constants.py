"""Constants of two files that a converter numbered anew: by name where the step reads one of that name, else by place."""

from types import SimpleNamespace

from fer_edge.export.faithful.layers.compare import _pair_constants
from fer_edge.export.faithful.layers.recording import Step


def add(result, *constants, operator="ADD"):
    return Step(operator, ("x",), constants, (result,), False)


def pair(steps, reference):
    return _pair_constants(
        SimpleNamespace(steps=steps), SimpleNamespace(steps=reference), {"renumbered": "b"}
    )


def test_a_number_that_means_another_constant_is_no_partner():
    mine = (add("a", "constant7"), add("renumbered", "constant3"))
    theirs = (add("a", "constant3"), add("b", "constant7"))
    assert pair(mine, theirs) == {"constant3": "constant7", "constant7": "constant3"}


def test_names_hold_where_the_step_reads_them_in_whatever_order():
    assert pair((add("a", "bias", "weight"),), (add("a", "weight", "bias"),)) == {
        "weight": "weight",
        "bias": "bias",
    }


def test_without_an_equal_step_names_are_all_there_is():
    assert pair((add("a", "k", operator="SUB"),), (add("a", "c"), add("z", "d"))) == {"c": "c", "d": "d"}
