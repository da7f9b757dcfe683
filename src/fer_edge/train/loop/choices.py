"""The words that a recipe may choose from, in one table: importing it imports torch."""

from __future__ import annotations

from collections.abc import Mapping

from fer_edge.train.data.augmentation import AUGMENTATIONS
from fer_edge.train.loop.losses import LOSSES
from fer_edge.train.loop.optimizers import OPTIMIZERS, SCHEDULES

MONITORS: Mapping[str, tuple[str, int]] = {
    "accuracy": ("validation_accuracy", 1),
    "macro-f1": ("validation_macro_f1", 1),
    "loss": ("validation_loss", -1),
}
"""What chooses the best epoch: the logged figure, and 1 where more is better."""
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "64-true")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "optimizer": tuple(entry.name for entry in OPTIMIZERS),
    "schedule": tuple(entry.name for entry in SCHEDULES),
    "loss": tuple(entry.name for entry in LOSSES),
    "class_weights": ("none", "balanced"),
    "augmentation": tuple(AUGMENTATIONS),
    "monitor": tuple(MONITORS),
    "precision": PRECISIONS,
}
