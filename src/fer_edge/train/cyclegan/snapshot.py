"""The state of a training between two epochs: whole on disk or not at all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.checkpoint.snapshot_file import read_snapshot_file, write_snapshot_file
from fer_edge.train.cyclegan.choices import Choices

SNAPSHOT = "last.ckpt"


def write_snapshot(folder: Path, choices: Choices, state: dict[str, Any]) -> None:
    """Replace the folder's snapshot in one step."""
    write_snapshot_file(folder / SNAPSHOT, {"choices": asdict(choices), "state": state})


def read_snapshot(folder: Path, choices: Choices) -> dict[str, Any] | None:
    """The state to go on from; None if the folder has none.

    Raises:
        CheckpointError: the file was changed, or is not a snapshot of ours.
        FerEdgeError: it was made with other choices, all of which are named.
    """
    path = folder / SNAPSHOT
    if not path.exists():
        return None
    found = read_snapshot_file(path)
    if not (isinstance(found, dict) and isinstance(found.get("choices"), dict) and "state" in found):
        raise CheckpointError(f"{path} is not a CycleGAN snapshot; leave --resume out to start anew")
    before, state = found["choices"], found["state"]
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
