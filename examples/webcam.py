"""A webcam loop on the runtime and OpenCV alone: find the largest face, name its emotion, show it over the picture.

    python webcam.py --model bundle                       # the first camera; q or Esc ends
    python webcam.py --model bundle --source clip.mp4     # a video instead
    python webcam.py --model bundle --no-window           # a line a frame on the terminal

Needs: pip install '.[tflite]' opencv-python. `fer-predict camera:0 --show` is the finished program; this is the loop to take
from. The gray that the cascade gets here is OpenCV's, so that a box may lie a pixel beside `fer-predict`'s.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import cv2
from cv2.data import haarcascades

from fer_edge.runtime import FerEdgeError, Frame, Model, load
from fer_edge.runtime.smoothing import ProbabilitySmoother

Box = tuple[int, int, int, int]
YELLOW = (0, 215, 255)
QUIT = {ord("q"), 27}


def main() -> None:
    """Run the loop until the video or the user's patience ends."""
    asked = parse()
    model = load(asked.model, variant=asked.variant)
    find = cv2.CascadeClassifier(haarcascades + "haarcascade_frontalface_default.xml")
    smoother = ProbabilitySmoother(len(model.contract.labels))
    before = time.perf_counter()
    for picture in islice(pictures(asked.source), asked.frames):
        box = largest_face(find, picture)
        words = "no face" if box is None else answer(model, smoother, picture, box)
        now = time.perf_counter()
        line = f"{words}   {1 / (now - before):.0f} frames a second"
        before = now
        if asked.no_window:
            print(line)
        elif not show(picture, box, line):
            break


def parse() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="bundle", help="a bundle, or one .tflite or .onnx of it")
    parser.add_argument("--variant", help="of the bundle, such as tflite-int8")
    parser.add_argument("--source", default="0", help="a camera's number or a video file")
    parser.add_argument("--frames", type=int, help="stop after so many")
    parser.add_argument("--no-window", action="store_true", help="print lines instead")
    return parser.parse_args()


def pictures(source: str) -> Iterator[Any]:
    """Frames of a camera or a video: (H, W, 3) uint8, BGR, as OpenCV has them."""
    capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
    if not capture.isOpened():
        sys.exit(f"{source} cannot be opened: is it a camera's number (0 is the first) or a video file?")
    try:
        while True:
            there, picture = capture.read()
            if not there:
                return
            yield picture
    finally:
        capture.release()


def largest_face(find: Any, picture: Any) -> Box | None:
    """x0, y0, x1, y1 in pixels of the picture."""
    found = find.detectMultiScale(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), 1.1, 5, minSize=(80, 80))
    boxes = [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h in found]
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)


def answer(model: Model, smoother: ProbabilitySmoother, picture: Any, box: Box) -> str:
    """The two likeliest emotions, steadied over the last frames; the second guess matters."""
    prediction = model.predict(Frame.from_bgr(picture), box)
    steady = smoother.update(list(prediction.probabilities.values()), time.monotonic_ns()).tolist()
    ranked = sorted(zip(model.contract.labels, steady, strict=True), key=lambda item: -item[1])
    return ", ".join(f"{label} {probability:.0%}" for label, probability in ranked[:2])


def show(picture: Any, box: Box | None, line: str) -> bool:
    """Draw into the picture and show it; False when the user asked to stop or closed the window."""
    if box is not None:
        cv2.rectangle(picture, box[:2], box[2:], YELLOW, 2)
    cv2.putText(picture, line, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, YELLOW, 2)
    cv2.imshow("fer-edge", picture)
    pressed = cv2.waitKey(1) & 0xFF
    return pressed not in QUIT and cv2.getWindowProperty("fer-edge", cv2.WND_PROP_VISIBLE) >= 1


if __name__ == "__main__":
    try:
        main()
    except FerEdgeError as error:
        sys.exit(f"Error: {error}")
