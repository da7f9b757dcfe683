"""The formats that fer-edge writes: one file each and one line here."""

from __future__ import annotations
