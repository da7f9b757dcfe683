"""Several processes: who is who, and what of a batch is whose."""

import numpy as np
import pytest
import torch

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.data.arrays import Arrays
from fer_edge.train.data.batches import Share, loader
from fer_edge.train.loop.processes import Processes, rank, under_torchrun

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "x",
    "RANK": "3",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "WORLD_SIZE": "4",
}


@pytest.fixture
def torchrun(monkeypatch):
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def alone(monkeypatch):
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)


def test_alone(alone):
    assert rank() == 0
    assert not under_torchrun()
    assert Processes.asked_for(None, None) == Processes(1, 1)
    assert Processes.asked_for(3, 1).count == 3
    with pytest.raises(FerEdgeError, match="needs torchrun"):
        Processes.asked_for(2, 2)


def test_under_torchrun(torchrun):
    assert rank() == 3
    assert Processes.asked_for(None, None) == Processes(2, 2)
    assert Processes.asked_for(2, 2).count == 4
    with pytest.raises(FerEdgeError, match="torchrun started 2 x 2 processes, but --devices 4"):
        Processes.asked_for(4, 1)


def test_a_batch_must_be_shared_equally():
    Processes(4).check(64)
    with pytest.raises(FerEdgeError, match="--batch-size 63 can"):
        Processes(3).check(64)
    with pytest.raises(FerEdgeError, match="--batch-size 8 can"):
        Processes(8).check(3)


def test_shares_are_the_batch_and_no_face_is_twice():
    for count, length in ((1, 5), (2, 8), (3, 8), (4, 2)):
        whole = torch.arange(length)
        parts = [Share(number, count).of(whole) for number in range(count)]
        assert torch.cat(parts).tolist() == whole.tolist()
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("training", [True, False])
def test_the_processes_together_see_what_one_sees(training):
    crops = np.arange(40 * 3, dtype=np.uint8).reshape(40, 3, 1, 1, 1)
    arrays = Arrays(crops, np.eye(8, dtype=np.float32)[np.arange(40) % 8], np.ones(40, bool))

    def seen(share):
        torch.manual_seed(5)
        return [crops.reshape(-1).tolist() for crops, _ in loader(arrays, 8, training=training, share=share)]

    halves = zip(seen(Share(0, 2)), seen(Share(1, 2)), strict=True)
    assert [first + second for first, second in halves] == seen(Share())


def test_few_faces_still_make_equal_shares():
    arrays = Arrays(np.zeros((7, 1, 1, 1, 1), np.uint8), np.ones((7, 2), np.float32) / 2, np.ones(7, bool))
    sizes = [len(crops) for crops, _ in loader(arrays, 16, training=True, share=Share(1, 2))]
    assert sizes == [3]


def test_a_number_left_in_the_environment_is_named(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(FerEdgeError, match="process 1, but 1 train together"):
        Processes().check(8)
    Processes(2).check(8)
