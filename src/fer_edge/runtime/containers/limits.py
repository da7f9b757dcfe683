"""The common parts of all readers of containers: the key, the bounds, and the error that each of them raises."""

from __future__ import annotations

KEY = "fer_edge_contract"
"""Under which the contract lies in ONNX, TFLite, Core ML and safetensors."""

CONTRACT_SUFFIX = ".contract.json"
"""After an artifact's name: its contract beside it."""

LARGEST_CONTRACT = 1 << 20
"""Bytes; the contract loader's own limit."""


class ContainerError(Exception):
    """The file is not what its name says; the message is a clause that follows the file's name."""
