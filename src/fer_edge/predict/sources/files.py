"""Picture files, and folders of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from fer_edge.faces.picture_files import describe_left_out, find_pictures
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.predict.sources.source import Pictures, SourceOptions
from fer_edge.runtime.errors import PictureError


class PictureFiles:
    """A picture file, or a folder whose pictures are all read, ordered by their path in it."""

    name = "picture files and folders of them"

    def recognizes(self, text: str, found: str) -> bool:  # noqa: ARG002
        """What exists as a file or folder."""
        return found in {"file", "folder"}

    def open(self, text: str, options: SourceOptions) -> Pictures:
        """List the pictures.

        Raises:
            PictureError: a folder without pictures.
        """
        path = Path(text)
        if not path.is_dir():
            return Pictures([SourcePicture(path.name, text, path)])
        here = Counter[str]()
        found = [
            SourcePicture(file.relative_to(path).as_posix(), text, file) for file in find_pictures(path, here)
        ]
        if not found:
            raise PictureError(f"{path} holds no pictures{f'; {describe_left_out(here)}' if here else ''}")
        options.left_out.update(here)
        return Pictures(found)


FILES = PictureFiles()
