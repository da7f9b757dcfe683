"""The log of a training: a line of JSON an epoch, and a pace for the person who waits."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

from fer_edge.console.output import Output
from fer_edge.console.progress import Progress
from fer_edge.runtime.atomic import write_text
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.optimization.monitors import Monitor

LOG = "log.jsonl"
History = list[dict[str, Any]]
"""A line an epoch."""
NOTE_SECONDS = 0.25
"""Between two notes on a terminal."""


class EpochLog(Callback):
    """One line of JSON an epoch: its figures, nothing that depends on the clock.

    Args:
        path: the file; only the leading process writes it.
        history: gets each epoch's figures; what it holds at the start is a resumed run's past.
        run: what the first line says of the run.
    """

    advice = "lower --lr (or choose another --precision)"

    def __init__(self, path: Path, history: History, run: Mapping[str, Any]) -> None:
        self.path, self.history, self.run = path, history, run

    def figures(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, float]:  # noqa: ARG002
        """Of the epoch that ends."""
        return {name: round(float(value), 6) for name, value in sorted(trainer.callback_metrics.items())}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Begin the file, with the epochs that a resumed run has behind it."""
        if trainer.is_global_zero:
            write_log(self.path, log_lines(self.history, self.run))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add a line.

        Raises:
            FerEdgeError: the loss is no number any more.
        """
        line = {"epoch": trainer.current_epoch + 1, **self.figures(trainer, pl_module)}
        if not all(math.isfinite(value) for value in line.values()):
            raise FerEdgeError(f"epoch {line['epoch']}: the loss is not finite any more; {self.advice}")
        self.history.append(line)
        if trainer.is_global_zero:
            with self.path.open("a", encoding="utf-8") as log:
                log.write(_text(log_lines(self.history, self.run)[-1]))


def log_lines(
    history: Sequence[Mapping[str, Any]], run: Mapping[str, Any], end: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The lines of the log: one an epoch, the first with what the run is; how it ended where it has."""
    lines = [dict(line) for line in history]
    if lines and run:
        lines[0]["run"] = dict(run)
    if lines and end:
        lines[end["chosen"]["epoch"] - 1]["chosen"] = True
        lines[-1]["ended"] = end["ended"]
    return lines


def write_log(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Replace the file."""
    write_text(path, "".join(map(_text, lines)))


def _text(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


class Pace(Callback):
    """Images a second and the time left: a bar on a terminal, and a plain line an epoch.

    Args:
        output: where lines go.
        bar: one step a batch.
        epochs: of the whole run.
        steps: of an epoch.
        batch_size: of all processes together.
        history: figures of the epochs, which the log adds to.
    """

    def __init__(
        self, output: Output, bar: Progress, *, epochs: int, steps: int, batch_size: int, history: History
    ) -> None:
        self.output, self.bar, self.batch_size, self.history = output, bar, batch_size, history
        self.epochs, self.steps = epochs, steps
        self.began = self.noted = 0.0
        self.done = 0

    def told(self, line: Mapping[str, Any]) -> str:
        """An epoch's figures for people."""
        return ", ".join(f"{name} {value:.3f}" for name, value in line.items() if name != "epoch")

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Start the clock; a resumed run has steps behind it already."""
        self.began = time.monotonic()
        self.bar.advance(trainer.current_epoch * self.steps)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002 - the signature is Lightning's
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Count a batch."""
        self.done += 1
        now = time.monotonic()
        if now - self.noted < NOTE_SECONDS:
            self.bar.advance(1)
            return
        self.noted = now
        epoch = trainer.current_epoch
        self.bar.advance(
            1, f"epoch {epoch + 1}/{self.epochs}, {self._speed(epoch * self.steps + batch_idx + 1)}"
        )

    def _speed(self, behind: int) -> str:
        """``950 images/s, 1:20 left`` (validation included)."""
        seconds = max(time.monotonic() - self.began, 1e-9)
        left = round(max(0, self.epochs * self.steps - behind) * seconds / max(self.done, 1))
        rate = self.done * self.batch_size / seconds
        return f"{rate:.{0 if rate >= 10 else 1}f} images/s, {left // 60}:{left % 60:02d} left"

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Say how the epoch went."""
        epoch = trainer.current_epoch + 1
        speed = self._speed(epoch * self.steps)
        self.output.say(f"epoch {epoch}/{self.epochs}: {self.told(self.history[-1])}, {speed}")


class AccuracyPace(Pace):
    """The pace of a classifier's training, which says whether the epoch is the best so far.

    Args:
        monitor: what chooses the best epoch.
        pace: of :class:`Pace`.
    """

    def __init__(self, monitor: Monitor, *pace: Any, **named: Any) -> None:
        super().__init__(*pace, **named)
        self.monitor = monitor

    def told(self, line: Mapping[str, Any]) -> str:
        """Both losses and the accuracy."""
        scores = [self.monitor.sign * earlier[self.monitor.figure] for earlier in self.history]
        best = scores[-1] > max(scores[:-1], default=-math.inf)
        return (
            f"loss {line['train_loss']:.3f}, validation loss {line['validation_loss']:.3f}, "
            f"accuracy {100 * line['validation_accuracy']:.1f} %{' (best so far)' if best else ''}"
        )
