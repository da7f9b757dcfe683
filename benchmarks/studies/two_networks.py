"""Answers of a network trained on people and of the built-in one to photographs of people: README's first picture and table.

    python benchmarks/studies/two_networks.py && python docs/figures/generate.py

``make demo`` as a study: the mini-XCEPTION is fetched from the package that carries it, both networks are exported, and
``examples/two_networks.py`` asks them about the astronaut of scikit-image and its hundred faces of Labeled Faces in the Wild
(25 x 25 pixels, gray, without labels). Writes docs/images/two-networks.jpg too. Needs pip's index or a mirror of it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from machine import ROOT, python
from runner import Asked, Document, study

EXPORT = ("-m", "fer_edge.export.cli", "--format", "tflite", "--precision", "fp32,int8", "--quiet")
PICTURE = ROOT / "docs" / "images" / "two-networks.jpg"


def run(asked: Asked) -> Document:
    """Fetch, export, ask."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights, trained, drawn = folder / "net.safetensors", folder / "trained", folder / "drawn"
        python("-m", "fer_edge.train.cli", "fetch", "mini-xception", "--out", weights)
        python(*EXPORT, weights, "--calibration", "synthetic", "--out", trained)
        python(*EXPORT, "--out", drawn)
        told = ("--out", folder, "--json", folder / "answers.json")
        python(ROOT / "examples" / "two_networks.py", trained, drawn, *told)
        if not asked.dry:
            _keep(folder / "two-networks.png")
        answers: Document = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
        return answers


def _keep(drawn: Path) -> None:
    from PIL import Image

    Image.open(drawn).save(PICTURE, quality=88)


def show(document: Document) -> Iterator[str]:
    """A line a network."""
    for one in document["networks"]:
        yield f"{one['model']}: {one['photograph']}, {one['portraits']}, int8 changes {one['int8_changes']}"
    yield f"same first guess: {document['same_first_guess']} of {document['portraits']}"


if __name__ == "__main__":
    study(run, show=show)
