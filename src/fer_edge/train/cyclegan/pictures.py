"""Pictures of a training and a list: grids of translations, a histogram of similarities."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torchvision.utils import make_grid

from fer_edge.faces.pictures import save_picture
from fer_edge.runtime.atomic import write_bytes
from fer_edge.train.cyclegan.networks import translate

if TYPE_CHECKING:
    from fer_edge.train.cyclegan.training import CycleGan

COLUMNS = 8
BINS = 40


def sample_grid(gan: CycleGan, sources: Tensor, targets: Tensor, columns: int = COLUMNS) -> Tensor:
    """The first faces of both classes and what the generators make of them.

    Rows: source, ``G(x)``, ``F(G(x))``, target, ``F(y)``, ``G(F(y))``.

    Args:
        gan: both generators.
        sources: (n, C, H, W) uint8.
        targets: (m, C, H, W) uint8.
        columns: faces a row, fewer if a class has fewer.

    Returns:
        (3, H', W') uint8.
    """
    count = min(columns, len(sources), len(targets))
    rows = []
    for images, there, back in (
        (sources[:count], gan.forward, gan.backward),
        (targets[:count], gan.backward, gan.forward),
    ):
        translated = translate(there, images)
        rows += [images, translated, translate(back, translated)]
    grid: Tensor = make_grid(torch.cat(rows).expand(-1, 3, -1, -1), nrow=count, padding=2, pad_value=255)
    return grid


def save_grid(path: Path, grid: Tensor) -> None:
    """Write a grid as PNG."""
    save_picture(path, np.ascontiguousarray(grid.numpy().transpose(1, 2, 0)))


def save_histogram(path: Path, values: Mapping[str, Sequence[float]], threshold: float) -> None:
    """Similarities of each group of faces, and where the threshold lies, as PNG.

    Args:
        path: ends in ``.png``.
        values: similarities by the name of their group.
        threshold: drawn as a line.
    """
    # The object interface: pyplot would want a display and keep every figure.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    every = [value for group in values.values() for value in group]
    edges = np.linspace(min([*every, threshold]) - 0.01, 1.0, BINS + 1).tolist()
    for name, group in values.items():
        axes.hist(group, bins=edges, alpha=0.6, label=f"{name} ({len(group)})")
    axes.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:g}")
    axes.set_xlabel("structural similarity of a face and its translation")
    axes.set_ylabel("faces")
    axes.legend()
    buffer = io.BytesIO()
    # Without the library's version in it: equal numbers give equal bytes.
    figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    write_bytes(path, buffer.getvalue())
