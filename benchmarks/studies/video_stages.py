"""Frames a second of a video, and what each stage of a frame takes: with the detector on every frame, and on every third.

    python benchmarks/studies/video_stages.py

A camera moves over the astronaut photograph (scikit-image; public domain): 640x480 at 30 frames a second, a face of 150 to 220
pixels. The command's own parts run over it, ``--min-face 80``, smoothing on, one network thread, OpenCV's threads as they are;
the video is decoded in the process that ``fer-predict`` decodes it in, so "decoder" is the time spent waiting for that. Each setup
in a process of its own, ``--rounds`` times in turns; the fastest round counts, since other programs only make it slower. Goal: 30
frames a second or more on two cores with the detector on every third frame. ``--yunet FILE`` adds the other detector.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from machine import DEMO_BUNDLE, environment, python
from runner import Asked, Document, option, study

GOAL = 30.0
STAGES = ("decoder", "frame", "detector", "tracker", "camera path", "network")
WARM = 10
"""Frames that are not counted: the first ones load libraries."""

CHILD = """
import json, sys, time
from collections import defaultdict
from pathlib import Path
from fer_edge.predict import recognition, tracking
from fer_edge.predict.recognition import make_face_finder
from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.predict.sources.source import SourceOptions
from fer_edge.predict.sources.videos import VIDEOS
from fer_edge.predict.stream import StreamOptions, StreamRecognizer
from fer_edge.runtime import load
from fer_edge.runtime import model as models
from fer_edge.runtime.frame import Frame

video, bundle, every, detector, file, warm = sys.argv[1:]
spent = defaultdict(float)

def timed(stage, function):
    def call(*words, **more):
        start = time.perf_counter()
        try:
            return function(*words, **more)
        finally:
            spent[stage] += time.perf_counter() - start
    return call

recognition.Frame = type("Timed", (), {"from_rgb": staticmethod(timed("frame", Frame.from_rgb))})
recognition.detect_faces = timed("detector", recognition.detect_faces)
models.prepare = timed("camera path", models.prepare)
models.Model.run = timed("network", models.Model.run)
tracking.BoxMover.start = timed("tracker", tracking.BoxMover.start)
tracking.BoxMover.move = timed("tracker", tracking.BoxMover.move)

find = make_face_finder(detector, None, model=Path(file) if file else None, options=DetectorOptions(min_face=80))
look = StreamRecognizer(find, load(bundle), StreamOptions(detect_every=int(every)))
pictures = iter(VIDEOS.open(video, SourceOptions()))
frames = faces = 0
begin = start = time.perf_counter()
for number in range(1 << 30):
    start = time.perf_counter()
    picture = next(pictures, None)
    if picture is None:
        break
    spent["decoder"] += time.perf_counter() - start
    result, _ = look(picture)
    assert result.failure is None, result.failure
    frames, faces = frames + 1, faces + len(result.faces)
    if number == int(warm):
        frames = faces = 0
        spent.clear()
        begin = time.perf_counter()
seconds = start - begin
print(json.dumps({"frames": frames, "faces": faces, "seconds": seconds, "stages": dict(spent)}))
"""


def run(asked: Asked) -> Document:
    """One row a setup."""
    setups = [("haar", 1, ""), ("haar", 3, "")]
    if asked.yunet:
        setups += [("yunet", every, str(asked.yunet.resolve())) for every in (1, 3)]
    with tempfile.TemporaryDirectory() as folder:
        video = make_video(Path(folder) / "film.mp4", asked.frames)
        rounds = [[once(video, *setup) for setup in setups] for _ in range(asked.rounds)]
    rows = [row(setup, [each[at] for each in rounds]) for at, setup in enumerate(setups)]
    return {"goal_frames_per_second": GOAL, "rounds": asked.rounds, "rows": rows}


def make_video(path: Path, frames: int) -> Path:
    """A camera that moves and comes nearer and farther, slowly."""
    import cv2
    import numpy as np
    from skimage import data

    photograph = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)  # type: ignore[no-untyped-call]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 30, (640, 480))
    for turn in range(frames):
        scale = 2.0 + 0.35 * np.sin(turn / 40)
        middle = 224 + 25 * np.sin(turn / 17), 130 + 12 * np.cos(turn / 23)
        rows = [[scale, 0, 320 - scale * middle[0]], [0, scale, 240 - scale * middle[1]]]
        move = np.array(rows, np.float32)
        writer.write(cv2.warpAffine(photograph, move, (640, 480), borderMode=cv2.BORDER_REFLECT))
    writer.release()
    return path


def once(video: Path, detector: str, every: int, file: str) -> dict[str, Any]:
    """One pass over the video in a process of its own."""
    env = environment()
    env.pop("OMP_NUM_THREADS")
    found: dict[str, Any] = json.loads(
        python("-c", CHILD, video, DEMO_BUNDLE, every, detector, file, WARM, env=env)
    )
    return found


def row(setup: tuple[str, int, str], passes: list[dict[str, Any]]) -> dict[str, Any]:
    """The fastest pass: milliseconds a frame of each stage, and frames a second."""
    best = min(passes, key=lambda each: each["seconds"])
    frames = best["frames"]
    stages = {stage: round(1000 * best["stages"].get(stage, 0.0) / frames, 2) for stage in STAGES}
    whole = 1000 * best["seconds"] / frames
    rate = round(1000 / whole, 1)
    found = {
        "detector": setup[0],
        "detect_every": setup[1],
        "frames": frames,
        "faces": best["faces"],
        "ms_per_frame": {**stages, "rest": round(whole - sum(stages.values()), 2), "all": round(whole, 2)},
        "frames_per_second": rate,
        "frames_per_second_of_all_rounds": [round(each["frames"] / each["seconds"], 1) for each in passes],
    }
    return found | ({"met": rate >= GOAL} if setup[:2] == ("haar", 3) else {})


def show(document: Document) -> Iterable[str]:
    """A table: milliseconds a frame."""
    names = [*STAGES, "rest", "all"]
    yield "detector  every  " + "  ".join(names) + "  frames/s"
    for each in document["rows"]:
        cells = "  ".join(f"{each['ms_per_frame'][name]:>{len(name)}.1f}" for name in names)
        yield f"{each['detector']:<8}  {each['detect_every']:>5}  {cells}  {each['frames_per_second']:>8.1f}"


if __name__ == "__main__":
    study(
        run,
        option("--frames", 300, "of the video"),
        option("--rounds", 3, "of which the fastest counts"),
        option("--yunet", None, "a file of YuNet", type=Path),
        show=show,
    )
