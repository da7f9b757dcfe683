"""Answers of an opened artifact to many pictures: one at a time as an app asks, or several where the engine answers them alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import EngineError
from fer_edge.runtime.model import Model

PIXELS = 1 << 17
"""At a time, as in 32 pictures of 64 x 64: more are not answered faster, and take memory."""
NEAR = 0.02
"""Of a probability: what another order of sums moves in float16, far below another picture's answer."""


def run(model: Model, contract: Contract, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities of each picture; (n, labels) float32."""
    return _run(model, pictures, lambda picture: to_tensor(np.asarray(picture), contract))


def run_tensors(model: Model, tensors: NDArray[Any]) -> NDArray[np.float32]:
    """Probabilities of each tensor; (n, labels) float32."""
    return _run(model, tensors, np.asarray)


def _run(
    model: Model, inputs: NDArray[Any], prepare: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[np.float32]:
    size, rows, alone = model.contract.input, list[NDArray[np.float32]](), False
    step = max(1, PIXELS // (size.height * size.width))
    for start in range(0, len(inputs), step):
        tensors = [prepare(one) for one in inputs[start : start + step]]
        # Whoever mixes up pictures, or cannot be asked so, is asked one at a time from then on.
        first = _answer(model, tensors[0])
        found = None if alone or len(tensors) == 1 else _together(model, tensors, first)
        alone = found is None
        rows.extend(found or [first, *(_answer(model, tensor) for tensor in tensors[1:])])
    return np.stack(rows)


def _together(
    model: Model, tensors: Sequence[NDArray[Any]], first: NDArray[np.float32]
) -> list[NDArray[np.float32]] | None:
    with contextlib.suppress(EngineError):  # not so, or an answer that is not finite
        found = model.run_together(tensors)
        if found is not None and np.abs(found[0] - first).max() <= NEAR:
            return found
    return None


def _answer(model: Model, tensor: NDArray[Any]) -> NDArray[np.float32]:
    try:
        return model.run(tensor)
    except EngineError:
        # An app must not show NaN, so the runtime refuses it; here it is a finding that names input and label.
        raw = model.run_raw(tensor)
        if np.isfinite(raw).all():
            raise
        return raw.astype(np.float32)
