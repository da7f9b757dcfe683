"""Prepared faces in files: the same bytes as in memory, made once, noticed when they are not what they were."""

import multiprocessing
import shutil
from collections import namedtuple

import numpy as np
import pytest
import torch

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.data import crop_cache
from fer_edge.train.data.arrays import load
from fer_edge.train.data.batches import loader
from fer_edge.train.data.crop_cache import CropCache, cache_folder
from fer_edge.train.data.faces import Crops

CROPS = Crops(width=16, height=12, channels=3, margin=0.1, views=2, seed=5)
FACES = SyntheticFaces("train", 20, seed=2)


def cached(folder, faces=FACES, crops=CROPS, workers=1, columns=range(8)):
    """The arrays and what was said; a second call of ``advance`` would count faces twice."""
    said, told = [], []
    arrays = CropCache(folder, said.append).load(
        faces, faces.sha256(), crops, list(columns), workers=workers, advance=told.append
    )
    assert sum(told) == len(faces)
    return arrays, said


def check_equal(one, other):
    for name in ("crops", "labels", "clear"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_bytes_as_in_memory(tmp_path, monkeypatch, workers):
    monkeypatch.setattr("fer_edge.train.data.arrays.CHUNK", 6)
    arrays, said = cached(tmp_path, workers=workers)
    check_equal(arrays, load(FACES, CROPS, range(8), workers=1))
    assert isinstance(arrays.crops, np.memmap)
    assert said == [said[0]]
    assert f"20 faces of 16x12x3, 2 crops each: 0.0 GB go to {tmp_path}" in said[0]


def test_the_next_run_takes_them_again(tmp_path, monkeypatch):
    first, _ = cached(tmp_path)
    monkeypatch.setattr(crop_cache, "chunks", None)  # nothing is prepared
    second, said = cached(tmp_path)
    check_equal(first, second)
    assert said[0].startswith("prepared faces are taken from")
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_batches_come_out_of_the_map(tmp_path):
    arrays, _ = cached(tmp_path)
    batches = list(loader(arrays, 8, training=False))
    assert torch.equal(
        torch.cat([crops for crops, _ in batches]), torch.from_numpy(np.array(arrays.crops[:, 0]))
    )


@pytest.mark.parametrize(
    "other",
    [
        {"faces": SyntheticFaces("train", 20, seed=3)},
        {"columns": (1, 0, 2, 3, 4, 5, 6, 7)},
        *({"crops": CROPS.__class__(**{**vars(CROPS), **change})}
          for change in ({"width": 17}, {"margin": 0.2}, {"views": 1}, {"seed": 6}, {"channels": 1})),
    ],
)  # fmt: skip
def test_what_changes_a_crop_is_another_folder(tmp_path, other):
    cached(tmp_path)
    _, said = cached(tmp_path, **other)
    assert "go to" in said[0]
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2


@pytest.mark.parametrize("damage", ["cut", "other bytes", "missing", "no array", "labels"])
def test_what_is_not_sound_is_made_again(tmp_path, damage):
    expected, _ = cached(tmp_path)
    expected = type(expected)(*(np.array(part) for part in vars(expected).values()))
    (place,) = (path for path in tmp_path.iterdir() if path.is_dir())
    file = place / ("labels.npy" if damage == "labels" else "crops.npy")
    data = file.read_bytes()
    file.unlink()
    if damage == "cut":
        file.write_bytes(data[:-5])
    elif damage in ("other bytes", "labels"):
        file.write_bytes(data[:200] + bytes(255 - byte for byte in data[200:]))
    elif damage == "no array":
        file.write_bytes(b"nothing")
    again, said = cached(tmp_path)
    assert "go to" in said[0]
    check_equal(again, expected)


def test_a_run_that_ends_half_way_leaves_nothing(tmp_path):
    class Broken(SyntheticFaces):
        def __getitem__(self, index):
            if index == 15:
                raise KeyboardInterrupt
            return super().__getitem__(index)

    with pytest.raises(KeyboardInterrupt):
        cached(tmp_path, Broken("train", 20, seed=2))
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
    left = tmp_path / f".{crop_cache._key(FACES.sha256(), CROPS, range(8))}.0123.tmp"
    left.mkdir()  # of a run that was killed
    cached(tmp_path)
    assert not left.exists()


def test_a_full_disk_is_said_before_the_work(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 1000))
    monkeypatch.setattr(crop_cache, "chunks", None)
    with pytest.raises(FerEdgeError, match=r"take 0.0 GB in .*, where 0.0 GB are free; --cache DIR"):
        cached(tmp_path)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FerEdgeError, match=r"cannot be used: .*; --cache DIR names another"):
        cached(tmp_path / "file")


def make(folder, results):
    results.put(cached(folder)[1])


@pytest.mark.slow
def test_two_processes_make_it_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=make, args=(tmp_path, results)) for _ in range(2)]
    for process in processes:
        process.start()
    said = sorted(results.get(timeout=300)[0][:8] for _ in processes)
    for process in processes:
        process.join()
    assert said == ["20 faces", "prepared"]


def test_where_it_lies_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("FER_EDGE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "fer-edge/crops"
    monkeypatch.setenv("FER_EDGE_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
