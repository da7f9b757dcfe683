"""What a format gives to the proof of its files; its module is named in the format's ``FormatEntry``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from fer_edge.export.faithful.graph import Graph
from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.faithful.view import View

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Request


class Prover(Protocol):
    """The module of one format."""

    RULES: Mapping[str, Rule]
    """By which the converter takes an activation's range from calibration images: name -> rule."""

    KINDS: Mapping[str, Kind]
    """The format's operators that have weights."""

    def read_graph(self, path: Path) -> Graph:
        """A file as a neutral graph.

        Raises:
            BundleError: the file cannot be read.
        """

    def view(self, graph: Graph) -> View:
        """The float network that a file's graph stands for."""

    def make_bridges(self, request: Request, fp32: Path | None) -> Iterator[Path]:
        """The float32 files from which the request's precision may have been made, the likeliest and cheapest first.

        Each has the tensor or image interface of the variant, float32 in and out. They are made when they are asked for.

        Args:
            request: its ``path`` is a place for such a file; no calibration is needed.
            fp32: the delivered float32 file of the same interface, where there is one.

        Raises:
            ExportError: the converter refused.
        """

    def observe(self, path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:
        """Run a float32 file and note each value's extremes on each input, in order.

        Args:
            path: of the file.
            values: names as in its graph; one that is not computed is left out of the answer.
            inputs: what the file takes.
        """
