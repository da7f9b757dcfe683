"""The tensors that may come out of a file: plain, finite, of known kinds, as float32."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from fer_edge.runtime.errors import CheckpointError

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)
SLACK_BYTES = 1 << 20
GROWTH = 16
"""Tensors may share memory in a file; what they unfold to is bounded by this many times the file."""


def clean(state: Mapping[str, Tensor], name: str, *, file_bytes: int) -> dict[str, Tensor]:
    """Own, finite, float32 copies of a file's tensors.

    Args:
        state: as read.
        name: the file's, for messages.
        file_bytes: its size, which bounds what may be unfolded from it.

    Returns:
        The tensors; float16, bfloat16 and float64 become float32, integers become int64.

    Raises:
        CheckpointError: a tensor is sparse, quantized, complex, not on the CPU, far larger than the file, or holds NaN
            or infinity (of its own or after the step to float32); with its name and the first index.
    """
    if not state:
        raise CheckpointError(f"{name} holds no tensors")
    refused = [f"{key} ({_kind(tensor)})" for key, tensor in state.items() if not _plain(tensor)]
    if refused:
        raise CheckpointError(
            f"{name}: {len(refused)} tensors are not plain numbers: {', '.join(refused[:8])}"
        )
    unfolded = sum(4 * tensor.numel() for tensor in state.values())
    if unfolded > GROWTH * file_bytes + SLACK_BYTES:
        raise CheckpointError(f"{name}: {file_bytes} bytes unfold to {unfolded}; such a file is not weights")
    cleaned = {key: _own(tensor) for key, tensor in state.items()}
    require_finite(cleaned, name)
    return cleaned


def require_finite(state: Mapping[str, Tensor], name: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        CheckpointError: lists every tensor concerned with its first index and value.
    """
    faults = [
        f"{key}{list(index)} is {value}"
        for key, tensor in state.items()
        for index, value in _first_bad(tensor)
    ]
    if faults:
        more = f" and in {len(faults) - 8} more tensors" if len(faults) > 8 else ""
        raise CheckpointError(
            f"{name}: {'; '.join(faults[:8])}{more}; weights must be finite in float32: train again or repair them"
        )


def _first_bad(tensor: Tensor) -> list[tuple[tuple[int, ...], float]]:
    if not tensor.is_floating_point() or bool(torch.isfinite(tensor).all()):
        return []
    flat = int(torch.isfinite(tensor).logical_not().reshape(-1).int().argmax())
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), tensor.shape))
    return [(index, float(tensor.reshape(-1)[flat]))]


def _plain(tensor: Tensor) -> bool:
    return (
        tensor.layout is torch.strided
        and not tensor.is_quantized
        and tensor.device.type == "cpu"
        and tensor.dtype in FLOATS + INTEGERS
    )


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype}, {tensor.layout}, {tensor.device.type}".replace("torch.", "")


def _own(tensor: Tensor) -> Tensor:
    kind = torch.float32 if tensor.dtype in FLOATS else torch.int64
    return tensor.detach().to(kind, copy=True, memory_format=torch.contiguous_format)
