"""``.pt``, ``.pth`` and ``.ckpt``: through ``torch.load(weights_only=True)``, and through nothing else."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from fer_edge.runtime.errors import CheckpointError

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the weights, tried in this order."""
ADVICE = "save the weights alone: torch.save(model.state_dict(), path) or a .safetensors file"


def parse(data: bytes, name: str) -> dict[str, Tensor]:
    """Tensors of a checkpoint.

    Args:
        data: the whole file.
        name: for messages.

    Returns:
        The state dictionary, unwrapped from ``state_dict``, ``model_state_dict`` or ``model``.

    Raises:
        CheckpointError: the file needs code, is damaged, or holds no weights.
    """
    _check_archive(data, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what torch has to say about a stranger's file is no news to the user
            loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # hostile bytes: errors of every kind, and all of them mean the same
        raise CheckpointError(f"{name} is refused: {_reason(error)}; {ADVICE}") from error
    return _unwrap(loaded, name)


def _check_archive(data: bytes, name: str) -> None:
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise CheckpointError(f"{name} is a damaged archive: {error}; copy it again") from error
    # torch.jit.save adds constants.pkl and a code/ folder to what torch.save writes.
    if any(entry.filename.endswith("/constants.pkl") or "/code/" in entry.filename for entry in entries):
        raise CheckpointError(
            f"{name} is a TorchScript archive, which holds code and is not opened; {ADVICE}"
        )
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError(f"{name} holds compressed records, which torch.save does not write; {ADVICE}")


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    found = re.search(r"GLOBAL (\S+)|unrecognized function (.+?)[.;]? ", text)
    if found:
        return f"it needs code to be run ({(found[1] or found[2])[:200]})"
    detail = text.split("WeightsUnpickler error: ")[-1].split(" Check the documentation")[0][:200]
    return f"it cannot be read as weights alone ({detail or type(error).__name__})"


def _unwrap(loaded: Any, name: str) -> dict[str, Tensor]:
    current = loaded
    for _ in range(len(WRAPPERS) + 1):
        if not isinstance(current, Mapping):
            raise CheckpointError(f"{name} holds {type(current).__name__}, not weights by name; {ADVICE}")
        inner = next((key for key in WRAPPERS if isinstance(current.get(key), Mapping)), None)
        if inner is None:
            return _tensors(current, name)
        current = current[inner]
    raise CheckpointError(f"{name}: weights are wrapped more than {len(WRAPPERS)} times; {ADVICE}")


def _tensors(state: Mapping[Any, Any], name: str) -> dict[str, Tensor]:
    if not state or not any(isinstance(value, Tensor) for value in state.values()):
        keys = ", ".join(repr(key) for key in list(state)[:8]) or "nothing"
        raise CheckpointError(
            f"{name} holds no weights ({keys}); they are looked for under {', '.join(WRAPPERS)}"
        )
    others = [key for key, value in state.items() if not (isinstance(key, str) and isinstance(value, Tensor))]
    if others:
        listed = ", ".join(f"{key!r} ({type(state[key]).__name__})" for key in others[:8])
        raise CheckpointError(f"{name}: {len(others)} entries are not tensors by name: {listed}; {ADVICE}")
    return dict(state)
