"""What ``fer-predict`` costs beside a bare script: CPU time of whole processes, interleaved.

    python benchmarks/studies/predict_cost.py --model android_demo/bundle

The bare script imports Pillow, OpenCV and LiteRT, decodes one photograph, runs the same cascade with the same parameters
and the same artifact, and prints. It checks nothing: no header, no hash, no contract. ``fer-predict`` does the same
photograph with the same bundle. Both are started in turn, with compiled bytecode as an installed package has it; the first
round fills the caches. Goal: 1.15 for the photograph of 512 x 512 pixels, where the work is least.

The second part decodes a picture of 12 megapixels: Pillow alone, Pillow and one copy to an array, and a frame.
Writes ``benchmarks/results/predict_cost.json``; exit code 3 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import machine

ROOT = Path(__file__).resolve().parents[2]
GOAL = 1.15
GOAL_DECODING = 1.25

BARE = """
import sys
import numpy as np, cv2
from PIL import Image
from ai_edge_litert.interpreter import Interpreter
image = Image.open(sys.argv[1]).convert("RGB")
gray = np.asarray(image.convert("L"))
cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
found = cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
engine = Interpreter(model_path=sys.argv[2], num_threads=1)
engine.allocate_tensors()
given, answer = engine.get_input_details()[0], engine.get_output_details()[0]
for x, y, w, h in found:
    crop = image.crop((x, y, x + w, y + h)).convert("L").resize((64, 64))
    engine.set_tensor(given["index"], (np.asarray(crop, np.float32)[None, :, :, None] / 255 - 0.5) / 0.5)
    engine.invoke()
    print(x, y, w, h, engine.get_tensor(answer["index"]))
"""


def main() -> int:
    """Measure, print, write the result file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=ROOT / "android_demo" / "bundle")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "predict_cost.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            compared(side, Path(folder), arguments.model.resolve(), arguments.rounds) for side in (512, 2048)
        ]
        decoding = decoded(Path(folder), arguments.rounds)
    document = {
        "benchmark": "predict_cost",
        "machine": machine(),
        "goals": {"ratio_at_512": GOAL, "frame_over_copy": GOAL_DECODING},
        "rows": rows,
        "decoding": decoding,
    }
    arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    met = rows[0]["ratio"] <= GOAL and decoding["frame_over_copy"] <= GOAL_DECODING
    return 0 if met else 3


def compared(side: int, folder: Path, model: Path, rounds: int) -> dict[str, Any]:
    """One photograph at one size."""
    photograph(folder / "photo.jpg", side)
    artifact = next(model.glob("*-fp32.tflite"))
    commands = {
        "bare": [sys.executable, "-P", "-c", BARE, str(folder / "photo.jpg"), str(artifact)],
        "fer-predict": [
            *(sys.executable, "-P", "-c", "from fer_edge.predict.cli import main; main()"),
            *(str(folder / "photo.jpg"), "--model", str(model), "--variant", "tflite-fp32"),
        ],
    }
    samples: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            taken = cpu_seconds(command, folder)
            if number:
                samples[name].append(taken)
    median = {name: statistics.median(taken) for name, taken in samples.items()}
    ratio = median["fer-predict"] / median["bare"]
    print(
        f"{side}x{side}: {median['bare']:.3f} s bare, {median['fer-predict']:.3f} s fer-predict: {ratio:.3f}"
    )
    return {"side": side, "median_seconds": median, "ratio": round(ratio, 3), "samples": samples}


def cpu_seconds(command: list[str], folder: Path) -> float:
    """User and system time of one process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def decoded(folder: Path, rounds: int) -> dict[str, Any]:
    """A JPEG of 12 megapixels in this process, interleaved."""
    import numpy as np
    from PIL import Image

    from fer_edge.faces.pictures import read_picture

    path = folder / "large.jpg"
    photograph(path, 3464)
    ways: dict[str, Callable[[], object]] = {
        "Pillow's load": lambda: Image.open(path).load(),
        "load and one copy to an array": lambda: np.asarray(Image.open(path).convert("RGB")),
        "read_picture": lambda: read_picture(path),
    }
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            if number:
                samples[name].append(time.process_time() - start)
    median = {name: statistics.median(taken) for name, taken in samples.items()}
    bare, copied, frame = median.values()
    print(f"12 megapixels: {bare:.3f} s load, {copied:.3f} s with a copy, {frame:.3f} s as a frame")
    return {
        "median_seconds": median,
        "frame_over_load": round(frame / bare, 3),
        "frame_over_copy": round(frame / copied, 3),
        "samples": samples,
    }


def photograph(path: Path, side: int) -> None:
    """The astronaut of scikit-image."""
    from PIL import Image
    from skimage import data

    Image.fromarray(data.astronaut()).resize((side, side), Image.Resampling.BICUBIC).save(path, quality=92)


if __name__ == "__main__":
    sys.exit(main())
