"""Speed of an int8 file beside its fp32 sibling on this machine: a note, not a verdict.

Some networks get slower in int8 without a word from any converter, because an operator of theirs has no int8 kernel. A
moment of timing shows it while the files are at hand; by how much, and on the phone, is fer-bench's question.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fer_edge.runtime.camera import to_tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_edge.runtime.model import Model

MOMENT_SECONDS = 0.2
ROUND_SECONDS = 0.01
MINIMUM_ROUNDS = 5
SHORTEST_CALL_SECONDS = 1e-4
"""Below this nothing is left to save: an app spends more on the call itself."""
PAYS_BELOW = 0.95
"""The largest int8 time / fp32 time that counts as a gain; the sentence holds no figure, so that files repeat."""

NO_GAIN = "is no faster than fp32 on this machine"


def describe_slow_int8(
    int8: Model, fp32: Model, picture: NDArray[np.uint8], precision: str = "int8"
) -> str | None:
    """The sentence for the table and the card where int8 does not pay, else None.

    Args:
        int8: opened with one thread.
        fp32: its sibling of the same format and interface, likewise.
        picture: (height, width, 3) uint8 RGB at the models' size.
        precision: the word for the first one's.
    """
    ratio = measure_ratio(_call(int8, picture), _call(fp32, picture))
    if ratio is None or ratio < PAYS_BELOW:
        return None
    return (
        f"{precision} {NO_GAIN} ({int8.engine}, one thread): ship fp32 or fp16 unless fer-bench "
        "shows a gain on the phone"
    )


def measure_ratio(
    new: Callable[[], object], old: Callable[[], object], clock: Callable[[], float] = time.thread_time
) -> float | None:
    """Median over interleaved rounds of new time / old time; None where the old call is too short to matter.

    Args:
        new: one call of what is compared.
        old: one call of what it is compared with.
        clock: seconds; by default of this thread's processor time, so that other programs do not count.
    """
    warm = [_time(call, 2, clock) for call in (new, old)]
    if warm[1] < SHORTEST_CALL_SECONDS:
        return None
    counts = [max(1, round(ROUND_SECONDS / max(seconds, 1e-9))) for seconds in warm]
    ratios: list[float] = []
    ends = clock() + MOMENT_SECONDS
    while len(ratios) < MINIMUM_ROUNDS or clock() < ends:
        first, second = (_time(call, count, clock) for call, count in zip((new, old), counts, strict=True))
        ratios.append(first / second)
    return statistics.median(ratios)


def _call(model: Model, picture: NDArray[np.uint8]) -> Callable[[], object]:
    tensor = to_tensor(picture, model.contract)
    return lambda: model.run(tensor)


def _time(call: Callable[[], object], count: int, clock: Callable[[], float]) -> float:
    begin = clock()
    for _ in range(count):
        call()
    return (clock() - begin) / count
