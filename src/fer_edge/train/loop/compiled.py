"""``--compile``: ``torch.compile`` where it works, tried on one batch before anything depends on it."""

from __future__ import annotations

import copy
import os
import tempfile

import torch
from torch import Tensor, nn

from fer_edge.console.library_caches import COMPILER_CACHE


def compiled(network: nn.Module, example: Tensor) -> str:
    """Compile ``network`` in place, if a copy of it survives a step forward and back.

    Args:
        network: its weights, statistics and names stay as they are.
        example: (n, C, H, W) normalized crops.

    Returns:
        "" where it is compiled now, else why not.
    """
    if os.environ.get(COMPILER_CACHE) == tempfile.gettempdir():
        # Who asks for compilation wants its cache to last: in the compiler's own place.
        del os.environ[COMPILER_CACHE]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trial = copy.deepcopy(network).to(device)
    before = torch.get_rng_state()
    try:
        trial.compile()
        trial(example.to(device)).sum().backward()
    except Exception as error:  # noqa: BLE001 - compilers fail in many ways, none of which is the user's fault
        torch.compiler.reset()
        return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"[:200]
    finally:
        torch.set_rng_state(before)
    network.compile()
    return ""
