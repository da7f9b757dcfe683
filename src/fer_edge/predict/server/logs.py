"""Logs: one JSON object a line on standard error. No picture, no file name, no address of a client.

{"time": "2026-01-31T12:00:00.123Z", "level": "info", "event": "request", "request_id": "...", "method": "POST",
 "route": "/v1/predict", "status": 200, "seconds": 0.031, "body_bytes": 81237, "code": null}
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any


def log(event: str, *, level: str = "info", **members: Any) -> None:
    """Write one line.

    Args:
        event: a word for programs, such as ``request``.
        level: ``info``, ``warning`` or ``error``.
        members: what else is known of it; nothing that a client sent, unless it is one of a few words.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = json.dumps({"time": now, "level": level, "event": event, **members})
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except (OSError, ValueError):  # nobody reads them any more; requests are to be answered all the same
        return


class JsonLines(logging.Handler):
    """What libraries log, in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; of an exception its type and where it was raised, not its text, which may quote a request."""
        level = "error" if record.levelno >= logging.ERROR else "warning"
        members: dict[str, Any] = {"logger": record.name, "message": record.getMessage().strip()}
        if record.exc_info and record.exc_info[1] is not None:
            members |= _describe(record.exc_info[1])
        log("library", level=level, **members)


def take_over_logging() -> None:
    """Let libraries' warnings and errors through in our form; what the form parser says quotes what clients sent."""
    root = logging.getLogger()
    root.handlers = [JsonLines(logging.WARNING)]
    root.setLevel(logging.WARNING)
    logging.getLogger("python_multipart").disabled = True
    logging.getLogger("python_multipart.multipart").disabled = True


def _describe(error: BaseException) -> dict[str, Any]:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return {"exception": type(error).__name__, "trace": places[-12:]}
