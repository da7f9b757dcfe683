"""The second try: a converter that fails with its own capture of a network gets the network of another capture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from torch import Tensor, nn

from fer_edge.export.capture.graphs import export_graph, trace_graph
from fer_edge.export.capture.wrappers import make_example_tensor
from fer_edge.export.formats.protocol import Request
from fer_edge.runtime.errors import ExportError

Capture: TypeAlias = Callable[[nn.Module, Tensor], nn.Module]
_Made = TypeVar("_Made")
_SHOWN = 160
"""Characters of a reason in a note."""
_NAMES: dict[Capture, str] = {
    export_graph: "what torch.export reads",
    trace_graph: "what torch.jit.trace reads",
}


def try_captures(
    request: Request,
    network: nn.Module,
    convert: Callable[[nn.Module], _Made],
    others: Sequence[Capture],
    key: str,
) -> _Made:
    """Convert a network; where that fails, convert what other captures make of it, and note it.

    Args:
        request: its memo keeps which capture was taken, its notes get the sentence.
        network: in ``eval()`` mode.
        convert: raises ``ExportError`` where it fails.
        others: tried in order.
        key: of the network in the memo.

    Raises:
        ExportError: the network's own; no capture led to a file.
    """
    place = _place(request, key)
    if place in request.memo:
        note_capture(request, key)
        return convert(request.memo[place][0])
    try:
        return convert(network)
    except ExportError as error:
        fault = error
    for capture in others:
        try:
            other = capture(network, make_example_tensor(request.source.contract))
            made = convert(other)
        except ExportError:
            continue
        note = f"converted from {_NAMES[capture]}, because otherwise {str(fault)[:_SHOWN]}"
        request.memo[place] = other, note
        note_capture(request, key)
        return made
    raise fault


def note_capture(request: Request, key: str) -> None:
    """Add the sentence of ``try_captures``, for a file that is made of what it converted before."""
    _, note = request.memo.get(_place(request, key), (None, None))
    if note is not None:
        request.note(note)


def _place(request: Request, key: str) -> str:
    return f"{request.variant.format}:capture:{key}"
