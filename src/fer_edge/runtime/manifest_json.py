"""The manifest as a file: its name, how large it may be, and the strict reader of its members."""

from __future__ import annotations

from fer_edge.runtime.errors import BundleError
from fer_edge.runtime.strict_json import StrictJson

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 16 << 20
"""Bytes."""

JSON = StrictJson(MANIFEST, BundleError, LARGEST_MANIFEST)
