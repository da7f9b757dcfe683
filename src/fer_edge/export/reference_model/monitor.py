"""Sees every operator that a network runs, and which of its modules runs it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

NAMED = 3
"""Parts or tensors that a sentence names."""
WRITES_CONSTANTS = ("masked_fill", "full", "fill", "where", "scalar_tensor")
"""Beginnings of operators whose large numbers are somebody's constants, such as an attention mask's minus infinity."""
OURS_AND_TORCHS = (str(Path(torch.__file__).parent), str(Path(__file__).parent), "<")
"""Beginnings of the paths of source files that are not somebody's."""


class OperatorMonitor(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A mode under which a network is run; afterwards it says what was seen.

    Args:
        module: the network; its parts are called by their names in it.

    Attributes:
        peaks: the largest finite magnitude that any operator of a part gave, by the part's name.
        random_draws: part, operator and source line of each operator that took random numbers.
        first_nonfinite: the first part that gave NaN or infinity, and which; None if none did.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peaks: dict[str, float] = {}
        self.random_draws: list[str] = []
        self.first_nonfinite: str | None = None
        self._module = module
        self._running: list[str] = []

    @contextmanager
    def observing(self) -> Iterator[OperatorMonitor]:
        """Hold the hooks and the mode while the block runs."""
        handles: list[Any] = []
        for name, part in self._module.named_modules():
            if not isinstance(part, torch.jit.ScriptModule) or part is self._module:
                handles += self._hooks(part, describe_part(name, part))
        try:
            # Not inference mode, under which composite operators hide their parts.
            with torch.no_grad(), self:
                yield self
        finally:
            for handle in handles:
                handle.remove()

    def _hooks(self, part: nn.Module, name: str) -> tuple[Any, Any]:
        def enter(*_: object) -> None:
            self._running.append(name)

        def leave(*_: object) -> None:
            self._running.pop()

        return part.register_forward_pre_hook(enter), part.register_forward_hook(leave, always_call=True)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator and look at what it gave."""
        may_draw = torch.Tag.nondeterministic_seeded in func.tags
        before = torch.get_rng_state() if may_draw else None
        found = func(*args, **(kwargs or {}))
        part = self._running[-1] if self._running else describe_part("", self._module)
        if before is not None and not torch.equal(before, torch.get_rng_state()):
            said = f"{_word(func)} in {part}{_line()}"
            if said not in self.random_draws:
                self.random_draws.append(said)
        if not _is_view(func) and not _word(func).startswith(WRITES_CONSTANTS):
            for tensor in found if isinstance(found, tuple | list) else (found,):
                self._measure(tensor, part)
        return found

    def _measure(self, tensor: object, part: str) -> None:
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point() or not tensor.numel():
            return
        peak = _magnitude(tensor)
        if not math.isfinite(peak):
            self.first_nonfinite = (
                self.first_nonfinite or f"{'NaN' if math.isnan(peak) else 'infinity'} first comes from {part}"
            )
            finite = tensor[tensor.isfinite()]
            peak = _magnitude(finite) if finite.numel() else 0.0
        if peak > self.peaks.get(part, 0.0):
            self.peaks[part] = peak


def describe_part(name: str, part: nn.Module) -> str:
    """The name of a part in a sentence: ``features.3 (Conv2d)``, or ``forward of Net`` for the network itself."""
    kind = type(part).__name__[:60]
    return f"{name[:100]} ({kind})" if name else f"forward of {kind}"


def _magnitude(tensor: Tensor) -> float:
    low, high = torch.aminmax(tensor)
    return max(-float(low), float(high)) if low == low else math.nan  # noqa: PLR0124 - NaN is the one that differs


def _word(func: Any) -> str:
    return str(func.overloadpacket.__name__)


def _is_view(func: Any) -> bool:
    alias = [entry.alias_info for entry in func._schema.returns]  # as torch's own modes read it
    return any(entry is not None and not entry.is_write for entry in alias)


def _line() -> str:
    """The operator's line in somebody's source: the innermost frame outside torch and this folder."""
    frame = sys._getframe(1)  # traceback.extract_stack would read every file
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(OURS_AND_TORCHS):
            return f", {Path(path).name[:60]} line {frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def list_some(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(name[:160] for name in names[:NAMED]) + more
