"""The built-in model's recipe: drawn faces, no data needed.

Its faces are drawings. What it learns is which action units go with which word in drawings of many styles; how far
that carries over to photographs of people is not known and must be measured on photographs.
"""

from __future__ import annotations

from collections.abc import Mapping

from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.request import SPLITS, DataRequest
from fer_edge.train.recipes.recipe import Recipe


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Drawn faces, the classes in turn."""
    from fer_edge.synthetic import SyntheticFaces

    return {
        split: SyntheticFaces(split, request.faces[split], seed=request.seed, emotions=request.classes)
        for split in SPLITS
    }


SYNTHETIC = Recipe(
    name="synthetic",
    summary="drawn faces, the built-in model; needs no data",
    model="fer-mini",
    arch="fer_mini",
    open_data=open_data,
    needs_data=False,
    faces={"train": 20_000, "validation": 1_000, "test": 3_000},
    views=3,
    epochs=16,
    batch_size=64,
    learning_rate=4e-3,
    ema_decay=0.995,
)
