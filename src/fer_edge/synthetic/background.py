"""Backgrounds behind a face: plain, a gradient, a texture, stripes or clutter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.synthetic.streams import between, pick


def draw_background(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """An RGB picture (size, size, 3) uint8."""
    cv2 = require("cv2", "train")
    kind = pick(rng, {"plain": 2, "gradient": 3, "texture": 3, "stripes": 1, "clutter": 2})
    base = between(rng, 25, 240) + rng.normal(0, 28, 3)
    if kind == "plain":
        plain = np.broadcast_to(np.clip(base, 0, 255), (size, size, 3)).astype(np.uint8)
        return np.ascontiguousarray(plain)
    cells = {"gradient": 2, "texture": int(rng.integers(4, 24)), "stripes": 3, "clutter": 3}[kind]
    spread = {"gradient": 45, "texture": 22, "stripes": 20, "clutter": 30}[kind]
    coarse = np.clip(
        base + rng.normal(0, spread, (cells, cells, 1)) + rng.normal(0, 8, (cells, cells, 3)), 0, 255
    )
    picture: NDArray[np.uint8] = cv2.resize(
        coarse.astype(np.uint8),
        (size, size),
        interpolation=cv2.INTER_CUBIC if cells < 9 else cv2.INTER_LINEAR,
    )
    if kind == "stripes":
        _stripes(cv2, rng, picture)
    elif kind == "clutter":
        _clutter(cv2, rng, picture)
    return picture


def _stripes(cv2: Any, rng: np.random.Generator, picture: NDArray[np.uint8]) -> None:
    size = picture.shape[0]
    step, lean, color = (
        int(rng.integers(size // 12, size // 4)),
        int(rng.integers(-size // 3, size // 3)),
        rng.random(3) * 230,
    )
    for x in range(-size, 2 * size, step):
        cv2.line(picture, (x, 0), (x + lean, size), color.tolist(), max(1, step // 4), cv2.LINE_AA)


def _clutter(cv2: Any, rng: np.random.Generator, picture: NDArray[np.uint8]) -> None:
    size = picture.shape[0]
    for _ in range(int(rng.integers(4, 12))):
        (x, y), (w, h), color = (
            rng.integers(0, size, 2).tolist(),
            rng.integers(size // 14, size // 3, 2).tolist(),
            (rng.random(3) * 235).tolist(),
        )
        if rng.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + w, y + h), color, -1)
        else:
            cv2.ellipse(
                picture, (x, y), (w // 2, h // 2), float(rng.random() * 180), 0, 360, color, -1, cv2.LINE_AA
            )
