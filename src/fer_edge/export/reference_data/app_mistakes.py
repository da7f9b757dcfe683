"""The cost of mistakes that apps make: how many labels change, and how much accuracy is left, measured on the original.

The original stands for every file: a mistake before the engine moves all of them alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.mistakes.catalog import BY_NAME, RIGHT, Steps, applicable
from fer_edge.export.mistakes.preparation import Preparation
from fer_edge.export.pictures.folder import Locate, PictureOptions, read_faces
from fer_edge.export.pictures.images import Tick, drawn_series
from fer_edge.export.reference_model.inference import rows_in_batches
from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError, FrameError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.golden import store_frame
from fer_edge.runtime.schema import Document, Length
from fer_edge.runtime.verification import Count, Sentence, Share

MOST, FEW, LEAST = 200, 64, 16
"""Faces where accuracy is asked for, and where not; fewer than the last say nothing."""
RUNS_PER_SECOND, SECONDS = 5e9, 2.0
"""Multiply-accumulates that the original does in a second, about, and the time that the table may take unasked."""
OVERHEAD = 2_000_000
"""Multiply-accumulates in the time that a run takes besides."""
SEED = 2
"""Drawn faces of the test split that neither parity nor accuracy use."""
CHOSEN = (
    "resize-pillow-bilinear", "resize-opencv-linear", "resize-opencv-area", "resize-nearest", "limited-range", "uv-swapped",
    "bgr", "gray-average", "gray-in-color", "not-normalized", "zero-to-one", "not-divided-by-255", "imagenet", "signed-bytes",
    "layout", "mirrored", "turned-90", "no-margin", "double-margin",
)  # fmt: skip
"""Mistakes of the table, in its order."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of one mistake."""

    name: Annotated[str, "of the mistake"]
    changed: Annotated[Share, "faces whose first label is another one"]
    accuracy: Annotated[Share | None, "right answers, where labels are known"]


@dataclass(frozen=True, slots=True)
class Effects:
    """What mistakes of an app cost."""

    source: Annotated[Sentence, "which faces"]
    samples: Annotated[Count, "how many"]
    accuracy: Annotated[Share | None, "right answers without a mistake, where labels are known"]
    effects: Annotated[tuple[Effect, ...], Length(0, 100), "mistake by mistake"]


DOCUMENT = Document(Effects, "effects of mistakes", ExportError)


@dataclass(frozen=True)
class _Faces:
    """Frames with faces.

    Attributes:
        series: each face prepared, with its place in the contract's labels, -1 where unknown. One at a time: a photograph and
            what mistakes make of it take 0.2 GB.
        source: in words.
    """

    series: Iterator[tuple[Preparation, int]]
    source: str


def measure_mistakes(
    original: ReferenceModel, options: PictureOptions, locate: Locate | None, macs: int, tick: Tick
) -> Effects | None:
    """Measure the table.

    Args:
        original: answers.
        options: where pictures come from: labeled ones are taken before calibration images, drawn faces where there are none.
        locate: of the options.
        macs: multiply-accumulates of the original.
        tick: called after each answer.

    Returns:
        None where a network is so large that its few answers in the allowed time would say nothing, and where no face was found.
    """
    count = _count(options, macs)
    if count < LEAST:
        return None
    faces = _open(original.contract, options, locate, count)
    names: list[str] = []
    firsts, labels = list[NDArray[np.int64]](), list[int]()
    for preparation, label in faces.series:
        names = names or _applicable(original.contract, preparation)
        firsts.append(_answers(original, preparation, names, tick))
        labels.append(label)
    return _count_effects(faces.source, names, np.array(firsts), np.array(labels)) if firsts else None


def _applicable(contract: Contract, first: Preparation) -> list[str]:
    possible = {one.name for one in applicable(contract, first.frame, boxed=first.box is not None)}
    return [name for name in CHOSEN if name in possible]


def _count_effects(
    source: str, names: Sequence[str], firsts: NDArray[np.int64], labels: NDArray[np.int64]
) -> Effects:
    """Effects of first labels: a row a face, the right way in column 0 and a column for each name behind it."""
    changed = (firsts != firsts[:, :1]).mean(axis=0)
    right = (firsts == labels[:, None]).mean(axis=0)
    known = bool((labels >= 0).all())
    accuracy = [float(share) if known else None for share in right]
    effects = [
        Effect(name, float(share), found)
        for name, share, found in zip(names, changed[1:], accuracy[1:], strict=True)
    ]
    return Effects(source, len(firsts), accuracy[0], tuple(effects))


def _count(options: PictureOptions, macs: int) -> int:
    if options.accuracy is not None:
        return min(MOST, options.accuracy_samples or MOST)
    affordable = int(SECONDS * RUNS_PER_SECOND / (len(CHOSEN) * (macs + OVERHEAD)))
    return min(FEW, options.parity_inputs or FEW, affordable)


def _answers(
    original: ReferenceModel, face: Preparation, names: Sequence[str], tick: Tick
) -> NDArray[np.int64]:
    """First labels of one face: prepared as it should be, then with each mistake."""
    mistaken = [replace(RIGHT, **{BY_NAME[name].step: name}) for name in names]
    tensors = [_tensor(face, steps) for steps in (RIGHT, *mistaken)]
    rows = rows_in_batches(original.module, original.contract, tensors, tick)
    first: NDArray[np.int64] = rows.argmax(axis=1).astype(np.int64)
    return first


def _tensor(preparation: Preparation, steps: Steps) -> NDArray[np.float32]:
    try:
        return preparation.tensor(steps)
    except FrameError:
        return preparation.tensor()  # an app that cuts out nothing asks nothing


def _open(contract: Contract, options: PictureOptions, locate: Locate | None, count: int) -> _Faces:
    folder, labeled = options.accuracy, True
    if folder is None:
        folder, labeled = options.calibration, False
    if folder in (None, "synthetic"):
        return _drawn(contract, count, judged=options.accuracy is not None)
    found = read_faces(Path(str(folder)), contract, options, locate, labeled=labeled, limit=count)
    series = (
        (_prepared(_as_camera(frame, at), box, contract), label if labeled else -1)
        for at, (frame, box, label) in enumerate(found)
    )
    what = "labeled pictures" if labeled else "calibration pictures"
    return _Faces(series, f"{what} of the folder, as camera frames (NV21)")


def _drawn(contract: Contract, count: int, *, judged: bool) -> _Faces:
    from fer_edge.synthetic import render_face

    faces, labels = drawn_series("test", count, contract, seed=SEED)

    def draw() -> Iterator[tuple[Preparation, int]]:
        for at in range(count):
            emotion = faces.emotions[at % len(faces.emotions)]
            face = render_face(faces.face_seed(at), emotion=emotion, camera="nv21")
            yield _prepared(face.frame, face.box, contract), int(labels[at]) if judged else -1

    return _Faces(draw(), "drawn faces (synthetic test), as camera frames (NV21)")


def _prepared(frame: Frame, box: Sequence[float] | None, contract: Contract) -> Preparation:
    numbers = None if box is None else tuple(float(value) for value in box)
    return Preparation(store_frame(frame), frame.rotation, numbers, contract)


def _as_camera(frame: Frame, number: int) -> Frame:
    """A picture as a phone's camera would give it."""
    from fer_edge.runtime.camera import upright
    from fer_edge.synthetic.camera import as_frame

    return as_frame(np.random.default_rng(number), upright(frame), "nv21")


def titled(effects: Effects) -> Iterator[tuple[str, Effect]]:
    """Each effect with its mistake in words."""
    for one in effects.effects:
        yield BY_NAME[one.name].title, one
