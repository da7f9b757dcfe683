"""What a training tells while it runs: a line of JSON an epoch, and a pace for the person who waits."""

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
from fer_edge.train.loop.choices import MONITORS
from fer_edge.train.loop.summary import log_lines

LOG = "log.jsonl"
History = list[dict[str, Any]]
NOTE_SECONDS = 0.25
"""Between two notes on a terminal."""


class EpochLog(Callback):
    """One line of JSON an epoch: losses and accuracies, nothing that depends on the clock.

    Args:
        path: the file; only the leading process writes it.
        history: gets each epoch's figures; what it holds at the start is a resumed run's past.
        run: what the first line says of the run.
    """

    def __init__(self, path: Path, history: list[dict[str, Any]], run: Mapping[str, Any]) -> None:
        self.path, self.history, self.run = path, history, run

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Begin the file, with the epochs that a resumed run has behind it."""
        if trainer.is_global_zero:
            write_log(self.path, log_lines(self.history, self.run))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Add a line.

        Raises:
            FerEdgeError: the loss is no number any more.
        """
        figures = {name: round(float(value), 6) for name, value in sorted(trainer.callback_metrics.items())}
        line = {"epoch": trainer.current_epoch + 1, **figures}
        if not all(math.isfinite(value) for value in figures.values()):
            raise FerEdgeError(
                f"epoch {line['epoch']}: the loss is not finite any more; lower --lr (or choose another --precision)"
            )
        self.history.append(line)
        if trainer.is_global_zero:
            with self.path.open("a", encoding="utf-8") as log:
                log.write(_text(log_lines(self.history, self.run)[-1]))


def write_log(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Replace the file."""
    write_text(path, "".join(map(_text, lines)))


def _text(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


class Pace(Callback):
    """Images a second and the time left: a bar on a terminal, otherwise a plain line an epoch.

    Args:
        output: where lines go.
        bar: one step a batch.
        epochs: of the whole run.
        batch_size: of all processes together.
        monitor: a key of ``choices.MONITORS``: what chooses the best epoch.
        history: figures of the epochs that a resumed run has behind it.
    """

    def __init__(
        self, output: Output, bar: Progress, epochs: int, batch_size: int, monitor: str, history: History
    ) -> None:
        self.output, self.bar, self.epochs, self.batch_size = output, bar, epochs, batch_size
        self.figure, self.sign = MONITORS[monitor]
        self.history, self.best = history, float("-inf")
        self.began = self.noted = 0.0
        self.steps = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Start the clock; a resumed run has steps behind it already."""
        self.began = time.monotonic()
        self.best = max((self.sign * line[self.figure] for line in self.history), default=self.best)
        self.bar.advance(trainer.global_step)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002 - the signature is Lightning's
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Count a batch."""
        self.steps += 1
        now = time.monotonic()
        if now - self.noted < NOTE_SECONDS:
            self.bar.advance(1)
            return
        self.noted = now
        self.bar.advance(1, f"epoch {trainer.current_epoch + 1}/{self.epochs}, {self.speed(trainer)}")

    def speed(self, trainer: pl.Trainer) -> str:
        """``950 images/s, 1:20 left`` (validation included)."""
        seconds = max(time.monotonic() - self.began, 1e-9)
        rest = max(0, int(trainer.estimated_stepping_batches) - trainer.global_step)
        left = round(rest * seconds / max(self.steps, 1))
        return f"{self.steps * self.batch_size / seconds:.0f} images/s, {left // 60}:{left % 60:02d} left"

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Say how the epoch went."""
        figures = trainer.callback_metrics
        score = self.sign * float(figures[self.figure])
        best, self.best = score > self.best, max(score, self.best)
        self.output.say(
            f"epoch {trainer.current_epoch + 1}/{self.epochs}: loss {figures['train_loss']:.3f}, "
            f"validation loss {figures['validation_loss']:.3f}, "
            f"accuracy {100 * figures['validation_accuracy']:.1f} %{' (best so far)' if best else ''}, {self.speed(trainer)}"
        )
