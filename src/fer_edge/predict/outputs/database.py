"""``--db``: results in a SQLite file that many runs share; what a run that was stopped left there is not computed again."""

from __future__ import annotations

from fer_edge.predict.database.writing import Asked, DatabaseWriter, sha256_of_pixels
from fer_edge.predict.identity import identify_model
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels
from fer_edge.predict.sources.picture import SourcePicture


class StoredResults(Sink):
    """Stores each result in one transaction as it comes; failed pictures are not stored, so that the next run tries them."""

    hashing = True
    remembers = True

    def __init__(self, request: SinkRequest) -> None:
        asked = Asked(
            identify_model(request.model), request.threshold, request.probabilities, request.settings
        )
        self._writer = DatabaseWriter(request.place, asked)

    def write(self, result: PictureResult, pixels: Pixels) -> None:
        """Store it."""
        if result.failure is None:
            self._writer.write(result, result.sha256 or sha256_of_pixels(pixels()))

    def recall(self, picture: SourcePicture, sha256: str) -> PictureResult | None:
        """What is stored of this content, by the same model, variant and settings."""
        return self._writer.recall(picture, sha256)

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()
