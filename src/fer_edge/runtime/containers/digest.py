"""A digest of an artifact's own bytes, stored inside it, so that a lone file shows that a byte of it was changed.

In the metadata of every format lies, under the key ``fer_edge_sha256`` (TorchScript: as the comment of the zip archive)::

    fer-edge-sha256:<64 lower-case hexadecimal digits>:fer-edge-sha256

The digits are SHA-256 of the file with these 64 digits blanked (64 times ``0``). Of a package (a folder) it is SHA-256
over each file in order of its relative POSIX path: path, zero byte, size in decimal, zero byte, content. The word stands
on both sides so that no single changed byte makes a file look like one of an older version, which has no digest.

It tells accidents, not attackers: who rewrites a file can rewrite its digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from fer_edge.runtime.errors import BundleError

DIGEST_KEY = "fer_edge_sha256"
_WORD = b"fer-edge-sha256"
_ZEROS = b"0" * 64
BLANK_DIGEST = (_WORD + b":" + _ZEROS + b":" + _WORD).decode()
"""The placeholder that a writer stores before it seals the file."""

_FORM = re.compile(_WORD + rb":([0-9a-f]{64}):" + _WORD)
_CHUNK = 1 << 20


def seal(data: bytes) -> bytes:
    """A file's bytes with the digest in the place of its one ``BLANK_DIGEST``."""
    return seal_package({"": data})[""]


def seal_package(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same for a package.

    Args:
        files: content by relative POSIX path; one of them holds ``BLANK_DIGEST``, once. The empty path: a lone file.

    Raises:
        ValueError: the place is missing or there are several.
    """
    blank = BLANK_DIGEST.encode()
    if sum(content.count(_WORD) for content in files.values()) != 2:
        raise ValueError("a file to be sealed holds one blank digest")
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(_heading(name, len(files[name])))
        digest.update(files[name])
    filled = _WORD + b":" + digest.hexdigest().encode() + b":" + _WORD
    return {name: content.replace(blank, filled) for name, content in files.items()}


def check_digest(path: Path) -> bool:
    """Compare an artifact with the digest inside it.

    Args:
        path: a file, or a package's folder.

    Returns:
        False where it has none (written by an older version).

    Raises:
        BundleError: it was changed after it was written, or cannot be read.
    """
    try:
        files = _files(path)
        places = [(name, offset) for name, file in files.items() for offset in _words(file)]
        if not places:
            return False
        name, offset = places[0]
        stored = _stored(files[name], offset) if len(places) == 2 else None
        found = _digest(files, name, offset + len(_WORD) + 1) if stored else ""
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror or error}") from None
    if stored is None:
        raise BundleError(f"{path.name} was changed: the digest inside it is damaged; {_ADVICE}")
    if found != stored:
        raise BundleError(
            f"{path.name} was changed: its SHA-256 is {found}, but the digest inside it says {stored}; {_ADVICE}"
        )
    return True


_ADVICE = "take the original file or export it again"


def _files(path: Path) -> dict[str, Path]:
    """Every file of a package by relative path in order; a lone file under the empty name."""
    if not path.is_dir():
        return {"": path}
    found = {place.relative_to(path).as_posix(): place for place in path.rglob("*") if place.is_file()}
    return dict(sorted(found.items()))


def _heading(name: str, size: int) -> bytes:
    return name.encode("utf-8", "surrogateescape") + b"\0%d\0" % size if name else b""


def _words(path: Path) -> Iterator[int]:
    """Offsets of the word, at most three: two are right."""
    found, before, tail = 0, 0, b""
    with path.open("rb") as file:
        while (chunk := file.read(_CHUNK)) and found < 3:
            window = tail + chunk
            for match in re.finditer(re.escape(_WORD), window):
                found += 1
                yield before - len(tail) + match.start()
            before += len(chunk)
            tail = window[1 - len(_WORD) :]


def _stored(path: Path, offset: int) -> str | None:
    with path.open("rb") as file:
        file.seek(offset)
        match = _FORM.fullmatch(file.read(len(BLANK_DIGEST)))
    return match[1].decode() if match else None


def _digest(files: Mapping[str, Path], holder: str, blank: int) -> str:
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(_heading(name, path.stat().st_size))
        with path.open("rb") as file:
            if name == holder:
                _feed(digest, file, blank)
                digest.update(_ZEROS)
                file.seek(blank + len(_ZEROS))
            _feed(digest, file, path.stat().st_size)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, file: BinaryIO, length: int) -> None:
    """Hash up to ``length`` further bytes."""
    while length > 0 and (chunk := file.read(min(_CHUNK, length))):
        digest.update(chunk)
        length -= len(chunk)
