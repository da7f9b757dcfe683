"""The state of a training between two epochs: whole on disk or not at all."""

from __future__ import annotations

import io
import pickle
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.cyclegan.choices import Choices

SNAPSHOT = "last.ckpt"


def write_snapshot(folder: Path, choices: Choices, state: dict[str, Any]) -> None:
    """Replace the folder's snapshot in one step."""
    buffer = io.BytesIO()
    torch.save({"choices": asdict(choices), "state": state}, buffer)
    write_bytes(folder / SNAPSHOT, buffer.getvalue())


def read_snapshot(folder: Path, choices: Choices) -> dict[str, Any] | None:
    """The state to go on from; None if the folder has none.

    Raises:
        CheckpointError: the file is not a snapshot of ours.
        FerEdgeError: it was made with other choices, all of which are named.
    """
    path = folder / SNAPSHOT
    if not path.exists():
        return None
    try:
        # weights_only: a stranger's snapshot must not run code.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are none of ours, which are refused below
            found = torch.load(path, map_location="cpu", weights_only=True)
        before, state = found["choices"], found["state"]
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} is not a CycleGAN snapshot: {str(error).splitlines()[0]}") from error
    other = [
        f"{name} {before.get(name)} instead of {value}"
        for name, value in asdict(choices).items()
        if before.get(name) != value
    ]
    if other:
        raise FerEdgeError(
            f"{path} was made with {', '.join(other)}: give the same options, or leave --resume out"
        )
    return dict(state)
