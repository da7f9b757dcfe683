"""Camera path, NV21 640x480 turned by 90 degrees, to a 224x224 RGB float32 tensor: time and differing bytes.

Beside it what people write instead, which gives other pixels: OpenCV's conversion, rotation, crop and resize, and the
specification's own arithmetic on the whole frame in plain numpy, followed by the same scaler.

    python benchmarks/studies/camera_path.py --out benchmarks/results/camera_path.json
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from machine import interleave
from numpy.typing import NDArray
from runner import Asked, Document, option, study

from fer_edge.runtime import Contract, Frame, prepare
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.camera.scaler import neighbors
from fer_edge.runtime.contract import InputSpec, Normalization, OutputSpec

Box = tuple[int, int, int, int] | None
WIDTH, HEIGHT, SIDE = 640, 480, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BOXES: dict[str, Box] = {"crop 200x200": (140, 220, 340, 420), "whole picture": None}
GOAL_SECONDS = {"crop 200x200": 0.002, "whole picture": 0.005}


def nv21() -> tuple[NDArray[np.uint8], Frame]:
    """A smooth picture with some noise, as one NV21 buffer and as a frame over it."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0 : HEIGHT * 3 // 2, 0:WIDTH]
    smooth = 128 + 70 * np.sin(x / 37) + 50 * np.cos(y / 23) + random.normal(0, 6, x.shape)
    buffer = np.clip(smooth, 0, 255).astype(np.uint8)
    luma, chroma = buffer[:HEIGHT].tobytes(), buffer[HEIGHT:].tobytes()
    frame = Frame.from_yuv420(
        luma, chroma[1:], chroma[:-1], width=WIDTH, height=HEIGHT, y_row_stride=WIDTH, uv_row_stride=WIDTH,
        uv_pixel_stride=2, rotation=90,
    )  # fmt: skip
    return buffer, frame


def contract() -> Contract:
    """ImageNet's normalization, 224x224 RGB."""
    return Contract.build(
        model="bench", labels=("a", "b"), input=InputSpec("image", "tensor", SIDE, SIDE, 3, "NCHW", "float32"),
        normalization=Normalization(MEAN, STD), output=OutputSpec("probabilities", "probabilities"),
    )  # fmt: skip


def by_whole_frame(buffer: NDArray[np.uint8], spec: Contract, box: Box) -> NDArray[Any]:
    """Step after step on the whole frame in int32, as the specification is written."""
    y = buffer[:HEIGHT].astype(np.int32)
    v, u = (
        buffer[HEIGHT:, first::2].repeat(2, axis=0).repeat(2, axis=1).astype(np.int32) - 128
        for first in (0, 1)
    )
    y1 = ((y * 257 * 16320) >> 16) + 32
    colors = [y1 + 90 * v, y1 - 22 * u - 46 * v, y1 + 113 * u]
    rgb = np.stack([np.clip(color >> 6, 0, 255) for color in colors], axis=-1).astype(np.uint8)
    turned = np.rot90(rgb, -1)
    x0, y0, x1, y1_ = box or (0, 0, HEIGHT, WIDTH)
    return to_tensor(scale(turned[y0:y1_, x0:x1]), spec)


def scale(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Step 6 on four full arrays of neighbors."""
    left, right, weight_x = neighbors(rgb.shape[1], SIDE, chunked=True)
    top, bottom, weight_y = neighbors(rgb.shape[0], SIDE, chunked=False)
    wide = rgb.astype(np.int32)
    wx, wy = (
        weight_x.astype(np.int32)[np.newaxis, :, np.newaxis],
        weight_y.astype(np.int32)[:, np.newaxis, np.newaxis],
    )
    upper = wide[top][:, left] * (16 - wx) + wide[top][:, right] * wx
    lower = wide[bottom][:, left] * (16 - wx) + wide[bottom][:, right] * wx
    total: Any = upper * (16 - wy) + lower * wy
    blended: NDArray[np.uint8] = (total >> 8).astype(np.uint8)
    return blended


def by_opencv(buffer: NDArray[np.uint8], cv2: Any, box: Box) -> NDArray[Any]:
    """The usual way of desktop apps: other colors (limited range) and other weights."""
    rgb = cv2.rotate(cv2.cvtColor(buffer, cv2.COLOR_YUV2RGB_NV21), cv2.ROTATE_90_CLOCKWISE)
    x0, y0, x1, y1 = box or (0, 0, HEIGHT, WIDTH)
    small = cv2.resize(rgb[y0:y1, x0:x1], (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    tensor = (small.astype(np.float32) / np.float32(255) - np.asarray(MEAN, np.float32)) / np.asarray(
        STD, np.float32
    )
    return np.ascontiguousarray(tensor.transpose(2, 0, 1)[np.newaxis])


def run(asked: Asked) -> Document:
    """One row for each picture and way."""
    buffer, frame = nv21()
    spec, cv2 = contract(), opencv()
    rows = []
    for picture, box in BOXES.items():
        ways: dict[str, Callable[[], NDArray[Any]]] = {
            "fer_edge.runtime.prepare": lambda box=box: prepare(frame, spec, box),  # type: ignore[misc]
            "numpy, whole frame, same specification": lambda box=box: by_whole_frame(buffer, spec, box),  # type: ignore[misc]
        }
        if cv2 is not None:
            ways["OpenCV, one thread, other pixels"] = lambda box=box: by_opencv(buffer, cv2, box)  # type: ignore[misc]
        wanted = by_whole_frame(buffer, spec, box)
        for name, seconds in interleave(ways, asked.rounds).items():
            rows.append(_row(picture, name, seconds, ways[name](), wanted))
    return {"numpy": np.__version__, "rows": rows}


def opencv() -> Any:
    """The library on one thread; None where it is not installed."""
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(1)
    return cv2


def _row(picture: str, way: str, seconds: list[float], found: NDArray[Any], wanted: NDArray[Any]) -> Document:
    differing = int((found.view(np.uint8) != wanted.view(np.uint8)).sum())
    return {
        "picture": picture,
        "way": way,
        "median_seconds": round(statistics.median(seconds), 7),
        "min_seconds": round(min(seconds), 7),
        "rounds": len(seconds),
        "differing_bytes": differing,
        "goal_seconds": GOAL_SECONDS[picture] if way.startswith("fer_edge") else None,
    }


def show(document: Document) -> Iterator[str]:
    """A table of the ways."""
    yield f"{'picture':14} {'way':40} {'median ms':>10} {'min ms':>8} {'differing bytes':>16}"
    for row in document["rows"]:
        median, least = row["median_seconds"] * 1e3, row["min_seconds"] * 1e3
        times = f"{median:10.2f} {least:8.2f}"
        yield f"{row['picture']:14} {row['way']:40} {times} {row['differing_bytes']:16}"


if __name__ == "__main__":
    study(run, option("--rounds", 300), show=show)
