"""Which layers stay in float: the search on files that are made up, so that each right answer is known."""

import numpy as np
import pytest

from fer_edge.export.formats.mixed import Limits, Search, Unit, group_units
from fer_edge.runtime.errors import CheckFailed

KINDS = ("Conv", "Conv", "Norm", "Conv", "Norm", "Conv", "Conv", "Conv")
UNITS = [Unit(f"layer{number}", kind, (f"op{number}",)) for number, kind in enumerate(KINDS)]
EXPECTED = np.tile(np.array([[0.6, 0.4]], np.float32), (8, 1))


def search(harm, limits=Limits(), units=UNITS):  # noqa: B008 - frozen
    """A search in which each operator at 8 bits moves every answer by its harm, and each one in float costs ten bytes."""
    names = [key for unit in units for key in unit.operators]

    def build(kept):
        moved = sum(harm.get(name, 0.0) for name in names if name not in kept)
        return f"{moved:.6f}".encode().ljust(100 + 10 * len(kept))

    def answer(file):
        moved = float(file)
        return EXPECTED + np.array([[-moved, moved]], np.float32)

    return Search(units, build, answer, EXPECTED, limits)


def kept(found, units=UNITS):
    return [units[number].name for number in sorted(found.kept)]


def test_all_at_8_bits_where_that_is_near_enough():
    job = search({"op0": 0.002})
    found = job.run()
    assert kept(found) == []
    assert job.describe(found) == "auto: every layer at 8 bits"
    assert job.tried == 1


def test_only_the_layer_that_costs_accuracy_stays_in_float():
    job = search({"op5": 0.3, "op2": 0.001})
    found = job.run()
    assert kept(found) == ["layer5"]
    assert job.describe(found).startswith(
        "auto: 1 of 8 layers stay in float: layer5; with all at 8 bits 100.0% of"
    )


def test_layers_of_two_kinds_stay_in_float_together():
    assert kept(search({"op5": 0.3, "op4": 0.2}).run()) == ["layer4", "layer5"]


def test_the_same_search_finds_the_same():
    harm = {f"op{number}": 0.02 for number in range(8)}
    assert search(harm).run() == search(harm).run()


def test_a_size_that_leaves_too_little_room_is_refused_with_what_was_found():
    with pytest.raises(
        CheckFailed,
        match=r"no mix of layers keeps --max-drop 0.5 within --max-size 0.105: .* raise --max-size or --max-drop",
    ):
        search({"op5": 0.3}, Limits(max_size=105)).run()


def test_a_size_below_all_at_8_bits_is_told_as_such():
    with pytest.raises(CheckFailed, match="not even that fits: raise --max-size, or take a smaller"):
        search({"op5": 0.3}, Limits(max_size=99)).run()


def test_a_size_holds_for_the_answer_and_not_for_what_leads_to_it():
    assert kept(search({"op5": 0.3}, Limits(max_size=110)).run()) == ["layer5"]


def test_a_latency_that_nothing_keeps_is_refused():
    with pytest.raises(
        CheckFailed, match=r"--max-latency are 1e-09; all at 8 bits takes .* ms: raise --max-latency"
    ):
        search({"op5": 0.3}, Limits(max_latency=1e-12)).run()


def test_a_drop_that_is_allowed_is_used():
    expected = EXPECTED.copy()
    expected[0] = [0.53, 0.47]
    one_label_changes = expected.copy()
    one_label_changes[0] = [0.47, 0.53]
    answers = {b"8 bits": one_label_changes, b"float": expected}

    def job(max_drop):
        build = lambda kept: b"float" if kept else b"8 bits"  # noqa: E731
        return Search(UNITS, build, answers.__getitem__, expected, Limits(max_drop=max_drop))

    assert kept(job(0.125).run()) == []
    assert kept(job(0.1).run()) != []


def test_operators_of_one_module_are_one_unit():
    rows = [("a", "norm1", "LayerNorm"), ("b", "norm1", "LayerNorm"), ("c", "fc", "Linear")]
    assert group_units(rows) == [Unit("norm1", "LayerNorm", ("a", "b")), Unit("fc", "Linear", ("c",))]
