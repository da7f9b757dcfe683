"""Into how many pieces XNNPACK, TFLite's delegate on CPUs, cuts a file, and what it does not take: a note, not a verdict.

Right either way, but each cut hands tensors over and leaves operators to kernels that are slower. Read off the file as the engine opens it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from fer_edge.runtime.engines.litert_delegation import delegation


def describe_pieces(path: Path) -> list[str]:
    """A sentence where a file is not run in one piece; what is left over beside one piece, such as a softmax, is no matter.

    Args:
        path: a ``.tflite`` file that its engine opens.
    """
    found = delegation(path)
    if found.partitions == 1:
        return []
    left = ", ".join(f"{name} x{count}" for name, count in sorted(Counter(found.leftover).items()))
    pieces = f"cuts it into {found.partitions} pieces" if found.partitions else "takes nothing of it"
    return [f"XNNPACK {pieces}: TFLite's own kernels run {left}; fer-bench tells what to change"]
