"""One network with its loss, optimizer and figures, as Lightning wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from fer_edge.train.data.augmentation import augment, augmentation
from fer_edge.train.data.batch_augmentation import BATCHED
from fer_edge.train.optimization.losses import LOSSES, balanced_weights, smooth
from fer_edge.train.optimization.optimizers import OPTIMIZERS, SCHEDULES, groups
from fer_edge.train.recipes.recipe import Recipe

Objective = Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]]
"""``objective(module, images, labels)`` gives (loss, logits).

``images`` is (n, C, H, W), augmented and normalized as the network takes it; ``labels`` (n, classes) float32
distributions as the data set has them; ``logits`` (n, classes), for the figures. The loss is the mean over the faces.
An objective that is an ``nn.Module`` (it may hold a teacher) is moved to the device and trained no further.
"""


class RecipeLoss(nn.Module):
    """The objective of a recipe without a teacher: its loss with smoothing and class weights.

    Args:
        recipe: its ``loss``, ``label_smoothing`` and ``class_weights`` are used.
        labels: (n, classes) of the training split; only their frequencies matter.

    Raises:
        FerEdgeError: balanced weights for a class that no label has any of.
    """

    weights: Tensor | None

    def __init__(self, recipe: Recipe, labels: Tensor) -> None:
        super().__init__()
        self.function = LOSSES[recipe.loss]
        self.smoothing = recipe.label_smoothing
        wanted = recipe.class_weights == "balanced"
        self.register_buffer("weights", balanced_weights(labels, recipe.classes) if wanted else None)

    def of_logits(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss alone; weights follow the logits to their device."""
        weights = None if self.weights is None else self.weights.to(logits)
        return self.function(logits, smooth(labels, self.smoothing), weights)

    def forward(self, module: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and logits of a batch."""
        logits = module(images)
        return self.of_logits(logits, labels), logits


class Training(pl.LightningModule):
    """One network with its loss, optimizer and figures.

    Args:
        network: changed in place.
        recipe: the choices.
        objective: what to minimize.
        channels_last: keep pictures with their channels innermost, which convolutions prefer.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        objective: Objective,
        *,
        channels_last: bool = True,
    ) -> None:
        super().__init__()
        self.memory = torch.channels_last if channels_last else torch.contiguous_format
        self.model = network.to(memory_format=self.memory)
        self.recipe = recipe
        # In a tuple, so that a teacher's weights are neither trained nor written into snapshots.
        self._objective = (objective,)
        self._loss = LOSSES[recipe.loss]
        self.augmentation = augmentation(recipe.augmentation)
        count = len(recipe.classes)
        self.train_accuracy = MulticlassAccuracy(count, average="micro")
        self.validation_accuracy = MulticlassAccuracy(count, average="micro")
        self.validation_macro_f1 = MulticlassF1Score(count, average="macro")
        self.validation_loss = MeanMetric(nan_strategy="disable")  # the log refuses it

    def on_fit_start(self) -> None:
        """Bring the objective to where the network is."""
        objective = self._objective[0]
        if isinstance(objective, nn.Module):
            objective.to(device=self.device, dtype=self.floats)

    @property
    def floats(self) -> torch.dtype:
        """Of the network's weights."""
        return next(self.model.parameters()).dtype

    def normalized(self, images: Tensor) -> Tensor:
        """0..1 -> what the network takes; equal to step 8 of the camera spec."""
        values = ((images - self.recipe.mean) / self.recipe.std).to(self.floats)
        return values.contiguous(memory_format=self.memory)

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        """Loss of one augmented batch."""
        crops, labels = batch
        with self._own_numbers():
            images = self.normalized(self._augmented(crops))
            loss, logits = self._objective[0](self.model, images, labels)
        self.train_accuracy(logits.detach(), labels.argmax(1))
        self.log("train_loss", loss, on_step=False, on_epoch=True, sync_dist=self.trainer.world_size > 1)
        self.log("train_accuracy", self.train_accuracy, on_step=False, on_epoch=True)
        return loss

    def _augmented(self, crops: Tensor) -> Tensor:
        """(n, C, H, W) uint8 -> float32 in 0..1, in the form that suits the device."""
        whole = BATCHED.get(self.recipe.augmentation)
        return augment(crops, self.augmentation) if whole is None or crops.is_cpu else whole(crops)

    @contextmanager
    def _own_numbers(self) -> Iterator[None]:
        """With several processes: each draws its own numbers here, and all draw the same ones everywhere else."""
        if self.trainer.world_size == 1:
            yield
            return
        before = torch.get_rng_state()
        step = self.global_step * self.trainer.world_size + self.global_rank
        torch.manual_seed(self.recipe.seed * 1_000_003 + step + 1)
        try:
            yield
        finally:
            torch.set_rng_state(before)

    def validation_step(self, batch: tuple[Tensor, Tensor], _index: int) -> None:
        """Figures of one batch of unjittered crops."""
        crops, labels = batch
        if not len(crops):  # this process's share of a short last batch
            return
        logits = self.model(self.normalized(crops.float() / 255))
        truth = labels.argmax(1)
        self.validation_accuracy.update(logits, truth)
        self.validation_macro_f1.update(logits, truth)
        self.validation_loss.update(self._loss(logits, labels, None), weight=len(crops))

    def on_validation_epoch_end(self) -> None:
        """Hand the figures of the epoch to the log."""
        for name in ("validation_loss", "validation_accuracy", "validation_macro_f1"):
            self.log(name, getattr(self, name))

    def configure_optimizers(self) -> Any:
        """The recipe's optimizer and schedule; no decay on biases and batch normalization."""
        recipe = self.recipe
        optimizer = OPTIMIZERS[recipe.optimizer](groups(self, recipe.weight_decay), recipe.learning_rate)
        steps = int(self.trainer.estimated_stepping_batches)
        factor = SCHEDULES[recipe.schedule]
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factor(step, steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
