"""A data set read by worker processes gives the same arrays as read by one."""

import numpy as np

from fer_edge.train.data.arrays import load
from fer_edge.train.data.faces import Crops


def test_workers_read_what_one_process_reads(drawn_data, open_recipe, monkeypatch):
    monkeypatch.setattr("fer_edge.train.data.arrays.CHUNK", 6)
    faces = open_recipe("ferplus", drawn_data("ferplus"))["train"]
    crops = Crops(width=48, height=48, channels=1, margin=0.1, views=2, seed=3)
    alone, together = (load(faces, crops, range(8), workers=workers) for workers in (1, 2))
    assert alone.crops.shape == (17, 2, 1, 48, 48)
    for name in ("crops", "labels", "clear"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
