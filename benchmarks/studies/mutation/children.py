"""Work in a process of its own: an engine that aborts, hangs or leaks costs that piece and nothing else."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LEAVE = os._exit
"""The real one: exports of networks of a user's file make ``os._exit`` raise."""


def in_child(work: Callable[[], Any], seconds: float, log: Path) -> Any:
    """What ``work`` returns, through JSON, from a fork of this process.

    Args:
        work: is run in the fork, which inherits everything that was imported and made.
        seconds: after so many it is killed.
        log: what it and its libraries print.

    Returns:
        The value; ``{"crash": reason}`` where the fork ended without one.
    """
    sys.stdout.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _answer(work, writer, log)
    os.close(writer)
    data = _read(reader, seconds)
    os.close(reader)
    if data is None:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if data is None:
        return {"crash": f"took more than {seconds:.0f} seconds"}
    return json.loads(data) if data else {"crash": f"ended with {os.waitstatus_to_exitcode(status)}"}


def _answer(work: Callable[[], Any], writer: int, log: Path) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        answer = json.dumps(work()).encode()
        while answer:
            answer = answer[os.write(writer, answer) :]
        _LEAVE(0)
    except BaseException:  # noqa: BLE001 - the fork's last frame
        traceback.print_exc()
        sys.stderr.flush()
        _LEAVE(1)


def _read(reader: int, seconds: float) -> bytes | None:
    found, until = b"", time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        piece = os.read(reader, 1 << 16)
        if not piece:
            return found
        found += piece
