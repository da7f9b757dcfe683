"""Open TFLite files in MediaPipe's ImageClassifier and compare its answers with LiteRT's on the same pictures.

MediaPipe brings an OpenCV of its own, so it lives in an environment of its own, and this script uses nothing of the package:

    python3 -m venv /tmp/mediapipe && /tmp/mediapipe/bin/pip install mediapipe==1.2.2 ai-edge-litert
    fer-export --format tflite --precision fp32,fp16,w8,dynamic,int8 --interface image --out bundle
    /tmp/mediapipe/bin/python benchmarks/studies/mediapipe_check.py bundle

The pictures already have the network's size, because MediaPipe's resize is another one than the camera path's. ``spread`` (the
largest standard deviation of a label over the pictures) says how much equality is worth. Exit code 3: a file with the image interface did not open, or answers differ.
"""

from __future__ import annotations

import importlib.metadata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from runner import Asked, Document, option, study

PICTURES = 32
FARTHEST = {"float": 1e-5, "integer": 1.5 / 256}
"""Same file, same pixels: only the engine's version and, for uint8 answers, one step of rounding may differ."""


def run(asked: Asked) -> Document:
    """Check every TFLite file of a folder."""
    import mediapipe

    records = [check(path) for path in sorted(asked.folder.glob("*.tflite"))]
    return {
        "what": "MediaPipe ImageClassifier against LiteRT, same file, same pictures at the model's size",
        "mediapipe": mediapipe.__version__,
        "litert": importlib.metadata.version("ai-edge-litert"),
        "weights": asked.weights,
        "pictures": PICTURES,
        "met": all(record.get("equal") for record in records if "-image" in record["file"]),
        "files": records,
    }


def check(path: Path) -> Document:
    """One file: does it open, and does it answer the same?"""
    from ai_edge_litert.interpreter import Interpreter
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.ImageClassifierOptions(
        base_options=BaseOptions(model_asset_path=str(path)), running_mode=vision.RunningMode.IMAGE
    )
    try:
        classifier = vision.ImageClassifier.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        return {"file": path.name, "opened": False, "reason": str(error).splitlines()[0]}
    labels = zipfile.ZipFile(path).read("labels.txt").decode("utf-8").split("\n")[:-1]
    runner = Interpreter(model_path=str(path), num_threads=1).get_signature_runner("serving_default")
    shape = runner.get_input_details()["image"]["shape"]
    pairs = [_answers(classifier, runner, labels, picture) for picture in _pictures(shape)]
    worst = float(max(np.max(np.abs(found - expected)) for found, expected in pairs))
    spread = float(np.max(np.std([expected for _, expected in pairs], axis=0)))
    kind = "integer" if runner.get_output_details()["probabilities"]["dtype"] == np.uint8 else "float"
    return {
        "file": path.name,
        "opened": True,
        "max_abs": worst,
        "equal": worst <= FARTHEST[kind],
        "spread": round(spread, 6),
    }


def _answers(
    classifier: Any, runner: Any, labels: list[str], picture: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """MediaPipe's and LiteRT's probabilities, in the order of the labels."""
    import mediapipe

    found = classifier.classify(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture))
    scores = {entry.category_name: entry.score for entry in found.classifications[0].categories}
    details = runner.get_input_details()["image"]
    expected = runner(image=picture[None].astype(details["dtype"]))["probabilities"][0]
    scale, zero_point = runner.get_output_details()["probabilities"]["quantization"]
    if scale:
        expected = (expected.astype(np.float64) - zero_point) * scale
    return np.array([scores.get(label, 0.0) for label in labels]), expected


def _pictures(shape: NDArray[Any]) -> list[NDArray[Any]]:
    """Blobs of color with noise, and the extremes; (H, W, 3) uint8 each."""
    generator = np.random.default_rng(0)
    _, height, width, _ = (int(size) for size in shape)
    blocks = generator.integers(0, 256, (PICTURES - 2, 8, 8, 3))
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    coarse = blocks[:, rows][:, :, columns]
    noisy = np.clip(coarse + generator.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)
    extremes = [np.full((height, width, 3), value, np.uint8) for value in (0, 255)]
    return [*noisy, *extremes]


def show(document: Document) -> Iterator[str]:
    """One line a file."""
    for record in document["files"]:
        words = record.get("max_abs", record.get("reason"))
        yield f"{record['file']:40} {'opens' if record['opened'] else 'refused'}  {words}"


if __name__ == "__main__":
    study(
        run,
        option("folder", None, "a bundle, or any folder with .tflite files", type=Path),
        option("--weights", "built-in", "what the files hold, for the record"),
        show=show,
        result="mediapipe",
    )
