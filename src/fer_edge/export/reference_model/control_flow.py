"""Networks whose Python decides by values: every exported file would hold the one way that an example took."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.train.models.foreign import RAISED

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.export.capture.recording import Place

SHOWN = 80
"""Characters of somebody's code in a message."""


def refuse_decisions(module: nn.Module, contract: Contract) -> None:
    """Raise if Python reads a number that depends on the picture, other than to raise an error.

    It does not matter which way the pictures at hand take: other pictures may take another.

    Raises:
        ExportError: names the line.
    """
    from fer_edge.export.capture.recording import record
    from fer_edge.export.capture.wrappers import make_example_tensor

    try:
        with redirect_stdout(None):
            read = record(module, make_example_tensor(contract)).read
    except RAISED:  # what the module raises is said where its answers are asked for
        return
    place = next((place for place in read if not _is_guard(place)), None)
    if place is not None:
        text = linecache.getline(place.file, place.line).strip()
        raise ExportError(
            f"the network decides in Python by values that depend on the picture, at {Path(place.file).name}:{place.line}"
            f"{f' ({text[:SHOWN]})' if text else ''}: an exported file would always go the way that one example took; "
            "compute it with tensors instead, such as torch.where"
        )


def _is_guard(place: Place) -> bool:
    """Whether the line only decides if an error is raised: an ``assert``, or an ``if`` that does nothing else."""
    try:
        tree = ast.parse("".join(linecache.getlines(place.file)))
    except SyntaxError:
        return False
    around = [node for node in _statements(tree) if node.lineno <= place.line <= (node.end_lineno or 0)]
    innermost = max(around, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)
    if isinstance(innermost, ast.If):
        return all(isinstance(node, ast.Raise) for node in innermost.body)
    return isinstance(innermost, ast.Assert)


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
