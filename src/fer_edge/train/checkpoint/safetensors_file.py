"""The safetensors format: read by its own library, written here so that equal tensors give equal bytes.

The format: eight bytes of little-endian header length, a JSON header padded with spaces to a multiple of eight, the
tensors without holes (github.com/huggingface/safetensors, README, "Format"). The library writes ``__metadata__`` in
random order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from fer_edge.runtime.errors import CheckpointError

METADATA = "__metadata__"
DTYPES: dict[torch.dtype, str] = {
    torch.float64: "F64",
    torch.int64: "I64",
    torch.float32: "F32",
    torch.int32: "I32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def parse(data: bytes, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and text of a file.

    Args:
        data: the whole file.
        name: for messages.

    Returns:
        Tensors by name and the header's ``__metadata__``.

    Raises:
        CheckpointError: the bytes are not a sound safetensors file.
    """
    import safetensors.torch

    try:
        loaded = safetensors.torch.load(data)
        # In an order of its own each time, and messages must be the same each time.
        state = {key: loaded[key] for key in sorted(loaded)}
        metadata = _metadata(data)
    except Exception as error:  # hostile bytes: the library raises errors of several kinds
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise CheckpointError(f"{name} is not a sound safetensors file: {reason}") from error
    return state, metadata


def _metadata(data: bytes) -> dict[str, str]:
    # The library has accepted the header by now: its length is right and it is an object.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    text = header.get(METADATA) or {}
    if not all(isinstance(value, str) for value in text.values()):
        raise ValueError(f"{METADATA} holds something else than text")
    return dict(text)


def serialize(state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """The file's bytes: text sorted by key, tensors by falling item size (which keeps them aligned), then by name.

    Raises:
        CheckpointError: a tensor's dtype has no place in the format.
    """
    header: dict[str, Any] = {METADATA: dict(sorted(metadata.items()))} if metadata else {}
    body: list[bytes] = []
    offset = 0
    for name in sorted(state, key=lambda key: (-state[key].element_size(), key)):
        tensor = state[name].detach().cpu().contiguous()
        if tensor.dtype not in DTYPES:
            raise CheckpointError(
                f"tensor {name!r} is {tensor.dtype}; safetensors files hold {', '.join(DTYPES.values())}"
            )
        raw = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {
            "dtype": DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(raw)],
        }
        offset += len(raw)
        body.append(raw)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *body])
