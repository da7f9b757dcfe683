"""The frame around a command: every ending becomes an exit code and one sentence.

| raised                                   | exit | standard error                                              |
|------------------------------------------|------|-------------------------------------------------------------|
| ``FerEdgeError``                         | its ``exit_code`` (1, 3) | ``Error: `` and the message             |
| ``click.UsageError``, ``BadParameter``   | 2    | the usage line and the reason                               |
| ``OSError``                              | 1    | the file and the system's reason                            |
| any other exception                      | 1    | its type, its first line and how to see the traceback       |
| ``SystemExit``: somebody's code ended us | 1    | that it did so; 130 and 143 stay what they are              |
| Ctrl-C                                   | 130  | ``Stopped.``                                                |
| SIGTERM (:class:`Terminated`)            | 143  | ``Stopped by SIGTERM.``                                     |
| reader of the output gone (closed pipe)  | 1    | nothing                                                     |

Under ``--json`` standard output carries exactly one document in every case: the command's result, or, when it ended
without one, ``{"error": {"message": "...", "exit_code": 1}}``.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from fer_edge.console.output import Output
from fer_edge.runtime.errors import FerEdgeError

LONGEST_LINE = 300
"""Characters of an unexpected error's text."""
INTERRUPTED = 130
"""128 + SIGINT, what shells report for a program stopped by Ctrl-C."""
TERMINATED = 143
"""128 + SIGTERM."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came: whatever cleans up after Ctrl-C cleans up after it as well."""


def run_framed(body: Callable[[], Any], output: Output) -> int:
    """Run ``body`` and turn its ending into an exit code (see the table above)."""
    code, message = 0, ""
    with _python_warnings(output), _sigterm():
        try:
            result = body()
            # click returns the code of ctx.exit() (--help, --version) in this mode.
            code = result if isinstance(result, int) and not isinstance(result, bool) else 0
            if sys.stdout is not None:
                sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - the last frame: nothing may leave as a traceback
            code, message = _ending(error, output)
    if code and output.json and not output.documents and message:
        _result_or_silence(output, {"error": {"message": message, "exit_code": code}})
    return code


def _ending(error: BaseException, output: Output) -> tuple[int, str]:
    """Write why the command stops; exit code and message."""
    if output.debug:
        traceback.print_exception(error)
    if _reader_gone(error):
        _silence_stdout()
        return 1, ""
    stopped = _stopped(error)
    if stopped:
        sys.stderr.write(f"S{stopped[1][1:]}.\n")
        return stopped
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code, error.format_message()
    code, message = (error.exit_code if isinstance(error, FerEdgeError) else 1), _sentence(error)
    output.error(message)
    return code, message


def _stopped(error: BaseException) -> tuple[int, str] | None:
    """The exit code of a command that a person or the system stopped, and the word for it."""
    for each in (error, error.__cause__):
        if isinstance(each, Terminated):
            return TERMINATED, "stopped by SIGTERM"
        if isinstance(each, KeyboardInterrupt):
            return INTERRUPTED, "stopped"
    if isinstance(error, SystemExit) and error.code in (INTERRUPTED, TERMINATED):
        return int(error.code), "stopped"
    return None


def _reader_gone(error: BaseException) -> bool:
    """True if it is a closed pipe; click has mostly seen it first, and ends with 1 and a wrapped standard output."""
    wrapped = isinstance(error, SystemExit) and type(sys.stdout).__name__.endswith("PacifyFlushWrapper")
    return wrapped or (isinstance(error, OSError) and error.errno == errno.EPIPE)


def _sentence(error: BaseException) -> str:
    if isinstance(error, FerEdgeError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return f"{names}: {error.strerror}" if names else error.strerror
    if isinstance(error, SystemExit):
        # No command of ours ends this way, and somebody's 0 must not pass for a result.
        return (
            f"code that this command ran called sys.exit({_short(error.code)}) before it was done; "
            "run again with --debug to see where"
        )
    first = next(iter(str(error).strip().splitlines()), "")[:LONGEST_LINE]
    said = f": {first}" if first else ""
    return f"unexpected {type(error).__name__}{said} (run again with --debug to see the traceback)"


def _short(value: object) -> str:
    text = "" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _result_or_silence(output: Output, document: dict[str, Any]) -> None:
    try:
        output.result(document, "")
    except OSError:
        _silence_stdout()


def _silence_stdout() -> None:
    """Let the interpreter's last flush go nowhere: the reader is gone, which is its right."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return


@contextmanager
def _sigterm() -> Iterator[None]:
    """SIGTERM as an exception while the block runs, so that children end and half-made files go.

    Only the first one counts: ``timeout`` sends it twice, and the second must not tear the cleaning up.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    if (
        before is not signal.SIG_DFL
    ):  # somebody else's business: ignored by the parent, or a frame around this one
        yield
        return

    def stop(number: int, frame: object) -> None:  # noqa: ARG001 - the signature is Python's
        signal.signal(signal.SIGTERM, lambda *_: None)
        raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _python_warnings(output: Output) -> Iterator[None]:
    """Libraries' warnings are for developers: one line each with ``--debug``, nothing otherwise.

    Only the display is replaced, so filters that make warnings errors keep working.
    """

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
    ) -> None:
        if output.debug:
            output.say(f"{category.__name__} at {filename}:{lineno}: {message}")

    before = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
