"""What a network said about labeled faces: all that a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import FerEdgeError


@dataclass(frozen=True)
class Outcome:
    """A model's answers to a series of labeled faces.

    Attributes:
        model: its name, as in the contract.
        classes: labels in output order.
        probabilities: (n, classes) float32, rows sum to 1.
        labels: (n, classes) float32 distributions; the truth of a face is the first maximum of its row.
        names: of the faces, in the same order, as the data set calls them.
        crops: (n, C, H, W) uint8, C 1 (gray) or 3 (RGB): what the model saw, for the example faces.
        history: a mapping an epoch with ``epoch`` and figures such as ``train_loss`` and ``validation_accuracy``;
            empty where nothing was trained.
        seconds_a_face: inference of one face; None leaves it out, and then equal outcomes give equal bytes.
        timing: how ``seconds_a_face`` was measured, as a sentence; "" without it.
        title: heading of the report; "": the model's name.
        source: what the faces are, such as ``synthetic test``; no path, so that reports do not depend on where they lay.
        data_sha256: of the faces; two outcomes with the same one answered the same faces.
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

    @property
    def pictured(self) -> bool:
        """Whether the crops show anything: answers read from a file come with single gray pixels."""
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


def write_report(outcome: Outcome, folder: Path) -> Path:
    """Write ``report.html`` (self-contained), its pictures as PNG files, and ``evaluation.json``.

    Equal outcomes give equal bytes.

    Args:
        outcome: what to show.
        folder: made if absent; files of an earlier report in it are replaced, others stay.

    Returns:
        The path of ``report.html``.

    Raises:
        FerEdgeError: the folder cannot be written.
        MissingExtra: matplotlib or torchmetrics is not installed.
    """
    from fer_edge.train.evaluation.report_page import write

    return write(outcome, folder)
