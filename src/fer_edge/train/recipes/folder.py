"""Any folder of classes, such as Kaggle's face-expression set, by VGG11 with early stopping.

``--classes happy,sad,angry,neutral`` trains on a part of the folders; the others are left alone. Classes may have any names;
``--map 0=anger,1=disgust`` says what folders of other names hold.
"""

from __future__ import annotations

from fer_edge.train.datasets.common import COMMON
from fer_edge.train.datasets.folder import open_data
from fer_edge.train.datasets.label_maps import SEVEN
from fer_edge.train.recipes.recipe import Recipe

FOLDER = Recipe(
    name="folder",
    summary="folders of classes, with or without train/, validation/, test/; any classes; VGG11, early stopping",
    model="folder",
    arch="vgg11",
    open_data=open_data,
    needs_data=True,
    classes=SEVEN,
    options=COMMON | {"map": ""},
    published="60-66 % on Kaggle's face-expression set",
    epochs=100,
    batch_size=64,
    optimizer="adam",
    schedule="constant",
    learning_rate=1e-4,
    weight_decay=1e-4,
    augmentation="rotation-light-color",
    early_stopping=10,
)
