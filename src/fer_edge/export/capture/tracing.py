"""``torch.jit.trace`` of the original, as TorchScript and Core ML need it, and whether the trace still is the original.

A trace records what one input made the network's Python do. It is compared with the original before anything is made of
it, because nothing behind it could tell: a right file of a wrong trace passes every check of its weights.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_edge.export.formats.protocol import Request, Source
from fer_edge.export.parity.check import Reference
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.export.reference_data.parity_inputs import make_extremes
from fer_edge.export.reference_model.inference import outputs, probabilities
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.errors import ExportError


def trace(module: nn.Module, example: Tensor) -> torch.jit.ScriptModule:
    """Trace a module in ``eval()`` mode with one example, without gradients.

    What its tracer warns of is settled by answers instead (``check_trace``; TorchScript by its own engine): most
    of the warnings are about sizes, which are fixed here.
    """
    with _deprecation_silenced(), torch.no_grad(), slow_attention():
        warnings.filterwarnings("ignore", category=torch.jit._trace.TracerWarning)
        traced = torch.jit.trace(module, (example,), check_trace=False)  # type: ignore[no-untyped-call]
    _own_constants(traced)
    return traced  # type: ignore[no-any-return]


def _own_constants(traced: torch.jit.ScriptModule) -> None:
    """Give the trace tensors of its own for what the network's Python took from outside of the network."""
    modules: Iterator[Any] = traced.modules()
    for module in modules:
        # Some parts of a network are never called, or only some method of theirs is.
        for name in module._c._method_names():
            for node in module._c._get_method(name).graph.findAllNodes("prim::Constant"):
                if node.hasAttribute("value") and node.kindOf("value") == "t":
                    node.t_("value", node.t("value").clone())


@contextmanager
def slow_attention() -> Iterator[None]:
    """Attention by its ordinary operators: the fast path is one operator that converters and phones lack."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextmanager
def _deprecation_silenced() -> Iterator[None]:
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=category)
        yield


def check_trace(traced: torch.jit.ScriptModule, request: Request) -> None:
    """Compare a trace of the request's interface with the original on the parity inputs.

    Raises:
        ExportError: an answer differs by more than float32's limit of parity.
    """
    # Running a trace changes its graph, which converters read: compare another of the same.
    buffer = io.BytesIO()
    with _deprecation_silenced():
        torch.jit.save(traced, buffer)
        buffer.seek(0)
        loaded = torch.jit.load(buffer)  # type: ignore[no-untyped-call]
    reference = request.reference() if request.reference else _own_reference(request.source)
    allowed = TOLERANCES["fp32"].max_abs
    with torch.no_grad(), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
        for number, picture in enumerate(reference.pictures):
            wanted = reference.probabilities[number]
            if not np.isfinite(wanted).all():
                continue  # said where the tensor at fault can be named
            answer = loaded(_fed(np.asarray(picture), request)).numpy()[0]
            differs = float(np.abs(answer - wanted).max())
            if not differs <= allowed:
                raise ExportError(
                    f"the traced network is not the original: a probability differs by {differs:.3g} on input "
                    f"{number}, allowed is {allowed:g}; its Python code decides by values or by how it is run: "
                    "write that with torch.where"
                )


def _own_reference(source: Source) -> Reference:
    pictures = make_extremes(source.contract)
    rows = outputs(source.module, source.contract, pictures)
    return Reference(pictures, probabilities(rows, source.contract))


def _fed(picture: NDArray[np.uint8], request: Request) -> Tensor:
    if request.variant.interface == "image":
        return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32))
    return torch.from_numpy(np.ascontiguousarray(to_tensor(picture, request.source.contract)))
