"""Predictions: of a model for labeled faces, one at a time and timed on the way, or of a network for a whole split."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import LabeledFace
from fer_edge.runtime.camera import gray, scaled, to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import canonical
from fer_edge.train.evaluation.evaluated_model import EvaluatedModel
from fer_edge.train.evaluation.labeled_faces import LabeledFaces

if TYPE_CHECKING:
    from torch import nn

WARM_UP = 5
"""Answers before the first one that is timed: engines allocate on the first calls."""
BATCH = 256
"""Crops that a network gets at a time."""


@dataclass(frozen=True)
class Predictions:
    """A model's answers to labeled faces.

    Attributes:
        model: its name, as in the contract.
        classes: labels in output order.
        probabilities: (n, classes) float32, rows sum to 1.
        labels: (n, classes) float32 distributions; the truth of a face is the first maximum of its row.
        names: of the faces, in the same order, as the data set calls them.
        crops: (n, C, H, W) uint8, C 1 (gray) or 3 (RGB): what the model saw, for the example faces.
        history: a mapping an epoch with ``epoch`` and figures such as ``train_loss`` and ``validation_accuracy``;
            empty where nothing was trained.
        seconds_a_face: inference of one face; None leaves it out, and then equal every give equal bytes.
        timing: how ``seconds_a_face`` was measured, as a sentence; "" without it.
        title: heading of the report; "": the model's name.
        source: what the faces are, such as ``synthetic test``; no path, so that reports do not depend on where they lay.
        data_sha256: of the faces; two of them with the same one answered the same faces.
        size_bytes: of the model's file; None where there is none.
        engine: library and version that ran it; "" where that does not matter.
        training: ``report.json`` of the training that made it; empty where nothing is known of one.
        notes: sentences that whoever reads the figures must know: repeated pictures, no better than chance.
    """

    model: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    labels: NDArray[np.float32]
    names: Sequence[str]
    crops: NDArray[np.uint8]
    history: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    seconds_a_face: float | None = None
    timing: str = ""
    title: str = ""
    source: str = ""
    data_sha256: str = ""
    size_bytes: int | None = None
    engine: str = ""
    notes: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together.

        Raises:
            FerEdgeError: no faces, or arrays of different lengths.
        """
        count, width = len(self.names), len(self.classes)
        if count < 1:
            raise FerEdgeError("a report needs at least one face; there are none")
        shapes = {"probabilities": self.probabilities.shape, "labels": self.labels.shape}
        for name, shape in shapes.items():
            if shape != (count, width):
                raise FerEdgeError(
                    f"{name} has shape {shape}; {count} faces and {width} classes need {(count, width)}"
                )
        if len(self.crops) != count:
            raise FerEdgeError(f"{len(self.crops)} crops for {count} faces; one each is needed")
        if not np.isfinite(self.probabilities).all():
            raise FerEdgeError(f"{self.model} answered with numbers that are not finite")

    def __len__(self) -> int:
        return len(self.names)

    def of(self, chosen: NDArray[np.bool_]) -> Predictions:
        """Those of some faces, (n,) whether a face is one of them; without their pictures."""
        places = np.flatnonzero(chosen)
        return replace(
            self,
            probabilities=self.probabilities[places],
            labels=self.labels[places],
            names=[self.names[at] for at in places],
            crops=np.zeros((len(places), 1, 1, 1), np.uint8),
        )

    @property
    def pictured(self) -> bool:
        """True if the crops show anything: answers read from a file come with single gray pixels."""
        return bool(self.crops.shape[-1] > 1)

    @property
    def truth(self) -> NDArray[np.int64]:
        """(n,) the class of each face: the first maximum of its label."""
        return np.asarray(self.labels.argmax(1), np.int64)

    @property
    def ranked(self) -> NDArray[np.int64]:
        """(n, classes) guesses of each face, most probable first; of equals the earlier label, as the runtime has it."""
        return np.argsort(-self.probabilities, axis=1, kind="stable")

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether the first guess is the truth."""
        return np.asarray(self.ranked[:, 0] == self.truth)


def predict(
    models: Sequence[EvaluatedModel],
    faces: LabeledFaces,
    *,
    timed: bool = True,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Predictions]:
    """Ask every model about every face; each gets it through the camera path in its own size.

    Args:
        models: each knows all classes of the faces.
        faces: that they are asked about.
        timed: whether the predictions say how long inference took (the median over the faces); for one model alone, since
            several in one process are not to be compared.
        advance: told how many more faces are done.

    Returns:
        The predictions of each model, in their order.
    """
    sheets = [_Sheet(model, faces, timed=timed) for model in models]
    for index in range(len(faces)):
        face = faces.face(index)
        for sheet in sheets:
            sheet.ask(face, warm_up=timed and index == 0)
        advance(1)
    return [sheet.predictions() for sheet in sheets]


class _Sheet:
    """Predictions of one model so far."""

    def __init__(self, model: EvaluatedModel, faces: LabeledFaces, *, timed: bool) -> None:
        self.model, self.faces, self.timed = model, faces, timed
        self.probabilities: list[NDArray[np.float32]] = []
        self.labels: list[NDArray[np.float32]] = []
        self.crops: list[NDArray[np.uint8]] = []
        self.seconds: list[float] = []

    def ask(self, face: LabeledFace, *, warm_up: bool) -> None:
        """Add the answer to one face."""
        contract, run = self.model.contract, self.model.run
        rgb = pixels(face, contract)
        tensor = to_tensor(rgb, contract)
        for _ in range(WARM_UP if warm_up else 0):
            run(tensor)
        start = time.perf_counter()
        answer = run(tensor)
        self.seconds.append(time.perf_counter() - start)
        self.probabilities.append(answer)
        self.labels.append(in_order_of(contract.labels, self.faces.classes, face.label))
        self.crops.append(_shown(rgb, contract.input.channels))

    def predictions(self) -> Predictions:
        """All of them together."""
        model = self.model
        return Predictions(
            model=model.contract.model,
            classes=model.contract.labels,
            probabilities=np.stack(self.probabilities),
            labels=np.stack(self.labels),
            names=self.faces.names,
            crops=np.stack(self.crops),
            seconds_a_face=float(np.median(self.seconds)) if self.timed else None,
            timing=_timing(model, self.seconds) if self.timed else "",
            title=model.title,
            source=self.faces.source,
            data_sha256=self.faces.sha256,
            size_bytes=model.size_bytes,
            engine=model.engine,
        )


def probabilities(network: nn.Module, crops: NDArray[np.uint8], contract: Contract) -> NDArray[np.float32]:
    """Predictions of a network in memory, many crops at a time.

    Args:
        network: set to ``eval()``; returns logits.
        crops: (n, C, H, W) uint8.
        contract: its normalization is applied by the runtime's table.

    Returns:
        (n, classes) float32, rows sum to 1.
    """
    import torch

    network.eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(crops), BATCH):
            tensors = [_tensor(crop, contract) for crop in crops[start : start + BATCH]]
            rows.append(torch.softmax(network(torch.from_numpy(np.concatenate(tensors))), dim=1).numpy())
    return np.concatenate(rows)


def inference_time(model: EvaluatedModel, crops: NDArray[np.uint8]) -> tuple[float, str]:
    """Time of a model for one face, where its answers are known already.

    Args:
        model: it runs the crops.
        crops: (n, C, H, W) uint8 in its size, n at least 1; some thirty are enough.

    Returns:
        The median in seconds, and the sentence that says how it was measured.
    """
    seconds = []
    for number in range(WARM_UP + len(crops)):
        tensor = _tensor(crops[number % len(crops)], model.contract)
        start = time.perf_counter()
        model.run(tensor)
        seconds.append(time.perf_counter() - start)
    kept = seconds[WARM_UP:]
    return float(np.median(kept)), _timing(model, kept)


def _tensor(crop: NDArray[np.uint8], contract: Contract) -> NDArray[Any]:
    # Gray of three equal channels is the value itself, so the runtime's own table does the normalization.
    return to_tensor(np.repeat(crop.transpose(1, 2, 0), 3 // len(crop), axis=2), contract)


def pixels(face: LabeledFace, contract: Contract) -> NDArray[np.uint8]:
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


def _timing(model: EvaluatedModel, seconds: Sequence[float]) -> str:
    low, high = (1000 * float(value) for value in np.quantile(seconds, (0.25, 0.75)))
    threads = "one thread" if model.threads == 1 else f"{model.threads} threads"
    return (
        f"median of {len(seconds)} faces after {WARM_UP} warm-up runs, one face a call, {threads}, prepared picture in and "
        f"probabilities out, this machine's processor; half of them between {low:.3g} and {high:.3g} ms"
    )
