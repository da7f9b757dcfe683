"""RAF-DB's seven basic emotions on its aligned 100x100 faces, by ResNet-18."""

from __future__ import annotations

from fer_edge.train.datasets.common import COMMON
from fer_edge.train.datasets.label_maps import SEVEN
from fer_edge.train.datasets.rafdb import open_data
from fer_edge.train.recipes.recipe import Recipe

RAFDB = Recipe(
    name="rafdb",
    summary="RAF-DB's basic emotions from EmoLabel/ and Image/aligned/, ResNet-18, 7 classes",
    model="rafdb",
    arch="resnet18",
    open_data=open_data,
    needs_data=True,
    classes=SEVEN,
    options=COMMON,
    published="in Li, Deng, Du 2017 (DLP-CNN, mean of the classes); the figure was not at hand to be checked",
    width=100,
    height=100,
    channels=3,
    epochs=60,
    batch_size=64,
    optimizer="adam",
    schedule="one-cycle",
    learning_rate=1e-3,
    weight_decay=1e-4,
    class_weights="balanced",
    augmentation="rotation-light-color",
)
