"""Refusals: every answer that is no result, as a status, a word that stays and a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

STATUSES: dict[str, int] = {
    "bad-request": 400,
    "bad-form": 400,
    "unauthorized": 401,
    "not-found": 404,
    "no-database": 404,
    "wrong-method": 405,
    "slow-request": 408,
    "too-large": 413,
    "unsupported-type": 415,
    "wrong-host": 421,
    "bad-parameter": 422,
    "busy": 429,
    "headers-too-large": 431,
    "crashed": 500,
    "internal": 500,
    "bundle-changed": 503,
    "database-failed": 503,
    "no-worker": 503,
    "time-limit": 503,
    "too-many-connections": 503,
}
"""The server's codes. What is wrong with a picture has the codes of :mod:`fer_edge.predict.failures` and, if it is not among
these, status 422."""

PICTURE_STATUS = 422


class Refusal(Exception):
    """An answer that is no result.

    Args:
        code: of ``STATUSES``, or of a picture's failure.
        message: a sentence: what came, what is allowed, what to do.
        headers: of the answer, besides.
    """

    def __init__(self, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUSES.get(code, PICTURE_STATUS)
        self.message = message
        self.headers = dict(headers or {})


def error_document(code: str, message: str) -> dict[str, Any]:
    """The document of every refusal."""
    return {"error": {"code": code, "message": message}}


def error_body(code: str, message: str) -> bytes:
    """The document as JSON; what of the message is no Unicode is escaped."""
    return json.dumps(error_document(code, message)).encode("ascii") + b"\n"
