"""The built-in model's second recipe: drawn faces and photographs, with the mean answer of five trained networks.

``fer-train synthetic`` comes first: from random weights a few hundred photographs teach little. The photographs are those of
``datasets/photographs.json``; what the networks answer to them is stored there, so that none of them is needed here::

    fer-train synthetic --out drawn
    fer-train fetch photographs --out photographs
    fer-train people --data photographs --init drawn/best.safetensors --out people
"""

from __future__ import annotations

from fer_edge.train.datasets.photographs import open_data
from fer_edge.train.recipes.recipe import Recipe

PEOPLE = Recipe(
    name="people",
    summary="drawn faces and photographs that packages carry, by the answers of five networks; after synthetic",
    model="fer-mini",
    arch="fer_mini",
    open_data=open_data,
    needs_data=True,
    faces={"train": 8_000, "validation": 960, "test": 3_000},
    views=3,
    epochs=8,
    batch_size=64,
    learning_rate=1.5e-3,
    augmentation="photograph",
    ema_decay=0.99,
)
