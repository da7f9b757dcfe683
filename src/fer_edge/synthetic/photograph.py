"""The effects of a camera on a scene: exposure, tint, blur, noise and compression."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.synthetic.streams import between, chance

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def expose(
    rng: np.random.Generator,
    scene: NDArray[np.float32],
    factor: NDArray[np.float32],
    mask: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Light the face and expose for it, as a phone does that has found a face.

    Skin reflects light in two ways: the body of the skin by its color, its surface like a mirror, whatever the
    color. The second part is what shows the relief of dark skin.

    Args:
        rng: decides on the metering.
        scene: (H, W, 3) float32, 0..255.
        factor: (H, W) light on the skin, about 1.
        mask: (H, W) 0..1, where the face is.
    """
    weight = mask / (mask.sum() + 1e-6)
    before = float((scene @ _LUMA * weight).sum())
    gloss = max(0.0, 110.0 - 0.5 * before) * np.maximum(factor - 1, 0) * mask
    lit = scene * (1 + (factor - 1) * mask)[:, :, None] + gloss[:, :, None]
    wanted = between(rng, 84, 118)
    level = float((lit @ _LUMA * weight).sum())
    exposed: NDArray[np.float32] = lit.astype(np.float32, copy=False)
    return exposed * np.float32(min(2.2, max(1.0, wanted / (level + 1e-6))))


def photograph(
    rng: np.random.Generator, scene: NDArray[np.float32], tone: str, gentle: bool
) -> NDArray[np.uint8]:
    """Take the picture.

    Args:
        rng: decides on the camera.
        scene: (H, W, 3) float32, 0..255, may exceed it.
        tone: ``color``, ``gray``, ``sepia`` or ``tint``.
        gentle: a good camera: less blur and noise.

    Returns:
        (H, W, 3) uint8.
    """
    cv2 = require("cv2", "train")
    size = scene.shape[0]
    picture = _tone(rng, scene, tone)
    contrast, brightness = between(rng, 0.75, 1.2), between(rng, -22, 22)
    picture = (picture - 128) * np.float32(contrast) + np.float32(128 + brightness)
    # The shoulder of a sensor's curve: bright skin keeps its relief.
    picture = np.minimum(picture, np.float32(208) + (picture - 208) * np.float32(0.45))
    blur = between(rng, 0.0, 0.6 if gentle else 1.3) * size / 160 if chance(rng, 0.6) else 0.0
    if blur > 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    sigma = between(rng, 0.0, 5.0 if gentle else 11.0) if chance(rng, 0.7) else 0.0
    if sigma > 0.5:
        picture = picture + _noise(rng, size, sigma)
    result = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return _compress(cv2, result, int(rng.integers(35, 95))) if chance(rng, 0.3) else result


def _tone(rng: np.random.Generator, scene: NDArray[np.float32], tone: str) -> NDArray[np.float32]:
    if tone == "color":
        return scene
    gray = (scene @ _LUMA)[:, :, None]
    if tone == "gray":
        return np.repeat(gray, 3, axis=2)
    if tone == "sepia":
        return gray * np.array([1.08, 0.96, 0.78], np.float32)
    tint = 1 + 0.16 * (rng.random(3).astype(np.float32) - 0.5)
    tinted: NDArray[np.float32] = (0.5 * gray + 0.5 * scene) * tint
    return tinted


def _noise(rng: np.random.Generator, size: int, sigma: float) -> NDArray[np.float32]:
    """Gray noise of a sensor with a little color in it."""
    gray = rng.standard_normal((size, size, 1), dtype=np.float32) * np.float32(sigma)
    return gray * np.array([1.1, 1.0, 1.15], np.float32)


def _compress(cv2: Any, picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    restored: NDArray[np.uint8] = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return restored
