"""What the proof of a file needs of its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from fer_edge.export.faithful.graph import Graph
from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.faithful.view import View

Compute = Callable[[Path, NDArray[Any]], Mapping[str, NDArray[Any]]]
"""A float32 file and its input -> every value inside that can be computed, by its name in the view."""


class Prover(Protocol):
    """What reads a format's files and runs its float32 ones."""

    RULES: Mapping[str, Rule]
    """By which the converter takes an activation's range from calibration images: name -> rule."""

    KINDS: Mapping[str, Kind]
    """The format's operators that have weights."""

    COMPUTE: Compute | None
    """Where the format's engine hands out nothing from inside (no recorders), what computes it all the same; None elsewhere."""

    def least_scale(self, operator: str) -> float:
        """The scale below which the quantizer takes none for a constant.

        Args:
            operator: that reads the constant.
        """

    def read_graph(self, path: Path) -> Graph:
        """A file as a neutral graph.

        Raises:
            BundleError: the file cannot be read.
        """

    def view(self, graph: Graph) -> View:
        """The float network that a file's graph stands for."""

    def observe(self, path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:
        """Run a float32 file and note each value's extremes on each input, in order.

        Args:
            path: of the file.
            values: names as in its graph; one that is not computed is left out of the answer.
            inputs: what the file takes.
        """
