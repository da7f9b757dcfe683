"""Docstrings name other objects as Sphinx does, :func:`load`; the site shows such a name as code."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:attr|class|func|meth|mod):(`[^`]+`)")


class Roles(Extension):
    """Takes the roles away, wherever an object has a docstring."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite one docstring."""
        if obj.docstring:
            obj.docstring.value = ROLE.sub(r"\1", obj.docstring.value)
