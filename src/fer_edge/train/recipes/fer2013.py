"""FER2013 by a plain small network on its own 48x48 gray pixels.

Disgust has 547 of 35,887 pictures and is merged into anger; ``--set disgust=keep`` trains all seven classes.
"""

from __future__ import annotations

from fer_edge.train.datasets.common import COMMON
from fer_edge.train.datasets.fer2013 import open_data
from fer_edge.train.datasets.label_maps import SEVEN, SIX
from fer_edge.train.recipes.recipe import Recipe

FER2013 = Recipe(
    name="fer2013",
    summary="FER2013 from fer2013.csv, 48x48 gray, 6 classes or 7",
    model="fer2013",
    arch="fer2013_cnn",
    open_data=open_data,
    needs_data=True,
    classes=SIX,
    options={"disgust": "merge"} | COMMON,
    classes_of={("disgust", "keep"): SEVEN},
    published="69 %; top-2 is told beside it (people: 65 +- 5 %, Goodfellow et al. 2013, arXiv 1307.0414)",
    epochs=60,
    batch_size=64,
    optimizer="adam",
    schedule="one-cycle",
    learning_rate=1e-3,
    weight_decay=1e-4,
    augmentation="camera",
)
