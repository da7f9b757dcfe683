"""``GET /v1/images``: what the database holds, a page at a time."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from fer_edge.predict.database.file import open_for_reading, told
from fer_edge.predict.database.reading import read_images
from fer_edge.predict.server.documentation import ImagesQuery
from fer_edge.predict.server.refusals import Refusal
from fer_edge.runtime.errors import FerEdgeError


def read_page(database: Path, query: ImagesQuery) -> dict[str, Any]:
    """A page of stored pictures in their order, and where the next begins.

    The file is opened each time: a batch may write to it meanwhile, or put another in its place.

    Raises:
        Refusal: it cannot be read now.
    """
    try:
        with closing(open_for_reading(database)) as connection, told(database):
            found = list(read_images(connection, after=query.after, limit=query.limit + 1))
    except FerEdgeError as error:
        raise Refusal("database-failed", str(error).replace(str(database), database.name)) from error
    page = found[: query.limit]
    return {
        "images": [image.entry(query.threshold, query.probabilities) for image in page],
        "next": page[-1].position if len(found) > len(page) else None,
    }
