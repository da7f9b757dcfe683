"""The camera path (camera specification 1), bit for bit the same in Python and Kotlin."""

from fer_edge.runtime.camera.geometry import upright_size
from fer_edge.runtime.camera.path import prepare, scaled, upright
from fer_edge.runtime.camera.tables import gray, to_tensor

__all__ = ["gray", "prepare", "scaled", "to_tensor", "upright", "upright_size"]
