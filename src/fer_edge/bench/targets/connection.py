"""A connection to a device: commands, and files that are proven by their hash. adb and ssh are two of them."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fer_edge.bench.targets.errors import DeviceError, last_line

BOOT_ID = "cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown"
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

    def check(self, device: str, runner: str, kinds: Mapping[int, str], signals: Mapping[int, str]) -> None:
        """Refuse an end that is no success.

        Args:
            device: for sentences.
            runner: the same.
            kinds: of errors that codes have of their own.
            signals: names of some.

        Raises:
            DeviceError: of the code's kind.
        """
        if self.code == 0:
            return
        said = last_line(self.out)
        if self.code in kinds:
            raise DeviceError(kinds[self.code], device=device, runner=runner, detail=said)
        if self.code > 128:
            number = self.code - 128
            ending = (
                f"signal {number}, {signals.get(number, 'see kill -l')}" if signals else f"signal {number}"
            )
            raise DeviceError("runner-crashed", runner=runner, device=device, ending=ending, detail=said)
        raise DeviceError("runner-failed", runner=runner, device=device, code=self.code, detail=said)


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
            DeviceError: the connection broke before the command's end, or the time is over.
        """
        ...

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to the device.

        Raises:
            DeviceError: not copied to its end.
        """
        ...

    def pull(self, remote: str) -> bytes:
        """Copy a file from the device.

        Raises:
            DeviceError: not copied to its end.
        """
        ...


def wrap(command: str) -> str:
    """``command`` so that its end shows: neither old adb daemons nor broken cables tell an exit code from 0."""
    return f"(\n{command}\n) 2>&1\nstatus=$?; echo; echo {_MARK}$status"


def unwrap(text: str) -> tuple[str, int] | None:
    """Output and exit code of a :func:`wrap` command; None if it did not come to its end."""
    found = _ENDING.search(text := text.replace("\r\n", "\n"))
    return (text[: found.start()], int(found[1])) if found else None


def push_error(device: str, local: Path, remote: str, said: str) -> DeviceError:
    """The error of a file that was not copied, by what the device or the program said."""
    detail = last_line(said)
    if "No space left" in said:
        return DeviceError("storage-full", device=device, path=local.name, bytes=local.stat().st_size)
    if any(words in said for words in ("denied", "Read-only", "not permitted")):
        return DeviceError("permission-denied", device=device, path=remote, detail=detail)
    return DeviceError("push-failed", device=device, path=local.name, detail=detail)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_SUM = re.compile(r"(?m)^\\?([0-9a-f]{64})\s")


def push_file(connection: Connection, local: Path, *, executable: bool = False) -> str:
    """Put a file into our folder on the device.

    Args:
        connection: to the device.
        local: the file here.
        executable: whether it is a program.

    Returns:
        Its path there: a name that begins with its hash, so that two files of one name do not meet.

    Raises:
        DeviceError: no room, no right, a broken connection, or other bytes arrived than were sent.
    """
    wanted = sha256_of(local)
    # The name goes through shells: only what needs no quotes is kept of it.
    name = re.sub(r"[^A-Za-z0-9._-]", "_", local.name)
    remote = f"{connection.folder}/{wanted[:16]}-{name}"
    if _hash_there(connection, remote, local, executable) != wanted:
        connection.push(local, remote)
        found = _hash_there(connection, remote, local, executable)
        if found != wanted:
            connection.run(f"rm -f {shlex.quote(remote)}", stage="cleaning")
            raise DeviceError(
                "hash-mismatch",
                device=connection.label,
                path=local.name,
                found=found or "none",
                wanted=wanted,
            )
    return remote


def _hash_there(connection: Connection, remote: str, local: Path, executable: bool) -> str:
    """SHA-256 of the file on the device, empty where it is not there; makes our folder and the program's right."""
    path, folder = shlex.quote(remote), shlex.quote(connection.folder)
    right = f"chmod 755 {path}; " if executable else ""
    made = connection.run(
        f"mkdir -p {folder} || exit 9\n[ -e {path} ] || exit 0\n{right}sha256sum {path} || exit 8",
        stage="push",
    )
    detail = last_line(made.out)
    if made.code == 9 and "No space left" in detail:
        size = local.stat().st_size
        raise DeviceError("storage-full", device=connection.label, path=local.name, bytes=size)
    if made.code == 9:
        raise DeviceError("permission-denied", device=connection.label, path=connection.folder, detail=detail)
    if made.code:
        raise DeviceError("hash-unreadable", device=connection.label, detail=detail)
    found = _SUM.search(made.out)
    return found[1] if found else ""


def pull_file(connection: Connection, remote: str) -> bytes:
    """Fetch a file from the device and compare its length and hash with what the device says.

    Raises:
        DeviceError: not there, not whole, or changed on the way.
    """
    path = shlex.quote(remote)
    said = connection.run(f"sha256sum {path} && wc -c <{path}", stage="pull")
    found = re.search(r"([0-9a-f]{64})\s[^\n]*\n\s*(\d+)\s*\Z", said.out)
    if said.code or not found:
        detail = last_line(said.out)
        raise DeviceError("pull-failed", device=connection.label, path=remote, detail=detail)
    data = connection.pull(remote)
    if len(data) != int(found[2]):
        raise DeviceError(
            "result-truncated", device=connection.label, detail=f"{len(data)} of {found[2]} bytes came"
        )
    if hashlib.sha256(data).hexdigest() != found[1]:
        raise DeviceError("result-truncated", device=connection.label, detail="its hash changed on the way")
    return data


def remove_folder(connection: Connection) -> None:
    """Remove our folder, and end what still runs from it.

    Raises:
        DeviceError: the connection broke.
    """
    folder = shlex.quote(connection.folder)
    connection.run(
        f"[ -f {folder}/pid ] && kill $(cat {folder}/pid) 2>/dev/null\nrm -rf {folder}", stage="cleaning"
    )
