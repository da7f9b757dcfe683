"""The result on standard output: the table for people, the document under ``--json``."""

from __future__ import annotations

from fer_edge.predict.outputs.document import prediction_document
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.outputs.table import report
from fer_edge.predict.result import PictureResult, Pixels


class PrintedResult(Sink):
    """Collects the results and prints them once all are there."""

    def __init__(self, request: SinkRequest) -> None:
        self._found: list[PictureResult] = []
        self._request = request

    def write(self, result: PictureResult, pixels: Pixels) -> None:  # noqa: ARG002
        """Keep it."""
        self._found.append(result)

    def finish(self) -> None:
        """Print."""
        asked, output = self._request, self._request.output
        threshold, probabilities = asked.threshold, asked.probabilities
        output.result(
            prediction_document(self._found, threshold=threshold, probabilities=probabilities),
            report(self._found, threshold=threshold, probabilities=probabilities, width=output.width),
        )
