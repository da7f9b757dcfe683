"""Networks side by side on faces that scikit-image ships: a photograph, and a hundred small portraits of Labeled Faces in the Wild.

    python two_networks.py demo/trained android_demo/bundle --out demo

Writes DIR/two-networks.png (the photograph with each network's answer) and DIR/portraits.png (all portraits with the first
guess of each), and prints both as tables. Nobody labeled these faces: where networks agree they may be wrong together.
What a bundle's int8 file answers otherwise than its fp32 file is counted too.

Needs: pip install '.[predict,tflite]' scikit-image.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cv2.data import haarcascades
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.data import astronaut, lfw_subset

from fer_edge.runtime import FerEdgeError, Frame, Model, Prediction, load
from fer_edge.runtime.camera import gray

Box = tuple[int, int, int, int]
PORTRAITS = 100
"""How many of the subset's 200 pictures are faces; they come first."""
INK, PAPER, YELLOW, TRACK, PALE = (20, 20, 20), (250, 250, 247), (255, 214, 10), (226, 226, 220), (96, 96, 96)


@dataclass(frozen=True)
class Answers:
    """What one network says.

    Attributes:
        name: of the model.
        size: of the file that ran, bytes.
        photograph: the face of the photograph.
        portraits: each small portrait.
        changed: of how many portraits the int8 file has another first guess; None: the bundle has none.
    """

    name: str
    size: int
    photograph: Prediction
    portraits: list[Prediction]
    changed: int | None


def main() -> None:
    """Ask each network, print, draw."""
    asked = parse()
    picture = astronaut()
    box = largest_face(picture)
    faces = portraits()
    found = [ask(bundle, picture, box, faces) for bundle in asked.bundles]
    for line in tables(found):
        print(line)
    asked.out.mkdir(parents=True, exist_ok=True)
    draw_photograph(picture, box, found).save(asked.out / "two-networks.png")
    draw_portraits(faces, found).save(asked.out / "portraits.png")
    print(f"\nwrote {asked.out / 'two-networks.png'} and {asked.out / 'portraits.png'}")
    if asked.json:
        asked.json.write_text(json.dumps(document(found), indent=1) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundles", nargs="+", type=Path, help="bundles of fer-export")
    parser.add_argument("--out", type=Path, default=Path(), help="the pictures' folder")
    parser.add_argument("--json", type=Path, help="a file for the same as a document")
    return parser.parse_args()


def largest_face(picture: NDArray[np.uint8]) -> Box:
    """x0, y0, x1, y1 in pixels: what ``fer-predict`` finds."""
    find = cv2.CascadeClassifier(haarcascades + "haarcascade_frontalface_default.xml")
    found = find.detectMultiScale(gray(*np.moveaxis(picture, 2, 0)), 1.1, 5, minSize=(30, 30))
    x, y, w, h = max(found, key=lambda one: int(one[2]) * int(one[3]))
    return int(x), int(y), int(x + w), int(y + h)


def portraits() -> NDArray[np.uint8]:
    """(100, 25, 25) uint8, gray: face crops."""
    shares: NDArray[np.float64] = lfw_subset()[:PORTRAITS]
    return np.rint(255 * shares).astype(np.uint8)


def ask(bundle: Path, picture: NDArray[np.uint8], box: Box, faces: NDArray[np.uint8]) -> Answers:
    """One network's answers; a crop is its own face, so that no margin is added."""
    model = load(bundle)
    guesses = predict_all(model, faces)
    try:
        small = predict_all(load(bundle, variant="tflite-int8"), faces)
    except FerEdgeError:  # this bundle has no such file
        changed = None
    else:
        changed = sum(one.label != other.label for one, other in zip(guesses, small, strict=True))
    photograph = model.predict(Frame.from_rgb(picture), box)
    return Answers(model.contract.model, model.path.stat().st_size, photograph, guesses, changed)


def predict_all(model: Model, faces: NDArray[np.uint8]) -> list[Prediction]:
    """A prediction each."""
    return [model.predict(Frame.from_gray(face)) for face in faces]


def tables(found: list[Answers]) -> list[str]:
    """For the terminal."""
    width = max(len(one.name) for one in found)
    lines = [f"{'':{width}}  the photograph"]
    lines += [f"{one.name:{width}}  {in_words(one.photograph)}" for one in found]
    lines += ["", f"{'':{width}}  {PORTRAITS} small portraits, first guesses"]
    for one in found:
        lines.append(
            f"{one.name:{width}}  {', '.join(f'{label} {count}' for label, count in counts(one).items())}"
        )
        if one.changed is not None:
            lines.append(f"{'':{width}}  int8 answers {PORTRAITS - one.changed} of them as fp32 does")
    if len(found) > 1:
        lines += [
            "",
            f"{found[0].name} and {found[1].name} have the same first guess for {agreement(found)} of {PORTRAITS}.",
            "Nobody labeled these faces.",
        ]
    return lines


def in_words(prediction: Prediction) -> str:
    """``happiness 99 %, or surprise 1 %``."""
    (first, sure), (second, less) = prediction.top(2)
    return f"{first} {sure:.0%}, or {second} {less:.0%}"


def counts(one: Answers) -> dict[str, int]:
    """First guesses, the most frequent first."""
    return dict(Counter(guess.label for guess in one.portraits).most_common())


def agreement(found: list[Answers]) -> int:
    """Portraits with the same first guess of the first two networks."""
    return sum(a.label == b.label for a, b in zip(found[0].portraits, found[1].portraits, strict=True))


def document(found: list[Answers]) -> dict[str, Any]:
    """The same for programs."""
    networks = [
        {
            "model": one.name,
            "bytes": one.size,
            "photograph": [[label, round(value, 4)] for label, value in one.photograph.top(2)],
            "portraits": counts(one),
            "int8_changes": one.changed,
        }
        for one in found
    ]
    together = agreement(found) if len(found) > 1 else None
    return {"portraits": PORTRAITS, "networks": networks, "same_first_guess": together}


def draw_photograph(picture: NDArray[np.uint8], box: Box, found: list[Answers]) -> Image.Image:
    """The photograph's upper part with the box, and a bar for each emotion of each network beside it."""
    height, panel = 360, 250
    seen = Image.fromarray(picture[:height, 40:440])
    ImageDraw.Draw(seen).rectangle((box[0] - 40, box[1], box[2] - 41, box[3] - 1), outline=YELLOW, width=3)
    sheet = Image.new("RGB", (seen.width + panel * len(found), height), PAPER)
    sheet.paste(seen, (0, 0))
    draw = ImageDraw.Draw(sheet)
    for number, one in enumerate(found):
        draw_bars(draw, seen.width + panel * number + 20, panel - 40, one)
    return sheet


def draw_bars(draw: ImageDraw.ImageDraw, left: int, width: int, one: Answers) -> None:
    """A network's name, its first guess, and all emotions."""
    draw.text((left, 16), one.name, fill=INK, font=font(20))
    draw.text((left, 44), in_words(one.photograph), fill=PALE, font=font(13))
    for row, (label, value) in enumerate(sorted(one.photograph.probabilities.items())):
        y = 78 + 34 * row
        draw.text((left, y), label, fill=INK, font=font(14))
        draw.text((left + width, y), f"{value:.0%}", fill=INK, font=font(14), anchor="ra")
        draw.rectangle((left, y + 19, left + width - 1, y + 26), fill=TRACK)
        if round(width * value):
            first = label == one.photograph.label
            draw.rectangle(
                (left, y + 19, left + round(width * value) - 1, y + 26), fill=YELLOW if first else PALE
            )


def draw_portraits(faces: NDArray[np.uint8], found: list[Answers], columns: int = 10) -> Image.Image:
    """All portraits, enlarged; below each the first guess of each network."""
    edge, line = 100, 16
    tall = edge + line * len(found) + 8
    sheet = Image.new("RGB", (columns * (edge + 8), -(-len(faces) // columns) * tall), PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, face in enumerate(faces):
        x, y = (place % columns) * (edge + 8) + 4, place // columns * tall + 4
        sheet.paste(Image.fromarray(face).resize((edge, edge), Image.Resampling.BICUBIC), (x, y))
        for row, one in enumerate(found):
            (label, value) = one.portraits[place].top(1)[0]
            ink = INK if row == 0 else PALE
            draw.text((x, y + edge + line * row), f"{label} {value:.0%}", fill=ink, font=font(12))
    return sheet


def font(size: int) -> Any:
    """Pillow's own."""
    return ImageFont.load_default(size=size)


if __name__ == "__main__":
    try:
        main()
    except FerEdgeError as error:
        sys.exit(f"Error: {error}")
