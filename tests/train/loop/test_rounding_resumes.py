"""``--qat`` through the loop: a float network comes out, and a resumed run is the undisturbed one."""

from dataclasses import replace

import pytest

from fer_edge.console.output import Output
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.loop.network import network_of
from fer_edge.train.loop.pipeline import train
from fer_edge.train.loop.run_options import RunOptions
from fer_edge.train.loop.snapshots import AtomicFiles

QUIET = Output(quiet=True)
WITH_ROUNDING = RunOptions(workers=1, report=False, qat=True)


class Stop(Exception):
    """The power is off."""


def test_rounding_in_training_leaves_a_float_network_and_resumes(nets, short, monkeypatch):
    chosen = replace(short, epochs=2, monitor="loss")
    train(chosen, nets / "whole", QUIET, WITH_ROUNDING)
    load_weights(network_of(chosen), read_checkpoint(nets / "whole/best.safetensors"))
    save = AtomicFiles.save_checkpoint

    def then_stop(self, checkpoint, path, storage_options=None):
        save(self, checkpoint, path, storage_options)
        if path.name == "last.ckpt":
            raise Stop

    monkeypatch.setattr(AtomicFiles, "save_checkpoint", then_stop)
    with pytest.raises(Stop):
        train(chosen, nets / "broken", QUIET, WITH_ROUNDING)
    monkeypatch.setattr(AtomicFiles, "save_checkpoint", save)
    train(chosen, nets / "broken", QUIET, replace(WITH_ROUNDING, resume=True))
    weights = [(nets / name / "best.safetensors").read_bytes() for name in ("whole", "broken")]
    assert weights[0] == weights[1]


def test_rounding_has_no_half_precision(nets, short):
    with pytest.raises(FerEdgeError, match=r"--precision is 'bf16-mixed'"):
        train(replace(short, precision="bf16-mixed"), nets / "a", QUIET, WITH_ROUNDING)
