"""Snapshots of a training on disk: whole or absent, with a digest of every byte inside."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.containers.digest import BLANK_DIGEST, check_digest, seal
from fer_edge.runtime.errors import BundleError, CheckpointError


def write_snapshot_file(path: str | Path, content: Any) -> None:
    """Write what ``torch.save`` writes, with its digest as the comment of the archive: beside, synced, renamed."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = BLANK_DIGEST.encode()
    write_bytes(Path(path), seal(buffer.getvalue()))


def read_snapshot_file(path: str | Path) -> Any:
    """Read its content, without running anything in it; the weights decide what the training goes on with.

    Raises:
        CheckpointError: a byte was changed after it was written, or it is no snapshot of ours.
    """
    path = Path(path)
    try:
        sealed = check_digest(path)
    except BundleError as error:
        raise CheckpointError(f"{path} is damaged: {_first(error)}; {ADVICE}") from error
    if not sealed:
        raise CheckpointError(f"{path} is not a snapshot that a training can be resumed from; {ADVICE}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are none of ours, which are refused
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, zip and pickle raise errors of many kinds
        raise CheckpointError(
            f"{path} is not a snapshot that a training can be resumed from; {ADVICE}"
        ) from error


ADVICE = "take the original file, or start anew without --resume"


def _first(error: Exception) -> str:
    return str(error).rpartition(";")[0] or str(error)
