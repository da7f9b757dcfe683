"""Snapshots at the end of each epoch: whole or absent, and all that a resumed run needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from fer_edge.console.output import Output
from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.checkpoint.snapshot_file import read_snapshot_file, write_snapshot_file
from fer_edge.train.loop.log import History
from fer_edge.train.loop.processes import rank
from fer_edge.train.loop.random_state import RandomState
from fer_edge.train.optimization.monitors import Monitor

BEST, LAST = "best.ckpt", "last.ckpt"
HALF = ".*." + "[0-9a-f]" * 16 + ".tmp"
"""Files of a process that was killed while it wrote."""
RESULTS = (
    "best.safetensors",
    "best.safetensors.contract.json",
    "report.json",
    "report.html",
    "evaluation.json",
)
"""Files that the end of a run writes: without them, nobody takes an earlier run's weights for those of one that failed."""
OURS = (BEST, LAST, "epoch-*.ckpt", *RESULTS, HALF)
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
    """Content of a snapshot besides weights.

    Attributes:
        choices: of the run: recipe, seed, data; as JSON can hold them.
        history: a line an epoch.
        finished: whether early stopping has ended the run.
        scores: of the epochs, more is better.
        random: as :class:`RandomState` noted it.
    """

    choices: dict[str, Any]
    history: History
    finished: bool
    scores: list[float]
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
                [float(score) for score in found["scores"]],
                found["random"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{path} is not a snapshot that a training can be resumed from; start anew without --resume"
            ) from error


class Snapshots(Checkpoint):
    """Writes ``last.ckpt`` each epoch: all that ``--resume`` needs.

    Args:
        folder: where it goes.
        choices: of the run, to compare a resumed one with.
        history: the list that the log adds each epoch's line to; filled by a resumed run.
        state: of the random generators.
    """

    def __init__(
        self, folder: Path, choices: Mapping[str, Any], history: History, state: RandomState
    ) -> None:
        self.folder, self.choices, self.history, self.state = folder, dict(choices), history, state
        self.scores: list[float] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Write; called after the log and early stopping have had their say."""
        self.state.note()
        trainer.save_checkpoint(self.folder / LAST)

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
            "scores": self.scores,
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
        self.scores, self.state.noted = list(kept["scores"]), kept["random"]


@dataclass(frozen=True)
class Keeping:
    """Snapshots for people: those that are kept besides the one that a run resumes from.

    Attributes:
        monitor: what chooses the best epochs.
        epochs: ``all``, ``best``, or how many of the best ones, as the recipe has it.
        names: of the network's tensors; empty: whatever the loop trains.
        texts: stand beside the weights: contract, architecture, recipe.
    """

    monitor: Monitor
    epochs: str = "best"
    names: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def ranked(self, scores: Sequence[float]) -> list[int]:
        """Epochs, counted from 1, whose own snapshot is kept, the best first; of equals the earlier."""
        order = sorted(range(1, len(scores) + 1), key=lambda epoch: -scores[epoch - 1])
        counts = {"all": len(order), "best": 0}
        return order[: counts[self.epochs] if self.epochs in counts else int(self.epochs)]


class BestSnapshots(Snapshots):
    """Writes, each epoch, ``best.ckpt`` if it is the best so far, its own ``epoch-NNN.ckpt`` if asked for, then ``last.ckpt``.

    The first two are for people: the weights that the figures of the epoch belong to (averages, where the recipe has
    them) under the network's own names, with what else ``read_checkpoint`` finds in ``best.safetensors``. In this order: a
    run killed between two of them repeats the epoch and writes the same ones again.

    Args:
        keeping: which ones.
        of_run: of :class:`Snapshots`.
    """

    def __init__(self, keeping: Keeping, *of_run: Any) -> None:
        super().__init__(*of_run)
        self.keeping = keeping

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Score the epoch, and write."""
        monitor = self.keeping.monitor
        self.scores.append(monitor.sign * float(trainer.callback_metrics[monitor.figure]))
        super().on_train_epoch_end(trainer, pl_module)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Write those for people out of what becomes ``last.ckpt``."""
        if trainer.is_global_zero:
            self._keep(checkpoint)
        super().on_save_checkpoint(trainer, pl_module, checkpoint)

    def _keep(self, checkpoint: Mapping[str, Any]) -> None:
        epoch, kept = len(self.scores), self.keeping.ranked(self.scores)
        names = [BEST] if best_epoch(self.scores) == epoch else []
        names += [_name(epoch)] if epoch in kept else []
        if names:
            content = {
                "state_dict": _weights(checkpoint["state_dict"], self.keeping.names),
                "epoch": epoch,
                "global_step": checkpoint["global_step"],
                "figures": {name: value for name, value in self.history[-1].items() if name != "epoch"},
                **self.keeping.texts,
            }
        for name in names:
            write_snapshot_file(self.folder / name, content)
        for other in set(range(1, epoch)) - set(kept):
            (self.folder / _name(other)).unlink(missing_ok=True)


def best_epoch(scores: Sequence[float]) -> int:
    """The epoch, counted from 1, of the largest score; of equals the first."""
    return max(range(len(scores)), key=scores.__getitem__) + 1


def _name(epoch: int) -> str:
    return f"epoch-{epoch:03d}.ckpt"


def _weights(trained: Mapping[str, torch.Tensor], names: Sequence[str]) -> dict[str, torch.Tensor]:
    """The network's tensors on the CPU, by its own names; a graph with rounding in it has them one step deeper."""
    found = {
        name.removeprefix("model."): tensor for name, tensor in trained.items() if name.startswith("model.")
    }
    wanted = {name: found[name] if name in found else found[f"graph.{name}"] for name in names or found}
    return {
        name: (tensor.float() if tensor.is_floating_point() else tensor).detach().cpu().contiguous()
        for name, tensor in wanted.items()
    }


def past_run(
    folder: Path,
    choices: Mapping[str, Any],
    output: Output,
    *,
    resume: bool,
    ours: Sequence[str] = OURS,
) -> Snapshot | None:
    """The snapshot to go on from, if that is asked for and there is one; else the folder is cleared.

    Args:
        folder: of the run.
        choices: that the run must have in common with the one that began.
        output: gets what a resumed run means.
        resume: whether it is asked for.
        ours: patterns of what an earlier run leaves there.

    Raises:
        CheckpointError: the snapshot is damaged, or none of ours.
        FerEdgeError: it belongs to a run of other choices.
    """
    if resume and (folder / LAST).is_file():
        past = Snapshot.read(folder / LAST)
        check_same(choices, past.choices, folder / LAST)
        more = _lengthened(choices, past, output)
        if rank() == 0:
            clear(folder, (HALF, *(RESULTS if more else ())))
        return past
    if resume:
        output.say(f"{folder} holds no snapshot yet: starting from the beginning")
    if rank() == 0:
        clear(folder, ours)
    return None


def _lengthened(choices: Mapping[str, Any], past: Snapshot, output: Output) -> bool:
    """True if the run gets more epochs than it began with; says what that means."""
    epochs, before = ((found.get("recipe") or {}).get("epochs") for found in (choices, past.choices))
    if epochs == before:
        return False
    if past.finished:
        output.warn(
            f"early stopping ended this run after {len(past.history)} epochs; more epochs change nothing"
        )
        return False
    output.say(
        f"the run of {before} epochs goes on to {epochs}: the schedule continues where one of {epochs} would be after "
        f"{len(past.history)}, so that the result is not that of a run of {epochs} from the start"
    )
    return True


def clear(folder: Path, patterns: Sequence[str] = OURS) -> None:
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
