"""The built-in model's recipe still learns as it did when the log beside this test was written.

``short_training.jsonl`` is the log of ``SHORT`` below, computed in float64, where one and two threads agree in all its
decimals (in float32 Adam's first steps blow differences of 1e-7 up to 0.02). ``TOLERANCE`` is for what float64 does not
remove: a byte of a drawn face that another CPU type rounds otherwise. The loss falls by twelve times as much.

After a change of the recipe, the network or the faces: python tests/train/recipes/test_recipe_alive.py
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fer_edge.console.output import Output
from fer_edge.train.loop.pipeline import train
from fer_edge.train.loop.run_options import RunOptions
from fer_edge.train.recipes import recipe

LOG = Path(__file__).with_name("short_training.jsonl")
TOLERANCE = 0.02
SHORT = replace(
    recipe("synthetic"),
    faces={"train": 64, "validation": 32, "test": 8},
    views=2,
    batch_size=16,
    epochs=8,
    learning_rate=3e-3,
    ema_decay=0.5,
    precision="64-true",
)


def log_of(folder):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        train(SHORT, folder, Output(quiet=True), RunOptions(workers=1))
    finally:
        torch.set_num_threads(threads)
    return (folder / "log.jsonl").read_text()


@pytest.mark.slow
def test_a_short_training_repeats_the_committed_log(tmp_path):
    committed = [json.loads(line) for line in LOG.read_text().splitlines()]
    found = [json.loads(line) for line in log_of(tmp_path).splitlines()]
    assert [line["epoch"] for line in found] == [line["epoch"] for line in committed]
    for now, then in zip(found, committed, strict=True):
        for name in ("train_loss", "validation_loss"):
            assert abs(now[name] - then[name]) <= TOLERANCE, (name, now, then)
    assert found[-1]["train_loss"] < found[0]["train_loss"] - 0.2


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        LOG.write_text(log_of(Path(folder)))
