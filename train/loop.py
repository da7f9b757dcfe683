"""The loop: PyTorch Lightning around a network, soft labels and crops in memory."""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.classification import MulticlassAccuracy

from fer_edge.train.data.arrays import Arrays
from fer_edge.train.data.augmentation import augment, augmentation
from fer_edge.train.data.batches import loader
from fer_edge.train.recipes.recipe import Recipe

WARMUP = 0.08
"""Share of the steps until the learning rate's peak."""
BEST, LAST, LOG = "best.ckpt", "last.ckpt", "log.jsonl"
HARMLESS = (
    ".*does not have many workers.*",  # the arrays are in memory: workers would only copy them
    ".*Checkpoint directory .* exists and is not empty.*",  # snapshots of a run are replaced by the next one's
    ".*The number of training batches .* is smaller than the logging interval.*",
    ".*was created with .*LeafSpec.*",
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",
)


class Training(pl.LightningModule):
    """One network with its loss, optimizer and figures."""

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.model = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.recipe = recipe
        self.augmentation = augmentation()
        count = len(recipe.classes)
        self.train_accuracy = MulticlassAccuracy(count, average="micro")
        self.validation_accuracy = MulticlassAccuracy(count, average="micro")

    def normalized(self, images: Tensor) -> Tensor:
        """0..1 -> what the network takes; equal to step 8 of the camera spec."""
        values = ((images - self.recipe.mean) / self.recipe.std).to(next(self.model.parameters()).dtype)
        return values.contiguous(memory_format=torch.channels_last)

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        """Loss of one augmented batch."""
        crops, labels = batch
        smoothing = self.recipe.label_smoothing
        logits = self.model(self.normalized(augment(crops, self.augmentation)))
        target = labels * (1 - smoothing) + smoothing / labels.shape[1]
        loss = functional.cross_entropy(logits, target)
        self.train_accuracy(logits.detach(), labels.argmax(1))
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        self.log("train_accuracy", self.train_accuracy, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _index: int) -> None:
        """Figures of one batch of unjittered crops."""
        crops, labels = batch
        logits = self.model(self.normalized(crops.float() / 255))
        self.validation_accuracy(logits, labels.argmax(1))
        self.log("validation_loss", functional.cross_entropy(logits, labels), batch_size=len(crops))
        self.log("validation_accuracy", self.validation_accuracy)

    def configure_optimizers(self) -> dict[str, Any]:
        """AdamW, no decay on biases and batch normalization; warm-up, then half a cosine."""
        decayed = [weight for weight in self.parameters() if weight.ndim > 1]
        others = [weight for weight in self.parameters() if weight.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": self.recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.recipe.learning_rate)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def rate(step: int, steps: int) -> float:
    """Learning rate of a step over its peak: linear up to ``WARMUP`` of the steps, then half a cosine down to 0.001."""
    warmup = max(1.0, WARMUP * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / max(1.0, steps - warmup))
    return 0.001 + 0.999 * (1 + math.cos(math.pi * done)) / 2


class EpochLog(Callback):
    """One line of JSON an epoch."""

    def __init__(self, path: Path, tell: Callable[[dict[str, Any]], None]) -> None:
        self.path = path
        self.tell = tell
        self.history: list[dict[str, Any]] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Begin the file."""
        self.path.write_text("", encoding="utf-8")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Add a line: losses and accuracies of the epoch."""
        figures = {name: round(float(value), 6) for name, value in sorted(trainer.callback_metrics.items())}
        line = {"epoch": trainer.current_epoch + 1, **figures}
        self.history.append(line)
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        self.tell(line)


def run(
    network: nn.Module,
    recipe: Recipe,
    train: Arrays,
    validation: Arrays,
    out: Path,
    tell: Callable[[dict[str, Any]], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Train; leaves ``best.ckpt``, ``last.ckpt`` and ``log.jsonl`` in ``out``.

    Args:
        network: changed in place.
        recipe: the choices.
        train: crops to learn from.
        validation: crops that choose the best epoch.
        out: an existing folder.
        tell: gets each epoch's line.

    Returns:
        The lines of the log.
    """
    log = EpochLog(out / LOG, tell)
    snapshots = ModelCheckpoint(
        dirpath=out,
        filename=BEST.removesuffix(".ckpt"),
        monitor="validation_accuracy",
        mode="max",
        save_last=True,
        enable_version_counter=False,
    )
    average = [EMAWeightAveraging(decay=recipe.ema_decay)] if recipe.ema_decay else []
    with _calm():
        trainer = pl.Trainer(
            accelerator="auto",
            devices=1,
            precision=recipe.precision,  # type: ignore[arg-type]
            max_epochs=recipe.epochs,
            callbacks=[*average, snapshots, log],
            logger=False,
            deterministic=True,
            num_sanity_val_steps=0,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(
            Training(network, recipe),
            loader(train, recipe.batch_size, training=True),
            loader(validation, 256, training=False),
        )
    return log.history


@contextmanager
def _calm() -> Iterator[None]:
    """Lightning's advertisements and the warnings that say nothing about a user's input stay out."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in HARMLESS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        logger.setLevel(level)
