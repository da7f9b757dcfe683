"""Whether a difference from a file's runtime is the import's fault or rounding: both computed in float64, where they differ most.

Networks of unlucky or random weights double float32's last bits from layer to layer: onnxruntime then differs from itself, with and
without its own rewrites, by more than an import may. A file in float16 differs from everything. ONNX alone has a reference that computes in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.export.sources.asking import Rows, answer_as_fed, ask
from fer_edge.export.sources.differences import MAX_ABS, find_differences, measure_difference

MOST = 32
"""Pictures that are computed exactly."""
ROUNDED = 1e-4
"""Largest difference of any probability between the import in float32 and what the file says: as of an exported float32 file."""


@dataclass(frozen=True)
class CloserLook:
    """What came of it.

    Attributes:
        engine: which reference.
        inputs: pictures.
        max_abs: largest difference of any probability between import and file, both in float64.
        same: whether first labels were equal.
        ours: how far the import in float32 is from that.
        theirs: how far the file's own runtime is.
        golden: the reference's answers to the further pictures.
    """

    engine: str
    inputs: int
    max_abs: float
    same: bool
    ours: float
    theirs: float
    golden: Rows

    @property
    def met(self) -> bool:
        """Whether the import is right, in float32 too."""
        return self.alike and self.ours <= ROUNDED

    @property
    def alike(self) -> bool:
        """Whether import and file say the same in float64."""
        return self.max_abs <= MAX_ABS and self.same

    def refuse(self, runtime: str) -> str:
        """The sentence for a network that is right in float64 only."""
        return (
            f"the network in the file is lost in rounding: in float64 the import answers as the file says, to {self.max_abs:.1e}, but in float32 "
            f"{runtime} misses that by up to {self.theirs:.2g} and the import by {self.ours:.2g} ({ROUNDED:g} is allowed); networks of random "
            "or damaged weights do so: export the trained one"
        )

    def describe(self, runtime: str) -> str:
        """The sentence for the table."""
        return (
            f"compared in float64 on the {self.inputs} pictures that differ most, since what the file says was missed by "
            f"{self.theirs:.1e} in {runtime} and by {self.ours:.1e} in the import, by rounding"
        )


def look_closer(
    original: ReferenceModel,
    path: Path,
    output: int | str | None,
    asked: tuple[NDArray[np.uint8], Rows, Rows],
    further: Sequence[NDArray[np.uint8]],
) -> CloserLook | None:
    """Compute both in float64.

    Args:
        original: the imported module with its source.
        path: the file.
        output: which of its outputs.
        asked: pictures, the module's answers to them and the runtime's.
        further: pictures whose exact answers are wanted as well, (1, height, width, 3) each.

    Returns:
        What came of it; None where there is no reference, or the reference cannot run the file.
    """
    source = original.source
    if source is None or source.kind != "onnx":
        return None
    kind, final = original.contract.output.kind, source.final
    apart, *_ = find_differences(asked[1], asked[2], kind, final)
    order = np.argsort(-apart.max(axis=1), kind="stable")[:MOST]
    pictures, rows, runtime = asked[0][order], asked[1][order], asked[2][order]
    engine, answers, _ = ask(original, path, output, np.concatenate([pictures, *further]), exactly=True)
    if answers is None or answers.shape != (len(pictures) + len(further), rows.shape[1]):
        return None
    exact = answers[: len(pictures)]
    worst, agreement = measure_difference(answer_as_fed(original, pictures), exact, kind, final)
    ours, _ = measure_difference(rows, exact, kind, final)
    theirs, _ = measure_difference(runtime, exact, "probabilities" if final else kind)
    return CloserLook(engine, len(pictures), worst, agreement == 1.0, ours, theirs, answers[len(pictures) :])
