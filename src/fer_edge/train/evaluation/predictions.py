"""Models and faces brought together: every model gets every face in turn, one at a time, and is timed on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import gray, scaled, to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.labels import canonical
from fer_edge.train.evaluation.evaluated_model import Subject
from fer_edge.train.evaluation.outcome import Outcome
from fer_edge.train.evaluation.series import Face, Series

WARM_UP = 5
"""Answers before the first one that is timed: engines allocate on the first calls."""


@dataclass
class _Sheet:
    """What one model said so far."""

    subject: Subject
    probabilities: list[NDArray[np.float32]]
    labels: list[NDArray[np.float32]]
    crops: list[NDArray[np.uint8]]
    seconds: list[float]


def answered(
    subjects: Sequence[Subject],
    series: Series,
    *,
    timed: bool = True,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Outcome]:
    """Ask every model about every face.

    Each model gets the face through the camera path in its own size.

    Args:
        subjects: the models; each knows all classes of the series.
        series: the faces.
        timed: whether the outcomes say how long inference took (the median over the faces); for one model alone, since several
            in one process are not to be compared.
        advance: told how many more faces are done.

    Returns:
        An outcome for each model, in their order.
    """
    sheets = [_Sheet(subject, [], [], [], []) for subject in subjects]
    names: list[str] = []
    for index in range(len(series)):
        face = series.face(index)
        names.append(face.name)
        for sheet in sheets:
            _ask(sheet, face, series.classes, warm_up=timed and index == 0)
        advance(1)
    return [_outcome(sheet, names, series, timed=timed) for sheet in sheets]


def inference_time(subject: Subject, crops: NDArray[np.uint8]) -> tuple[float, str]:
    """How long the model takes for one face, where its answers are known already.

    Args:
        subject: the model.
        crops: (n, C, H, W) uint8 in its size, n at least 1; some thirty are enough.

    Returns:
        The median in seconds, and the sentence that says how it was measured.
    """
    seconds = []
    for number in range(WARM_UP + len(crops)):
        planes = crops[number % len(crops)]
        rgb = np.repeat(planes.transpose(1, 2, 0), 3 // len(planes), axis=2)
        tensor = to_tensor(rgb, subject.contract)
        start = time.perf_counter()
        subject.run(tensor)
        seconds.append(time.perf_counter() - start)
    kept = seconds[WARM_UP:]
    return float(np.median(kept)), _timing(subject, kept)


def _ask(sheet: _Sheet, face: Face, classes: Sequence[str], *, warm_up: bool) -> None:
    contract = sheet.subject.contract
    rgb = pixels(face, contract)
    tensor = to_tensor(rgb, contract)
    for _ in range(WARM_UP if warm_up else 0):
        sheet.subject.run(tensor)
    start = time.perf_counter()
    answer = sheet.subject.run(tensor)
    sheet.seconds.append(time.perf_counter() - start)
    sheet.probabilities.append(answer)
    sheet.labels.append(in_order_of(contract.labels, classes, face.label))
    sheet.crops.append(_shown(rgb, contract.input.channels))


def pixels(face: Face, contract: Contract) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 after step 6 of the camera spec, in the contract's size."""
    return scaled(
        face.frame,
        contract.input.width,
        contract.input.height,
        box=face.box,
        crop_margin=contract.camera.crop_margin,
        mirror=contract.camera.mirror,
    )


def _shown(rgb: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    planes = rgb.transpose(2, 0, 1)
    return gray(*planes)[np.newaxis] if channels == 1 else np.ascontiguousarray(planes)


def in_order_of(
    labels: Sequence[str], classes: Sequence[str], label: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A distribution over ``classes`` as one over ``labels``, which holds all of them in whatever spelling."""
    places = {canonical(name.lower()): at for at, name in enumerate(labels)}
    wanted = np.zeros(len(labels), np.float32)
    for name, share in zip(classes, label, strict=True):
        wanted[places[canonical(name.lower())]] = share
    return wanted


def _outcome(sheet: _Sheet, names: Sequence[str], series: Series, *, timed: bool) -> Outcome:
    subject = sheet.subject
    return Outcome(
        model=subject.contract.model,
        classes=subject.contract.labels,
        probabilities=np.stack(sheet.probabilities),
        labels=np.stack(sheet.labels),
        names=names,
        crops=np.stack(sheet.crops),
        seconds_a_face=float(np.median(sheet.seconds)) if timed else None,
        timing=_timing(subject, sheet.seconds) if timed else "",
        title=subject.title,
        source=series.source,
        data_sha256=series.sha256,
        size_bytes=subject.size_bytes,
        engine=subject.engine,
    )


def _timing(subject: Subject, seconds: Sequence[float]) -> str:
    low, high = (1000 * float(value) for value in np.quantile(seconds, (0.25, 0.75)))
    threads = "one thread" if subject.threads == 1 else f"{subject.threads} threads"
    return (
        f"median of {len(seconds)} faces after {WARM_UP} warm-up runs, one face a call, {threads}, prepared picture in and "
        f"probabilities out, this machine's processor; half of them between {low:.3g} and {high:.3g} ms"
    )
