"""The web page as ``make web`` built it: static files that open the bundle in the folder ``bundle`` beside them.

``fer-predict serve`` hands them out as they are, ``fer-export --web`` copies them. ``page.json`` lists them with their hashes.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Annotated

from fer_edge.runtime.atomic import write_text
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.manifest import BundlePath, FileEntry
from fer_edge.runtime.schema import SORTED, Choice, Document

SCHEMA = "fer-edge-page/1"
LIST = "page.json"
START = "index.html"
BUNDLE = "bundle"
"""The folder beside ``START`` from which the page takes its model."""

_POLICY = re.compile(r'<meta\s+http-equiv="Content-Security-Policy"\s+content="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageList:
    """The document ``page.json``."""

    schema: Annotated[str, Choice(SCHEMA)]
    files: Annotated[Mapping[BundlePath, FileEntry], SORTED, "every file of the page but this list"]


DOCUMENT = Document(PageList, LIST, FerEdgeError, layout="indented")


@dataclass(frozen=True, slots=True)
class WebPage:
    """A built page.

    Attributes:
        folder: where its files lie.
        files: each file's POSIX path and hash; ``page.json`` is not among them.
    """

    folder: Path
    files: Mapping[str, FileEntry]

    @property
    def content_security_policy(self) -> str:
        """What the page itself demands of browsers in its ``meta`` element; a server sends the same as a header.

        Raises:
            FerEdgeError: the page demands nothing.
        """
        found = _POLICY.search((self.folder / START).read_text(encoding="utf-8"))
        if found is None:
            raise FerEdgeError(
                f"{self.folder / START} has no Content-Security-Policy; build it again: make web"
            )
        return " ".join(unescape(found[1]).split())

    def copy(self, target: Path) -> None:
        """Copy the page with its list into a folder that exists, comparing every file with its hash.

        Raises:
            FerEdgeError: a file is missing or changed.
        """
        for name, entry in self.files.items():
            data = _read(self.folder / name)
            if len(data) != entry.bytes or hashlib.sha256(data).hexdigest() != entry.sha256:
                raise FerEdgeError(
                    f"{self.folder / name} was changed after it was built; build it again: make web"
                )
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        (target / LIST).write_text(DOCUMENT.write(PageList(SCHEMA, self.files)), encoding="utf-8")


def built_folder() -> Path:
    """Where ``make web`` puts the page of this installation."""
    return Path(str(importlib.resources.files("fer_edge.web_page") / "built"))


def open_web_page(folder: Path | None = None) -> WebPage:
    """The page of this installation.

    Args:
        folder: another built page.

    Raises:
        FerEdgeError: it was not built, or a file of it is missing; the message says the command that builds it.
    """
    place = folder or built_folder()
    if not (place / LIST).is_file():
        raise FerEdgeError(
            f"the web page is not built: {place} has no {LIST}; build it in a checkout of fer-edge with Node: make web"
        )
    listed = DOCUMENT.read(_read(place / LIST))
    missing = [name for name in listed.files if not (place / name).is_file()]
    if START not in listed.files or missing:
        raise FerEdgeError(f"the web page lacks {', '.join(missing[:3]) or START}; build it again: make web")
    return WebPage(place, listed.files)


def pack(built: Path, target: Path) -> None:
    """Take what the bundler wrote as the page of this installation.

    Args:
        built: Vite's output.
        target: replaced by a copy with its list.
    """
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(built, fresh)
    files = {}
    for path in sorted(fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if path.is_file():
            data = path.read_bytes()
            name = path.relative_to(fresh).as_posix()
            files[name] = FileEntry(hashlib.sha256(data).hexdigest(), len(data))
    write_text(fresh / LIST, DOCUMENT.write(PageList(SCHEMA, files)))
    shutil.rmtree(target, ignore_errors=True)
    fresh.replace(target)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FerEdgeError(
            f"cannot read {path}: {error.strerror or error}; build it again: make web"
        ) from None
