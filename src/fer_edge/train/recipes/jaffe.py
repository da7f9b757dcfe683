"""JAFFE with its raters' opinions as soft labels, by a deep residual network.

Mean squared error on the distribution of six adjectives, a snapshot every epoch. Pictures are divided by person; with
``--set split=image`` other pictures of the same women are judged, which is easier and what most published figures are.
"""

from __future__ import annotations

from fer_edge.train.datasets.common import COMMON
from fer_edge.train.datasets.jaffe import open_data
from fer_edge.train.datasets.label_maps import JAFFE_SIX
from fer_edge.train.recipes.recipe import Recipe

JAFFE = Recipe(
    name="jaffe",
    summary="JAFFE with 60 raters' soft labels, ResNet-152; by person or by image",
    model="jaffe",
    arch="resnet152",
    open_data=open_data,
    needs_data=True,
    classes=JAFFE_SIX,
    options=COMMON | {"split": "person", "overlap": "refuse"},
    published="98.4 % (predominant emotion; ResNet-152 on the normalized ratings)",
    epochs=30,
    batch_size=16,
    optimizer="adam",
    schedule="constant",
    learning_rate=1e-4,
    weight_decay=0.0,
    loss="mse",
    augmentation="rotation-light-color",
    keep_snapshots="all",
)
