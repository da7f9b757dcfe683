"""The protocol of a runner that answers many pictures for a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from fer_edge.predict.batch.worker import Task, WorkerPlan
from fer_edge.predict.result import PictureResult


class Batch(Protocol):
    """Workers, started on entering the block and ended on leaving it; a module of its own, and a name in ``RUNNERS``."""

    jobs: int
    """How many workers."""

    def __enter__(self) -> Batch:
        """Start the workers; they wait for :meth:`begin`."""

    def __exit__(self, *_: object) -> None:
        """End the workers, whatever they do."""

    def begin(self, plan: WorkerPlan) -> None:
        """Tell the workers what to open."""

    def results(self, tasks: Iterable[Task | PictureResult]) -> Iterator[PictureResult]:
        """The result of each picture, in order.

        Args:
            tasks: a result passes through in its place.

        Raises:
            FerEdgeError: a worker cannot open the model or write an output.
        """
