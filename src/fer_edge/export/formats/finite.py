"""NaN and infinity are refused wherever they appear, by name and place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import ExportError


def refuse_nonfinite(name: str, values: NDArray[np.floating]) -> None:
    """Do nothing if every value is finite.

    Args:
        name: of the tensor, as the person who made the model knows it.
        values: of any shape and float type.

    Raises:
        ExportError: with the tensor's name, the index of the first such value and how many there are.
    """
    finite = np.isfinite(values)
    if finite.all():
        return
    index = tuple(int(i) for i in np.argwhere(~finite)[0])
    raise ExportError(
        f"tensor {name!r} holds {values[index]} at index {list(index)} "
        f"({int((~finite).sum())} of {values.size} values are not finite); mend the weights before export"
    )
