"""AffectNet at 64x64 with eight classes; the set that ambiguous labels and generated images are tried on.

``--reduced`` leaves out what ``fer-train ambiguous`` lists, ``--augmented`` adds what ``fer-train generate`` wrote.
"""

from __future__ import annotations

from fer_edge.train.datasets.affectnet import open_data
from fer_edge.train.datasets.common import COMMON
from fer_edge.train.recipes.recipe import Recipe

AFFECTNET = Recipe(
    name="affectnet",
    summary="AffectNet in either of its layouts, 64x64, 8 classes; --reduced, --augmented",
    model="affectnet",
    arch="resnet18",
    open_data=open_data,
    needs_data=True,
    options=COMMON,
    published="+3 % with --reduced, +2 % with --augmented, over the whole set as it is",
    width=64,
    height=64,
    channels=3,
    epochs=200,
    batch_size=128,
    optimizer="adam",
    schedule="one-cycle",
    learning_rate=1e-3,
    weight_decay=1e-4,
    class_weights="balanced",
    augmentation="rotation-light-color",
)
