"""Cost of ``fer-predict`` beside a bare script: CPU time of whole processes, interleaved.

    python benchmarks/studies/predict_cost.py --model android_demo/bundle

The bare script imports Pillow, OpenCV and LiteRT, decodes one photograph, runs the same cascade with the same parameters on a
gray copy of the same size (at most 1,000 pixels) and the same artifact, and prints. It checks nothing: no header, no hash, no contract. ``fer-predict`` does the same
photograph with the same bundle. Both are started in turn, with compiled bytecode as an installed package has it; the first
round fills the caches. Goal: 1.15 for the photograph of 512 x 512 pixels, where the work is least.

The second part decodes a picture of 12 megapixels: Pillow alone, Pillow and one copy to an array, and a frame.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from machine import DEMO_BUNDLE, cpu_seconds, environment, interleave, python, time_action
from runner import Asked, Document, option, study

GOAL = 1.15
GOAL_DECODING = 1.25

BARE = """
import sys
import numpy as np, cv2
from PIL import Image
from ai_edge_litert.interpreter import Interpreter
image = Image.open(sys.argv[1]).convert("RGB")
gray = image.convert("L")
gray.thumbnail((1000, 1000))
times = image.width / gray.width
cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
found = cascade.detectMultiScale(np.asarray(gray), scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
engine = Interpreter(model_path=sys.argv[2], num_threads=1)
engine.allocate_tensors()
given, answer = engine.get_input_details()[0], engine.get_output_details()[0]
for x, y, w, h in found:
    crop = image.crop([round(side * times) for side in (x, y, x + w, y + h)]).convert("L").resize((64, 64))
    engine.set_tensor(given["index"], (np.asarray(crop, np.float32)[None, :, :, None] / 255 - 0.5) / 0.5)
    engine.invoke()
    print(x, y, w, h, engine.get_tensor(answer["index"]))
"""


def run(asked: Asked) -> Document:
    """Both parts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [compare(side, folder, asked.model.resolve(), asked.rounds) for side in (512, 2048)]
        decoding = decode(folder, asked.rounds)
    return {
        "goals": {"ratio_at_512": GOAL, "frame_over_copy": GOAL_DECODING},
        "met": rows[0]["ratio"] <= GOAL and decoding["frame_over_copy"] <= GOAL_DECODING,
        "rows": rows,
        "decoding": decoding,
    }


def compare(side: int, folder: Path, model: Path, rounds: int) -> Document:
    """One photograph at one size."""
    photo = folder / "photo.jpg"
    photograph(photo, side)
    env = environment(PYTHONPYCACHEPREFIX=folder / "pyc")
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = "from fer_edge.predict.cli import main; main()"
    words = {
        "bare": (BARE, photo, next(model.glob("*-fp32.tflite"))),
        "fer-predict": (command, photo, "--model", model, "--variant", "tflite-fp32"),
    }
    ways = {name: partial(python, "-P", "-c", *given, env=env, cwd=folder) for name, given in words.items()}
    samples = interleave(ways, rounds, cpu_seconds)
    median = {name: statistics.median(taken) for name, taken in samples.items()}
    ratio = round(median["fer-predict"] / median["bare"], 3)
    return {"side": side, "median_seconds": median, "ratio": ratio, "samples": samples}


def decode(folder: Path, rounds: int) -> Document:
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
    samples = interleave(ways, rounds, partial(time_action, time.process_time))
    median = {name: statistics.median(taken) for name, taken in samples.items()}
    bare, copied, frame = median.values()
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


def show(document: Document) -> Iterator[str]:
    """Medians and ratios."""
    for row in document["rows"]:
        bare, ours = row["median_seconds"].values()
        side = row["side"]
        yield f"{side}x{side}: {bare:.3f} s bare, {ours:.3f} s fer-predict: {row['ratio']:.3f}"
    bare, copied, frame = document["decoding"]["median_seconds"].values()
    yield f"12 megapixels: {bare:.3f} s load, {copied:.3f} s with a copy, {frame:.3f} s as a frame"


if __name__ == "__main__":
    study(run, option("--model", DEMO_BUNDLE), option("--rounds", 21), show=show)
