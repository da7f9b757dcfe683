"""FER+ by its authors' network, on the distribution of ten votes or on the majority.

Optimizer and schedule are not CNTK's; layers, input, labels and batch are the paper's. ``--init`` starts from weights that
lie here, such as ImageNet's.
"""

from __future__ import annotations

from fer_edge.train.datasets.common import COMMON
from fer_edge.train.datasets.ferplus import open_data
from fer_edge.train.datasets.label_maps import EIGHT, FIVE
from fer_edge.train.recipes.recipe import Recipe

FERPLUS = Recipe(
    name="ferplus",
    summary="FER+ from fer2013.csv and fer2013new.csv, VGG13, 8 classes or 5, votes or majority",
    model="ferplus",
    arch="ferplus_vgg13",
    open_data=open_data,
    needs_data=True,
    classes=EIGHT,
    options={"labels": "distribution", "emotions": "8"} | COMMON,
    classes_of={("emotions", "5"): FIVE},
    published="75.0 / 74.6 %; the authors' own 84.7 % (distribution) and 83.9 % (majority), arXiv 1608.01041, table 1",
    epochs=100,
    batch_size=32,
    optimizer="adam",
    schedule="one-cycle",
    learning_rate=3e-4,
    weight_decay=1e-4,
    augmentation="camera",
)
