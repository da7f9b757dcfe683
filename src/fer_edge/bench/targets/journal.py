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
from pathlib import Path
from typing import Any

from fer_edge.bench.results.records import Result
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.strict_json import StrictJson

SCHEMA = "fer-edge-journal/1"
_JSON = StrictJson("journal", DataError, 256 << 20)
_MEMBERS = ("schema", "state", "key", "what", "result", "sha256")


def key_of(what: Mapping[str, Any]) -> str:
    """The hash of everything that decides a result."""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


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

    def started(self, what: Mapping[str, Any]) -> None:
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
        members = {
            "schema": SCHEMA,
            "state": state,
            "key": key_of(what),
            "what": dict(what),
            "result": text,
            "sha256": None if text is None else hashlib.sha256(text.encode()).hexdigest(),
        }
        try:
            self._file.write(json.dumps(members).encode() + b"\n")
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
        members = _JSON.members(_JSON.load(line), "", _MEMBERS)
        _JSON.choice(members["schema"], "schema", (SCHEMA,))
        if not isinstance(members["what"], dict) or key_of(members["what"]) != members["key"]:
            _JSON.fail("key", members["key"], "the hash of what was run")
        if _JSON.choice(members["state"], "state", ("started", "done")) == "started":
            return
        text = _JSON.string(members["result"], "result", most=256 << 20)
        if hashlib.sha256(text.encode()).hexdigest() != members["sha256"]:
            _JSON.fail("sha256", members["sha256"], "the hash of the result")
        self._done[members["key"]] = Result.parse(text)
