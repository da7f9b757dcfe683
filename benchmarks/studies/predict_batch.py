"""Throughput of ``fer-predict FOLDER`` beside a bare script in a loop: wall time of whole processes, interleaved, and flat memory.

    python benchmarks/studies/predict_batch.py --pictures 1000 --rounds 3

The pictures are JPEGs of 640 to 1,280 pixels, made of scikit-image's astronaut, moved and turned a little. The bare script is what
one writes: Pillow decodes, OpenCV's cascade with the same parameters on a gray copy of at most 1,000 pixels, LiteRT on each face, all
in one loop, with OpenCV's threads as they are set when it is installed: it uses both cores while it looks for faces. A second run
of it with one thread shows what that is worth. ``fer-predict`` chooses its processes itself.

Memory is the resident memory of the command and all its processes together: the highest of the last fifth of the run against the
highest of the second fifth. Goals: 1.6 times the bare script's pictures a second, and no more than a twentieth more memory.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from machine import DEMO_BUNDLE, environment, interleave, python
from runner import Asked, Document, option, study

GOAL = 1.6
GOAL_MEMORY = 1.05
STEP = 0.2

BARE = """
import pathlib, sys
import numpy as np, cv2
from PIL import Image
from ai_edge_litert.interpreter import Interpreter
if len(sys.argv) > 3:
    cv2.setNumThreads(int(sys.argv[3]))
cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
engine = Interpreter(model_path=sys.argv[2], num_threads=1)
engine.allocate_tensors()
given, answer = engine.get_input_details()[0], engine.get_output_details()[0]
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    image = Image.open(path).convert("RGB")
    gray = image.convert("L")
    gray.thumbnail((1000, 1000))
    times = image.width / gray.width
    found = cascade.detectMultiScale(np.asarray(gray), scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
    for x, y, w, h in found:
        crop = image.crop([round(side * times) for side in (x, y, x + w, y + h)]).convert("L").resize((64, 64))
        engine.set_tensor(given["index"], (np.asarray(crop, np.float32)[None, :, :, None] / 255 - 0.5) / 0.5)
        engine.invoke()
        print(path.name, x, y, w, h, engine.get_tensor(answer["index"]))
"""
OURS = "from fer_edge.predict.cli import main; main()"


def run(asked: Asked) -> Document:
    """Both parts."""
    model = asked.model.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        make_pictures(folder, asked.pictures)
        samples = compare(folder, model, Path(name), asked.rounds)
        memory = watch_memory(folder, model, Path(name))
    median = {way: statistics.median(taken) for way, taken in samples.items()}
    ratio = round(median["bare"] / median["fer-predict"], 2)
    return {
        "goals": {"ratio": GOAL, "memory": GOAL_MEMORY},
        "pictures": asked.pictures,
        "pictures_a_second": {way: round(asked.pictures / seconds, 1) for way, seconds in median.items()},
        "ratio": ratio,
        "ratio_to_one_thread": round(median["bare, one thread"] / median["fer-predict"], 2),
        "memory": memory,
        "met": ratio >= GOAL and memory["growth"] <= GOAL_MEMORY,
        "samples": samples,
    }


def make_pictures(folder: Path, count: int) -> None:
    """JPEGs with a face each, no two alike."""
    import numpy as np
    from PIL import Image
    from skimage import data

    random = np.random.default_rng(12)
    astronaut = Image.fromarray(data.astronaut())
    for number in range(count):
        width = int(random.choice([640, 800, 1024, 1280]))
        height = int(width * random.choice([0.75, 1.0]))
        turned = astronaut.rotate(
            float(random.uniform(-8, 8)), Image.Resampling.BICUBIC, fillcolor=(90, 90, 90)
        )
        turned.resize((width, height), Image.Resampling.BICUBIC).save(folder / f"{number:05}.jpg", quality=88)


def compare(folder: Path, model: Path, scratch: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, interleaved."""
    env = environment(PYTHONPYCACHEPREFIX=scratch / "pyc")
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    artifact = next(model.glob("*-fp32.tflite"))
    words = {
        "bare": (BARE, folder, artifact),
        "bare, one thread": (BARE, folder, artifact, 1),
        "fer-predict": (OURS, *_ours(folder, model)),
    }
    ways = {name: partial(python, "-P", "-c", *given, env=env, cwd=scratch) for name, given in words.items()}
    return interleave(ways, rounds)


def _ours(folder: Path, model: Path) -> tuple[object, ...]:
    return folder, "--model", model, "--variant", "tflite-fp32", "--json", "--quiet"


def watch_memory(folder: Path, model: Path, scratch: Path) -> Document:
    """Resident memory over one run."""
    words = [sys.executable, "-P", "-c", OURS, *map(str, _ours(folder, model))]
    process = subprocess.Popen(words, env=environment(), cwd=scratch, stdout=subprocess.DEVNULL)
    seen = []
    while process.poll() is None:
        seen.append(sum(map(resident, [process.pid, *children(process.pid)])))
        time.sleep(STEP)
    fifth = max(1, len(seen) // 5)
    early, late = max(seen[fifth : 2 * fifth]), max(seen[-fifth:])
    return {"early_mb": round(early / 1e6), "late_mb": round(late / 1e6), "growth": round(late / early, 3)}


def children(pid: int) -> list[int]:
    """Processes that it started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def resident(pid: int) -> int:
    """Bytes in memory that no other process shares, so that a library counts once or not at all."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return 1024 * int(text.split("RssAnon:")[1].split()[0]) if "RssAnon:" in text else 0


def show(document: Document) -> Iterator[str]:
    """Pictures a second, ratios, memory."""
    for way, rate in document["pictures_a_second"].items():
        yield f"{way:18} {rate:7.1f} pictures a second"
    yield f"{document['ratio']} times the bare script, {document['ratio_to_one_thread']} times that with one thread"
    memory = document["memory"]
    yield f"memory: {memory['early_mb']} MB early, {memory['late_mb']} MB late"


if __name__ == "__main__":
    study(run, option("--model", DEMO_BUNDLE), option("--pictures", 1000), option("--rounds", 3), show=show)
