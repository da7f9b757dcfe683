"""The built-in model's recipe: drawn faces, no data needed.

Its faces are drawings. What it learns is which action units go with which word in drawings of many styles; how far
that carries over to photographs of people is not known and must be measured on photographs.
"""

from __future__ import annotations

from pathlib import Path

from fer_edge.train.data.faces import Faces
from fer_edge.train.recipes.recipe import Recipe


def open_split(
    data: Path | None,  # noqa: ARG001 - other recipes read it
    split: str,
    limit: int | None,
    classes: tuple[str, ...],
    seed: int,
) -> Faces:
    """Drawn faces of one split, the classes in turn."""
    from fer_edge.train.synthetic import SyntheticFaces

    return SyntheticFaces(split, limit or 0, seed=seed, emotions=classes)


SYNTHETIC = Recipe(
    name="synthetic",
    summary="drawn faces, the built-in model; needs no data",
    model="fer-mini",
    arch="fer_mini",
    open_split=open_split,
    needs_data=False,
    faces={"train": 20_000, "validation": 1_000, "test": 3_000},
    views=3,
    epochs=16,
    batch_size=64,
    learning_rate=4e-3,
    ema_decay=0.995,
)
