"""Snapshots at the end of each epoch: whole or absent, and all that a resumed run needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.choices import MONITORS
from fer_edge.train.loop.random_state import RandomState
from fer_edge.train.snapshot_file import read_snapshot_file, write_snapshot_file

BEST, LAST = "best.ckpt", "last.ckpt"
HALF = ".*." + "[0-9a-f]" * 16 + ".tmp"
"""What a process leaves that is killed while it writes."""
RESULTS = (
    "best.safetensors",
    "best.safetensors.contract.json",
    "report.json",
    "report.html",
    "evaluation.json",
)
"""What the end of a run writes: without it, nobody takes an earlier run's weights for those of one that failed."""
KEY = "fer_edge_run"


class AtomicFiles(TorchCheckpointIO):
    """Lightning's files, synced before they take their name and checked when they are read.

    Its own ones are renamed, but may be empty after a crash, and a changed byte in them is trained on.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ARG002
        """Write all bytes beside ``path``, sync, rename."""
        write_snapshot_file(path, checkpoint)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> Any:  # noqa: ARG002
        """As :func:`read_snapshot_file`; on the CPU, from where Lightning moves what it needs."""
        return read_snapshot_file(path)


@dataclass(frozen=True)
class Snapshot:
    """What stands in a snapshot besides weights.

    Attributes:
        choices: of the run: recipe, seed, data; as JSON can hold them.
        history: a line an epoch.
        finished: whether early stopping has ended the run.
        score: of the best epoch, more is better.
        random: as :class:`RandomState` noted it.
    """

    choices: dict[str, Any]
    history: list[dict[str, Any]]
    finished: bool
    score: float
    random: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Snapshot:
        """Of a ``last.ckpt``, without running anything in it.

        Raises:
            CheckpointError: the file was changed, or is not a snapshot of this program.
        """
        try:
            found = read_snapshot_file(path)[KEY]
            return cls(
                json.loads(found["choices"]),
                json.loads(found["history"]),
                bool(found["finished"]),
                float(found["score"]),
                found["random"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{path} is not a snapshot that a training can be resumed from; start anew without --resume"
            ) from error


class Snapshots(Checkpoint):
    """Writes ``best.ckpt`` whenever the monitored figure is better than ever, then ``last.ckpt``, each epoch.

    In this order: a run killed between the two repeats the epoch and writes the same best one again.

    Args:
        folder: where they go.
        monitor: a key of ``choices.MONITORS``.
        keep: also ``epoch-NNN.ckpt`` each epoch.
        choices: of the run, to compare a resumed one with.
        history: the list that the log adds each epoch's line to; filled by a resumed run.
        state: of the random generators.
    """

    def __init__(
        self,
        folder: Path,
        monitor: str,
        *,
        keep: bool,
        choices: Mapping[str, Any],
        history: list[dict[str, Any]],
        state: RandomState,
    ) -> None:
        self.folder, self.keep, self.choices = folder, keep, dict(choices)
        self.figure, self.sign = MONITORS[monitor]
        self.history, self.state = history, state
        self.score = float("-inf")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Write; called after the log and early stopping have had their say."""
        self.state.note()
        score = self.sign * float(trainer.callback_metrics[self.figure])
        names = [LAST]
        if self.keep:
            names.insert(0, f"epoch-{trainer.current_epoch + 1:03d}.ckpt")
        if score > self.score or not self.history[:-1]:
            self.score = score
            names.insert(0, BEST)
        for name in names:
            trainer.save_checkpoint(self.folder / name)

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002 - the signature is Lightning's
        checkpoint: dict[str, Any],
    ) -> None:
        """Add what Lightning does not keep."""
        checkpoint[KEY] = {
            "choices": json.dumps(self.choices, sort_keys=True),
            "history": json.dumps(self.history),
            "finished": bool(trainer.should_stop),
            "score": self.score,
            "random": self.state.noted,
        }

    def on_load_checkpoint(
        self,
        trainer: pl.Trainer,  # noqa: ARG002 - the signature is Lightning's
        pl_module: pl.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        """Take it back."""
        kept = checkpoint[KEY]
        self.history[:] = json.loads(kept["history"])
        self.score, self.state.noted = kept["score"], kept["random"]


def clear(folder: Path, patterns: Sequence[str] = (BEST, LAST, "epoch-*.ckpt", *RESULTS, HALF)) -> None:
    """Remove an earlier run's snapshots and results, and what a killed one left half written."""
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()


def check_same(mine: Mapping[str, Any], kept: Mapping[str, Any], path: Path) -> None:
    """Refuse to go on with other choices than the run began with; more epochs are no other choice.

    Raises:
        FerEdgeError: names each choice that differs, with both values.
    """
    flat_mine, flat_kept = _flat(json.loads(json.dumps(mine))), _flat(kept)
    differing = [
        f"{name} is {flat_mine.get(name)!r}, was {flat_kept.get(name)!r}"
        for name in sorted(flat_mine.keys() | flat_kept.keys())
        if flat_mine.get(name) != flat_kept.get(name) and not _more_epochs(name, flat_mine, flat_kept)
    ]
    if differing:
        raise FerEdgeError(
            f"--resume: {path} belongs to a run of other choices: {'; '.join(differing)}. "
            "Repeat its options, or start anew without --resume"
        )


def _more_epochs(name: str, mine: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    numbers = isinstance(mine.get(name), int) and isinstance(kept.get(name), int)
    return name == "recipe.epochs" and numbers and mine[name] > kept[name]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    """What the loop trained (``Training.model``), by its own names.

    Args:
        path: a snapshot of this program.
    """
    state = read_snapshot_file(path)["state_dict"]
    return {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}
