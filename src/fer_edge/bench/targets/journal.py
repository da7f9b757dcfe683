"""The campaign's journal: what is done is not done again, and what was in flight is.

JSON lines, each synced to the disk before the next step. A line says ``started`` or ``done``; ``done`` carries the
result and its hash. A torn last line, which a power cut leaves, is dropped: its run counts as not done. Anything else that
is not as written here is refused, since a result that was edited is none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fer_edge.bench.results.records import Result
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.schema import Choice, Document, Length, Sha256, refuse

SCHEMA = "fer-edge-journal/1"
LARGEST_LINE = 256 << 20
"""Bytes."""


def key_of(what: Mapping[str, Any]) -> str:
    """The hash of everything that decides a result."""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A line: a run began, or came to its end."""

    schema: Annotated[str, Choice(SCHEMA)] = field(default=SCHEMA, kw_only=True)
    state: Annotated[str, Choice("started", "done")]
    key: Annotated[Sha256, "of what was run"]
    what: Annotated[Mapping[str, Any], "everything that decides the result"]
    result: Annotated[str | None, Length(1, LARGEST_LINE), "the result's text, where it is done"]
    sha256: Annotated[Sha256 | None, "of that text"]

    def check(self) -> None:
        """The key is that of what was run; what is done has a result and its hash."""
        if key_of(self.what) != self.key:
            refuse("key", self.key, "the hash of what was run")
        if (self.result is None) == (self.state == "done"):
            refuse("result", self.result, "a result where the state is done, else null")
        if self.result is not None and _hash(self.result) != self.sha256:
            refuse("sha256", self.sha256, "the hash of the result")


DOCUMENT = Document(JournalEntry, "journal", DataError, limit=LARGEST_LINE, layout="spaced")


class Journal:
    """The file, or nothing where ``path`` is None.

    Raises:
        DataError: the file is not a journal, or a line of it was changed.
        FerEdgeError: not readable, not writable, or another run has it open.
    """

    def __init__(self, path: Path | None) -> None:
        self._done: dict[str, Result] = {}
        self._file = None
        if path is None:
            return
        try:
            self._file = path.open("a+b")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read(path)
        except BlockingIOError:
            self.close()
            raise FerEdgeError(
                f"{path} belongs to a campaign that still runs; wait for it, or name another"
            ) from None
        except OSError as error:
            self.close()
            raise FerEdgeError(f"cannot use the journal {path}: {error.strerror or error}") from None
        except DataError:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def find(self, what: Mapping[str, Any]) -> Result | None:
        """The result of a run that is done."""
        return self._done.get(key_of(what))

    def note_start(self, what: Mapping[str, Any]) -> None:
        """A run begins."""
        self._write("started", what, None)

    def done(self, what: Mapping[str, Any], result: Result) -> None:
        """A run came to its end; it will not be repeated."""
        self._write("done", what, result)
        self._done[key_of(what)] = result

    def _write(self, state: str, what: Mapping[str, Any], result: Result | None) -> None:
        if self._file is None:
            return
        text = None if result is None else result.to_json()
        entry = JournalEntry(state, key_of(what), dict(what), text, None if text is None else _hash(text))
        try:
            self._file.write(DOCUMENT.write(entry).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise FerEdgeError(
                f"cannot write the journal {self._file.name}: {error.strerror or error}"
            ) from None

    def _read(self, path: Path) -> None:
        assert self._file is not None
        self._file.seek(0)
        data = self._file.read()
        whole, _, torn = data.rpartition(b"\n")
        if torn:
            self._file.truncate(len(data) - len(torn))
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                self._take(line)
            except DataError as error:
                raise DataError(f"{path}, line {number}: {error}; move the file away to begin anew") from None

    def _take(self, line: bytes) -> None:
        entry = DOCUMENT.read(line)
        if entry.result is not None:
            self._done[entry.key] = Result.parse(entry.result)
