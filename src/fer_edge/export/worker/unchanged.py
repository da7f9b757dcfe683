"""The original, which nobody may write to: converters get copies of it, and afterwards it is held against its first state.

coremltools, for one, negates a buffer of its caller's module in place where it folds a subtraction into a bias; without
this the next variant would be converted from changed weights, and judged by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from fer_edge.export.capture.wrappers import make_example_tensor
from fer_edge.export.formats.protocol import ModelAndContract
from fer_edge.runtime.errors import ExportError

ANSWER = "its answer to one input"
"""The name that stands for tensors that a network reads from outside of itself, such as constants of its Python module."""


class GuardedModel:
    """An original and what it was when it came.

    Args:
        source: kept here; ``wrappers`` gives converters a copy of it.
    """

    def __init__(self, source: ModelAndContract) -> None:
        self.source = source
        self._before = fingerprint(source)

    def refuse_changes(self, culprit: str) -> None:
        """Raise if a parameter, a buffer, any other tensor or the answer is not what it was, bit by bit.

        Args:
            culprit: what ran since, for the message.

        Raises:
            ExportError: names the first tensor that differs.
        """
        after = fingerprint(self.source)
        for name in (*self._before, *after):
            if self._before.get(name) != after.get(name):
                raise ExportError(
                    f"{culprit} changed the original while it converted a copy of it: {name[:80]} is not what it "
                    "was; give the module tensors of its own instead of ones that are shared between modules"
                )


def fingerprint(source: ModelAndContract) -> dict[str, bytes]:
    """A digest of every tensor that a module holds, by name, and of its answer to ``make_example_tensor``."""
    with torch.no_grad():
        answer = source.module(make_example_tensor(source.contract))
    # The answer comes first: some modules compute tensors of theirs as they answer.
    held = dict(_tensors(source.module))
    if isinstance(answer, Tensor):
        held[ANSWER] = answer
    return {name: _digest(tensor) for name, tensor in held.items()}


def _tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters, buffers (also those that no checkpoint keeps) and plain attributes."""
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)
    for path, child in module.named_modules():
        for name, value in vars(child).items():
            if isinstance(value, Tensor):
                yield f"{path}.{name}", value


def _digest(tensor: Tensor) -> bytes:
    plain = tensor.detach().cpu().contiguous().reshape(-1)
    content: Any = plain.view(torch.uint8).numpy()
    return hashlib.blake2b(content, digest_size=16).digest() + str((tensor.dtype, tensor.shape)).encode()
