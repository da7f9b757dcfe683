"""A way to a device: run a command there, copy a file there and back. adb and ssh are two of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_MARK = "fer-edge-exit:"
_ENDING = re.compile(rf"\n?{_MARK}(\d+)\s*\Z")


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that came to its end on the device.

    Attributes:
        code: its exit code.
        out: what it said on both streams: older devices do not tell them apart, so nobody may rely on it.
    """

    code: int
    out: str


class Connection(Protocol):
    """One device.

    Attributes:
        label: the device in sentences.
        serial: what tells it from others of its model.
        folder: the one that is ours on it.
    """

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def serial(self) -> str: ...  # noqa: D102
    @property
    def folder(self) -> str: ...  # noqa: D102

    def remember_boot(self, boot: str) -> None:
        """Take down the boot id: after a broken connection it tells a restart from a loose cable."""
        ...

    def run(self, command: str, *, stage: str, timeout: float = 60.0) -> Finished:
        """Run a POSIX shell's command to its end.

        Args:
            command: for ``sh``.
            stage: what it belongs to, for sentences: ``"run"``.
            timeout: seconds.

        Raises:
            DeviceFault: the connection broke before the command's end, or the time is over.
        """
        ...

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to the device.

        Raises:
            DeviceFault: not copied to its end.
        """
        ...

    def pull(self, remote: str) -> bytes:
        """Copy a file from the device.

        Raises:
            DeviceFault: not copied to its end.
        """
        ...


def wrapped(command: str) -> str:
    """``command`` so that its end shows: neither old adb daemons nor broken cables tell an exit code from 0."""
    return f"(\n{command}\n) 2>&1\nstatus=$?; echo; echo {_MARK}$status"


def unwrapped(text: str) -> tuple[str, int] | None:
    """Output and exit code of a :func:`wrapped` command; None if it did not come to its end."""
    found = _ENDING.search(text := text.replace("\r\n", "\n"))
    return (text[: found.start()], int(found[1])) if found else None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
