"""``torch.jit.trace`` of the original: what one input made the network's Python do."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def trace(module: nn.Module, example: Tensor) -> torch.jit.ScriptModule:
    """Trace a module in ``eval()`` mode with one example, without gradients.

    What its tracer warns of is settled by answers instead (Core ML's ``check_trace``; TorchScript by its own engine): most
    of the warnings are about sizes, which are fixed here.
    """
    with silence_deprecation(), torch.no_grad(), slow_attention(), _usual_switches():
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
def _usual_switches() -> Iterator[None]:
    """PyTorch's process-wide switches as a fresh process has them: a trace writes four of them into each convolution."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=True):
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)


@contextmanager
def silence_deprecation() -> Iterator[None]:
    """Nothing said about ``torch.jit`` being deprecated."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=category)
        yield
