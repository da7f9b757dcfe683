"""The bridge: a float32 file with the operators from which a smaller precision was made, believed once it answers as PyTorch does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.export.faithful.prover import Prover
from fer_edge.export.faithful.view import View
from fer_edge.export.parity.answers import run
from fer_edge.export.parity.compare import spread
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.engines import find_checkers
from fer_edge.runtime.model import Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.export.faithful.ranges import Observed
    from fer_edge.export.reference_model.inference import Reference
    from fer_edge.runtime.contract import Contract

JUDGED = 24
"""Pictures on which a float file is compared with the original, about."""
REFUTED = 10.0
"""Multiples of the float32 limit beyond which a difference is no matter of rounding."""
PLAIN = "fp32"


@dataclass(eq=False)
class BridgeFile:
    """One float32 file that may be the bridge, read once.

    Attributes:
        path: of the file.
        format: whose file it is.
        contract: of a float32 artifact with the same interface.
        prover: of the format.
        view: the float network in it.
        refuted: whether it is, by ``judge``, so far from the original that nothing made of it can be right.
    """

    path: Path
    format: str
    contract: Contract
    prover: Prover
    view: View = field(init=False)
    refuted: bool = False
    _judged: str | None = None
    _observed: dict[str, Observed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.view = self.prover.view(self.prover.read_graph(self.path))

    def judge(self, reference: Reference) -> str:
        """The reason not to believe it; empty where it answers as the original does, to the float32 limit."""
        if self._judged is None:
            self._judged = self._compare(reference)
        return self._judged

    def _compare(self, reference: Reference) -> str:
        step = max(1, len(reference.pictures) // JUDGED)
        pictures, expected = reference.pictures[::step], np.asarray(reference.probabilities)[::step]
        session = find_checkers(self.format)[0].open(self.path, self.contract, threads=1)
        answers = run(
            Model(self.contract, f"{self.format}-{PLAIN}", self.path, session), self.contract, pictures
        )
        limit = TOLERANCES[PLAIN].at(spread(np.asarray(reference.probabilities))).max_abs
        worst = float(np.abs(answers.astype(np.float64) - expected).max())
        if worst <= limit:
            return ""
        self.refuted = not worst <= REFUTED * limit
        return f"the float file of the same conversion answers {worst:.2g} away from the original, allowed is {limit:.2g}"

    def observe(self, key: str, pictures: NDArray[np.uint8], values: Sequence[str]) -> Observed:
        """Extremes of values on some pictures, measured once.

        Args:
            key: names the pictures.
            pictures: (n, height, width, 3) uint8 RGB after step 6 of the camera spec.
            values: names in the float network.
        """
        if not set(values) <= set(self._observed.get(key, ())):
            inputs = (to_tensor(np.asarray(picture), self.contract) for picture in pictures)
            self._observed[key] = self.prover.observe(self.path, values, inputs)
        return self._observed[key]


@dataclass(eq=False)
class Bridge:
    """The float32 files from which one precision may have been made.

    Args:
        files: likeliest first; each is made when it is asked for, once.
    """

    files: Iterator[BridgeFile]
    _known: list[BridgeFile] = field(default_factory=list)

    def candidates(self) -> Iterator[BridgeFile]:
        """Each of them, in order."""
        yield from self._known
        for file in self.files:
            self._known.append(file)
            yield file
