"""Figures of the log that may choose the best epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Monitor:
    """A figure that chooses the best epoch.

    Attributes:
        figure: its name in the log.
        sign: 1 where more is better, -1 where less is.
        title: for people.
    """

    figure: str
    sign: int
    title: str


MONITORS: Mapping[str, Monitor] = {
    "accuracy": Monitor("validation_accuracy", 1, "validation accuracy"),
    "macro-f1": Monitor("validation_macro_f1", 1, "validation macro F1"),
    "loss": Monitor("validation_loss", -1, "validation loss"),
}
