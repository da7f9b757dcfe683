"""Open TFLite files in MediaPipe's ImageClassifier and compare its answers with LiteRT's on the same pictures.

MediaPipe brings an OpenCV of its own, so it lives in an environment of its own, and this script uses nothing of the project:

    python3 -m venv /tmp/mediapipe && /tmp/mediapipe/bin/pip install mediapipe==1.2.2 ai-edge-litert
    fer-export --format tflite --precision fp32,fp16,w8,dynamic,int8 --interface image --out bundle
    /tmp/mediapipe/bin/python benchmarks/studies/mediapipe_check.py bundle

The pictures already have the network's size, because MediaPipe's resize is another one than the camera path's. Results go to
``benchmarks/results/mediapipe.json``; ``spread`` (the largest standard deviation of a label over the pictures) says how much
equality is worth. Exit code 3: a file with the image interface did not open, or answers differ.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from mediapipe.tasks.python import BaseOptions, vision

PICTURES = 32
FARTHEST = {"float": 1e-5, "integer": 1.5 / 256}
"""Same file, same pixels: only the engine's version and, for uint8 answers, one step of rounding may differ."""


def main() -> int:
    """Check every TFLite file of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a bundle, or any folder with .tflite files")
    parser.add_argument("--weights", default="built-in", help="what the files hold, for the record")
    parser.add_argument("--dry", action="store_true", help="do not write the result file")
    arguments = parser.parse_args()
    records = [check(path) for path in sorted(arguments.folder.glob("*.tflite"))]
    for record in records:
        print(
            f"{record['file']:40} {'opens' if record['opened'] else 'refused'}  {record.get('max_abs', record.get('reason'))}"
        )
    document = {
        "what": "MediaPipe ImageClassifier against LiteRT, same file, same pictures at the model's size",
        "mediapipe": mediapipe.__version__,
        "litert": importlib.metadata.version("ai-edge-litert"),
        "weights": arguments.weights,
        "pictures": PICTURES,
        "files": records,
    }
    if not arguments.dry:
        target = Path(__file__).parents[1] / "results" / "mediapipe.json"
        target.write_text(json.dumps(document, indent=1) + "\n")
    bad = [record["file"] for record in records if "-image" in record["file"] and not record.get("equal")]
    return 3 if bad else 0


def check(path: Path) -> dict[str, Any]:
    """One file: does it open, and does it answer the same?"""
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
    classifier: Any, runner: Any, labels: list[str], picture: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """MediaPipe's and LiteRT's probabilities, in the order of the labels."""
    found = classifier.classify(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture))
    scores = {entry.category_name: entry.score for entry in found.classifications[0].categories}
    details = runner.get_input_details()["image"]
    expected = runner(image=picture[None].astype(details["dtype"]))["probabilities"][0]
    scale, zero_point = runner.get_output_details()["probabilities"]["quantization"]
    if scale:
        expected = (expected.astype(np.float64) - zero_point) * scale
    return np.array([scores.get(label, 0.0) for label in labels]), expected


def _pictures(shape: np.ndarray) -> list[np.ndarray]:
    """Blobs of color with noise, and the extremes; (H, W, 3) uint8 each."""
    generator = np.random.default_rng(0)
    _, height, width, _ = (int(size) for size in shape)
    blocks = generator.integers(0, 256, (PICTURES - 2, 8, 8, 3))
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    coarse = blocks[:, rows][:, :, columns]
    noisy = np.clip(coarse + generator.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)
    extremes = [np.full((height, width, 3), value, np.uint8) for value in (0, 255)]
    return [*noisy, *extremes]


if __name__ == "__main__":
    sys.exit(main())
