"""The truth as COCO's detection annotations, which most labeling programs export.

``{"images": [{"id", "file_name"}], "annotations": [{"image_id", "category_id", "bbox": [x, y, width, height], "iscrowd"}],
"categories": [{"id", "name"}]}`` (https://cocodataset.org/#format-data). A category is an emotion, or one of ``face``, ``head`` and
``person``, whose boxes count for finding alone. ``iscrowd`` 1 and boxes without area are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fer_edge.predict.evaluation.truth.form import TrueFace, Truth, corners
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import canonical
from fer_edge.runtime.schema import OPTIONAL, Document, Length, Range

NO_EMOTION = frozenset({"face", "faces", "head", "person"})
Number = Annotated[int, Range(-(1 << 63), 1 << 63)]


@dataclass(frozen=True)
class CocoImage:
    """A picture."""

    id: Number
    file_name: Annotated[str, Length(1, 4096)]


@dataclass(frozen=True)
class CocoCategory:
    """What a box may be of."""

    id: Number
    name: str


@dataclass(frozen=True)
class CocoAnnotation:
    """A box."""

    image_id: Number
    category_id: Number
    bbox: Annotated[tuple[float, ...], Length(4, 4)]
    iscrowd: Annotated[int, Range(0, 1), OPTIONAL] = 0


@dataclass(frozen=True)
class CocoFile:
    """The document."""

    images: Annotated[tuple[CocoImage, ...], Length(0, 10_000_000)]
    annotations: Annotated[tuple[CocoAnnotation, ...], Length(0, 50_000_000)]
    categories: tuple[CocoCategory, ...]


_DOCUMENT = Document(CocoFile, "COCO annotations", FerEdgeError, limit=1 << 28, lenient=True)


class CocoTruth:
    """COCO's detection annotations."""

    name = "COCO JSON (images, annotations, categories)"

    def recognizes(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        """A JSON object with annotations."""
        return data.lstrip()[:1] == b"{" and b'"annotations"' in data

    def read(self, data: bytes, called: str) -> Truth:
        """The faces by file name.

        Raises:
            FerEdgeError: not of that form; a name or id that occurs twice; an id that nothing has.
        """
        document = _DOCUMENT.read(data, called)
        names = {image.id: image.file_name for image in document.images}
        found: Truth = {name: [] for name in names.values()}
        if len(found) != len(document.images):
            raise FerEdgeError(f"{called}: two images have the same id or file_name; each needs its own")
        words = {category.id: category.name for category in document.categories}
        for number, entry in enumerate(document.annotations):
            if entry.image_id not in names or entry.category_id not in words:
                raise FerEdgeError(
                    f"{called}: annotations[{number}] has image_id {entry.image_id} and category_id {entry.category_id}; "
                    "allowed: ids that images and categories have"
                )
            word = words[entry.category_id]
            box = corners(f"{called}: annotations[{number}]", *entry.bbox)
            if box is not None:
                emotion = None if word.lower() in NO_EMOTION else canonical(word.lower())
                found[names[entry.image_id]].append(TrueFace(box, emotion, bool(entry.iscrowd)))
        return found


COCO = CocoTruth()
