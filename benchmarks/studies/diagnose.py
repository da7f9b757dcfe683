"""Count how often ``fer-verify diagnose`` names the mistake that was made, on seeded dumps of drawn faces and a photograph.

Each trial takes a frame (a drawn face from any of the four cameras, or a face of scikit-image's astronaut at some size and turn),
makes no mistake, one, two, or one that the list does not have, and writes the dump that such an app would write: with the tensor,
with the answers alone, or with the tensor but no frame. Answers carry the noise of another processor: their logarithms move by 1e-5
(floats) or 1e-2 (integers). A trial counts as ``named`` where the first explanation is what was made, or gives the very same here;
one whose mistake changes nothing that the dump holds (by less than the floor of ``candidates.Bounds``) is counted as ``unseen``.

    fer-export --out bundle
    python benchmarks/studies/diagnose.py bundle [more bundles] --trials 100

The stored rows of answers of the color network have another seed than the one that the rule for a name was settled with.

Goals: made mistakes named first in 95 %; "nothing wrong" and "none of these" said in 95 % of the trials where they are true.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from machine import DEMO_BUNDLE
from numpy.typing import NDArray
from runner import Asked, Document, option, study

from fer_edge.export.mistakes.catalog import BY_NAME, RIGHT, Mistake, applicable, hypotheses
from fer_edge.export.mistakes.preparation import Preparation, make_tensor
from fer_edge.export.parity.answers import run_tensors
from fer_edge.export.verify.diagnose.answers import BOUNDS, distance
from fer_edge.export.verify.diagnose.diagnose import diagnose_with
from fer_edge.export.verify.diagnose.record import NONE, Diagnosis
from fer_edge.runtime.bundle import Bundle, open_bundle
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.dump import Dump, StoredTensor
from fer_edge.runtime.errors import FrameError
from fer_edge.runtime.golden import store_frame
from fer_edge.runtime.model import Model, load, softmax
from fer_edge.runtime.variants import Variant
from fer_edge.synthetic import SyntheticFaces
from fer_edge.synthetic.camera import KINDS, as_frame

GOAL = 0.95
SEEN = 0.05
"""Gray levels on average from which a mistake is one: a quarter of a level in every fifth pixel."""
NOISE = {"fp32": 1e-5, "fp16": 1e-3, "w8": 1e-4, "dynamic": 1e-2, "int8": 1e-2}
ASTRONAUT = (188.0, 70.0, 275.0, 180.0)
"""The face in ``skimage.data.astronaut``."""
ALONE = {"scaling", "levels", "memory", "layout", "order"}
"""Steps that a tensor shows without its frame."""
BLIND = {
    "transposed",
    "argb",
    "mean-std-of-bgr",
    "inverted",
    "histogram-equalized",
    "contrast-stretched",
    "half-written",
}
"""Of these steps, those whose tensor could be another face's, or that are not looked for."""
MODES = {"tensor": "ftp", "answers": "fp", "alone": "tp"}
KINDS_OF_TRIALS = ("right", "single", "pair", "behind", "both", "none")
Row = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """What was made, and what the dump of it is."""

    made: tuple[str, ...]
    dump: Dump
    seen: bool
    right: Row
    shown: Row


class Site:
    """One bundle with one variant of it, opened in this process."""

    def __init__(self, path: Path, variant: str) -> None:
        self.path, self.variant = path, variant
        self.bundle: Bundle = open_bundle(path)
        self.contract = Contract.parse(self.bundle.artifact(variant).contract)
        self.precision = Variant.parse(variant).precision

    def ask(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, Row | str]:
        """Answers in this process: a study's bundles are its own."""
        return {
            name: run_tensors(_model(self.path, name), rows).astype(np.float64)
            for name, rows in tensors.items()
        }

    def answer(self, tensor: NDArray[Any]) -> Row:
        """Of this variant to one tensor."""
        found: Row = np.asarray(self.ask({self.variant: tensor[None]})[self.variant])[0]
        return found


@cache
def _model(path: Path, variant: str) -> Model:
    return load(path, variant=variant)


def run(asked: Asked) -> Iterator[Document]:
    """All bundles, variants and modes."""
    rows = []
    for folder in asked.bundles:
        for variant in asked.variants.split(","):
            if variant not in [one.variant for one in open_bundle(folder).manifest.artifacts]:
                continue
            site = Site(folder, variant)
            for mode in asked.modes.split(","):
                rows.append(_count(site, mode, asked))
                yield {"goal": GOAL, "rows": rows}


def _count(site: Site, mode: str, asked: Asked) -> Document:
    kinds: dict[str, Counter[str]] = {}
    missed = []
    for number in range(asked.trials):
        kind = KINDS_OF_TRIALS[number % len(KINDS_OF_TRIALS)]
        rng = np.random.default_rng([asked.seed, number, len(mode)])
        trial = make_trial(site, mode, kind, rng)
        if trial is None:
            continue
        found = diagnose_with(site.ask, site.bundle, trial.dump)
        outcome = _outcome(trial, found, kind)
        kinds.setdefault(kind, Counter())[outcome] += 1
        if outcome == "missed":
            missed.append(
                {
                    "kind": kind,
                    "made": list(trial.made),
                    "named": list(found.mistakes),
                    "verdict": found.verdict,
                    "number": number,
                }
            )
    document: Document = {
        "bundle": site.bundle.manifest.model,
        "channels": site.contract.input.channels,
        "variant": site.variant,
        "mode": mode,
        "seed": asked.seed,
        "kinds": {kind: _share(kinds[kind]) for kind in KINDS_OF_TRIALS if kind in kinds},
        "missed": missed,
    }
    named = sum(one["named"] for one in document["kinds"].values())
    judged = named + len(missed)
    return document | {
        "named": named,
        "judged": judged,
        "share": round(named / max(judged, 1), 4),
        "met": named >= GOAL * judged,
    }


def _share(counted: Counter[str]) -> Document:
    judged = counted["named"] + counted["missed"]
    return {"named": counted["named"], "judged": judged, "unseen": counted["unseen"]}


def make_trial(site: Site, mode: str, kind: str, rng: np.random.Generator) -> Trial | None:
    """One dump, or None where the kind does not exist in the mode."""
    preparation = _face(site.contract, rng)
    right = preparation.tensor()
    usable = [one for one in applicable(site.contract, preparation.frame, boxed=preparation.box is not None) if mode != "alone" or _shows_alone(one, site.contract)]  # fmt: skip
    made, tensor, fewer = tuple[str, ...](), right, list[NDArray[Any]]()
    if kind in ("single", "pair", "both") and usable:
        steps = _choose(usable, 2 if kind == "pair" else 1, rng)
        try:
            made, tensor = steps.mistakes, preparation.tensor(steps)
            fewer = (
                [preparation.tensor(replace(RIGHT, **{BY_NAME[name].step: name})) for name in made]
                if len(made) > 1
                else []
            )
        except FrameError:
            return None
    elif kind == "none":
        if mode == "alone":
            return None
        tensor = _unknown(preparation, rng)
    answer = _noisy(site.answer(tensor), site.precision, rng)
    shown = answer
    if kind in ("behind", "both"):
        name, shown = _behind(answer, site.contract, rng)
        made = (*made, name)
    # Each of two mistakes must show beside the other.
    others = [right, *fewer] if kind not in ("right", "behind") else []
    seen = all(
        _seen(site, preparation, tensor, other, mode, 3 * BOUNDS[site.precision].floor) for other in others
    )
    if kind == "none" and mode == "answers":  # far from whatever the list could explain
        seen = _seen(site, preparation, tensor, right, mode, 4 * BOUNDS[site.precision].explained)
    parts = MODES[mode]
    dump = Dump(
        frame=preparation.frame if "f" in parts else None,
        rotation=preparation.rotation,
        mirror=site.contract.camera.mirror,
        box=preparation.box,
        tensor=StoredTensor(site.contract.input.dtype, tensor.tobytes()) if "t" in parts else None,
        probabilities={site.variant: tuple(float(value) for value in shown)},
        contract_sha256=site.contract.sha256,
        device="study",
    )
    return Trial(made, dump, seen, site.answer(right), shown)


def _shows_alone(one: Mistake, contract: Contract) -> bool:
    blind = {*BLIND, "bgr"} if contract.input.channels == 1 else BLIND
    return one.step in ALONE and one.name not in blind


def _choose(usable: Sequence[Mistake], most: int, rng: np.random.Generator) -> Any:
    pool = [steps for steps in hypotheses(tuple(usable), most) if len(steps.mistakes) == most]
    return pool[int(rng.integers(len(pool)))] if pool else RIGHT


def _face(contract: Contract, rng: np.random.Generator) -> Preparation:
    if rng.random() < 0.3:
        picture, box = _photograph(rng)
        frame = as_frame(rng, picture, KINDS[int(rng.integers(4))])
    else:
        face = SyntheticFaces("test", 1 << 20, seed=77)[int(rng.integers(1 << 20))]
        frame, box = face.frame, tuple(float(value) for value in face.box)
    return Preparation(store_frame(frame), frame.rotation, box, contract)


def _photograph(rng: np.random.Generator) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    import cv2
    from skimage import data

    whole: NDArray[np.uint8] = data.astronaut()  # type: ignore[no-untyped-call]
    picture, scale = whole[:360, 80:400], float(rng.uniform(0.5, 1.2))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = ASTRONAUT
    moved = np.array([x0 - 80, y0, x1 - 80, y1]) * scale + rng.uniform(-4, 4, 4)
    return np.asarray(small, np.uint8), tuple(float(value) for value in moved)


def _unknown(preparation: Preparation, rng: np.random.Generator) -> NDArray[Any]:
    """A mistake that the list does not have: gamma, blur, noise, a tilt, a third margin, another face."""
    import cv2

    scaled: NDArray[Any] = preparation.scaled()
    contract = preparation.contract
    which = int(rng.integers(6))
    if which == 0:
        scaled = 255 * (scaled / 255) ** np.float32(rng.choice([0.45, 2.2]))
    elif which == 1:
        scaled = cv2.GaussianBlur(scaled, (0, 0), float(rng.uniform(2, 4)))
    elif which == 2:
        scaled = np.clip(scaled + rng.normal(0, 25, scaled.shape), 0, 255)
    elif which == 3:
        height, width = scaled.shape[:2]
        tilt = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(15, 40)), 1.0)
        scaled = cv2.warpAffine(scaled, tilt, (width, height))
    elif which == 4:
        wide = replace(
            contract.camera, crop_margin=contract.camera.crop_margin + float(rng.uniform(0.2, 0.5))
        )
        scaled = replace(preparation, contract=replace(contract, camera=wide)).scaled()
    else:
        scaled = _face(contract, rng).scaled()
    return make_tensor(np.rint(scaled).astype(np.float32), RIGHT, contract)


def _noisy(answer: Row, precision: str, rng: np.random.Generator) -> Row:
    moved = np.maximum(answer, 1e-30) * np.exp(rng.normal(0, NOISE[precision], len(answer)))
    found: Row = (moved / moved.sum()).astype(np.float32).astype(np.float64)
    return found


def _behind(answer: Row, contract: Contract, rng: np.random.Generator) -> tuple[str, Row]:
    """A mistake behind the engine."""
    ways: dict[str, Callable[[], Row]] = {
        "softmax-twice": lambda: softmax(answer).astype(np.float64),
        "logits": lambda: (np.log(np.maximum(answer, 1e-30)) + 3.7).astype(np.float64),
        "percent": lambda: answer * 100,
        "labels-alphabetical": lambda: answer[
            [list(contract.labels).index(name) for name in sorted(contract.labels)]
        ],
        "labels-reversed": answer[::-1].copy,
    }
    names = [
        name
        for name in ways
        if name != "labels-alphabetical" or sorted(contract.labels) != list(contract.labels)
    ]
    name = names[int(rng.integers(len(names)))]
    return name, ways[name]()


def _seen(
    site: Site, preparation: Preparation, tensor: NDArray[Any], other: NDArray[Any], mode: str, least: float
) -> bool:
    """Whether a dump can tell two tensors apart."""
    if tensor.tobytes() == other.tobytes():
        return False
    if mode == "alone":
        return True
    if mode == "answers":
        return distance(site.answer(other), site.answer(tensor), 1e-8)[0] > least
    right = preparation.tensor()
    unit = float(right.astype(np.float64).std()) / max(float(preparation.scaled().std()), 1e-3)
    with np.errstate(all="ignore"):
        apart = np.abs(tensor.astype(np.float64) - other).mean() / unit
    return not math.isfinite(apart) or bool(apart > SEEN)


def _outcome(trial: Trial, found: Diagnosis, kind: str) -> str:
    named = set(found.mistakes)
    if kind != "right" and not trial.seen:
        return "unseen"
    if kind == "right":
        return "named" if found.verdict == "right" else "missed"
    if kind == "none":
        good = found.verdict == NONE or (found.verdict == "mistake" and not named & set(BY_NAME))
        return "named" if good else "missed"
    if named == set(trial.made) or _permuted(named, trial) or _equal(found, trial):
        return "named"
    return "missed"


def _permuted(named: set[str], trial: Trial) -> bool:
    """The general name of any order of labels is right too."""
    orders = {name for name in trial.made if name.startswith("labels-")}
    other = {name for name in named if name.startswith("labels-")}
    return bool(orders and other) and named - other == set(trial.made) - orders


def _equal(found: Diagnosis, trial: Trial) -> bool:
    """Whether the explanation that is named gives the very same here as what was made."""
    for one in found.questions:
        best = one.ranking[0] if one.ranking else None
        if (
            best
            and best.mistakes == one.mistakes
            and best.distance == 0
            and len(found.mistakes) == len(one.mistakes)
        ):
            return len(best.mistakes) <= len(trial.made)
    return any(
        set(same) == set(trial.made)
        for one in found.questions
        for candidate in one.ranking[:1]
        for same in candidate.same
    )


def show(document: Document) -> Iterator[str]:
    """One line a row."""
    row = document["rows"][-1]
    kinds = "  ".join(f"{kind} {one['named']}/{one['judged']}" for kind, one in row["kinds"].items())
    yield f"{row['bundle']:14} {row['variant']:12} {row['mode']:8} {row['share']:.1%}  {kinds}"
    for one in row["missed"][:12]:
        yield f"    missed {json.dumps(one)}"


if __name__ == "__main__":
    study(
        run,
        option("bundles", [DEMO_BUNDLE], "folders", nargs="*", type=Path),
        option("--variants", "tflite-fp32,onnx-fp32,tflite-int8"),
        option("--modes", ",".join(MODES)),
        option("--trials", 60, "of each row"),
        option("--seed", 1),
        show=show,
    )
