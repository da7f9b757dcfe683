"""The trace against the original, before a package is made of it.

Nothing behind it could tell where no engine runs the package: a right file of a wrong trace passes every check of its
weights.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_edge.export.capture.tracing import silence_deprecation
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.export.pictures.parity_inputs import make_extremes
from fer_edge.export.reference_model.inference import Reference, outputs, probabilities
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.errors import ExportError


def check_trace(traced: torch.jit.ScriptModule, request: Request) -> None:
    """Compare a trace of the request's interface with the original on the parity inputs.

    Raises:
        ExportError: an answer differs by more than float32's limit of parity.
    """
    # Running a trace changes its graph, which converters read: compare another of the same.
    buffer = io.BytesIO()
    with silence_deprecation():
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


def _own_reference(source: ModelAndContract) -> Reference:
    pictures = make_extremes(source.contract)
    rows = outputs(source.module, source.contract, pictures)
    return Reference(pictures, probabilities(rows, source.contract))


def _fed(picture: NDArray[np.uint8], request: Request) -> Tensor:
    if request.variant.interface == "image":
        return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32))
    return torch.from_numpy(np.ascontiguousarray(to_tensor(picture, request.source.contract)))
