"""FER+ by a network for real time: the separable one that is built in. ``fer-train compare`` puts it beside VGG13."""

from __future__ import annotations

from dataclasses import replace

from fer_edge.train.recipes.ferplus import FERPLUS
from fer_edge.train.recipes.recipe import Recipe

FERPLUS_FAST: Recipe = replace(
    FERPLUS,
    name="ferplus-fast",
    summary="FER+ as above by a small separable network, for real time",
    model="ferplus-fast",
    arch="fer_mini",
    published="",
    epochs=60,
    batch_size=64,
    optimizer="adamw",
    learning_rate=4e-3,
    weight_decay=0.02,
    ema_decay=0.995,
)
