"""A result as a file: how large it may be, and the strict reader of its members."""

from __future__ import annotations

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.strict_json import StrictJson

LARGEST_RESULT = 256 << 20
"""Bytes: some twenty million samples."""

JSON = StrictJson("benchmark result", DataError, LARGEST_RESULT)
