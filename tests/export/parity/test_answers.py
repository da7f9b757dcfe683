"""Many pictures through one artifact: several at a time where that is possible and makes no difference."""

from types import SimpleNamespace

import numpy as np
import pytest

from fer_edge.export.parity import answers
from fer_edge.runtime.errors import EngineError

INPUTS = np.arange(12, dtype=np.float32).reshape(12, 1)


class Model:
    """Answers with its input and one; several at a time as it is told."""

    contract = SimpleNamespace(input=SimpleNamespace(height=256, width=128))  # four at a time

    def __init__(self, together):
        self.asked, self.groups, self._together = [], [], together

    def run(self, tensor):
        self.asked.append(int(tensor[0]))
        if tensor[0] == 6 and self._together is refuse:
            raise EngineError("answered nan")
        return np.array([tensor[0], 1], np.float32)

    def run_raw(self, tensor):
        return np.array([np.nan, tensor[0]])

    def run_together(self, tensors):
        self.groups.append(len(tensors))
        return self._together(tensors)


def each(tensors):
    return [np.array([tensor[0], 1], np.float32) for tensor in tensors]


def one_at_a_time(tensors):
    return each(tensors) if len(tensors) == 1 else None


def mixed(tensors):
    return each(tensors[::-1])


def refuse(tensors):
    raise EngineError("answered nan")


@pytest.mark.parametrize(
    ("together", "groups", "asked"),
    [
        (each, [4, 4, 4], [0, 4, 8]),
        (one_at_a_time, [4], list(range(12))),
        (mixed, [4], list(range(12))),
    ],
)
def test_all_are_answered_in_order(together, groups, asked):
    model = Model(together)
    found = answers.run_tensors(model, INPUTS)
    assert found.tolist() == [[value, 1] for value in range(12)]
    assert (model.groups, model.asked) == (groups, asked)


def test_an_answer_that_is_not_finite_is_found():
    found = answers.run_tensors(Model(refuse), INPUTS)
    assert np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist() == [6]


def test_the_last_one_may_be_alone():
    model = Model(each)
    assert answers.run_tensors(model, INPUTS[:9])[:, 0].tolist() == list(range(9))
    assert (model.groups, model.asked) == ([4, 4], [0, 4, 8])
