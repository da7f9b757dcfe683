"""The phone's half in Python: camera bytes in, emotions out. Needs numpy; an engine brings its one library.

from fer_edge.runtime import Frame, load, prepare

model = load("bundle")
frame = Frame.from_rgba(buffer, width=640, height=480, row_stride=2560, rotation=90)
prediction = model.predict(frame, box=(177, 66, 272, 161))
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.errors import (
    BundleError,
    CheckFailed,
    CheckpointError,
    ContractError,
    EngineError,
    ExportError,
    FerEdgeError,
    FrameError,
    MissingExtra,
    PictureError,
    VariantError,
)

# onnxruntime looks up a host of its maker's and keeps a device id in the home folder, unless this is set before its
# import. All of fer_edge imports this package first; children inherit it. Who sets it to something else has chosen.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from fer_edge.runtime.camera import prepare
    from fer_edge.runtime.contract import Contract
    from fer_edge.runtime.frame import Frame
    from fer_edge.runtime.model import Model, load
    from fer_edge.runtime.prediction import Prediction

# Loaded when first asked for: who only reads a contract does not wait for the rest.
_HOMES = {
    "Contract": "contract",
    "Frame": "frame",
    "Model": "model",
    "Prediction": "prediction",
    "load": "model",
    "prepare": "camera",
}

__all__ = [
    "BundleError",
    "CheckFailed",
    "CheckpointError",
    "Contract",
    "ContractError",
    "EngineError",
    "ExportError",
    "FerEdgeError",
    "Frame",
    "FrameError",
    "MissingExtra",
    "Model",
    "PictureError",
    "Prediction",
    "VariantError",
    "load",
    "prepare",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
