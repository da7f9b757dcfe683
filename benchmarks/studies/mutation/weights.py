"""Faults of stored weights: alike in every format, because all of them keep a product's weights, bias and scales somewhere."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mutation.edit import Change, Changes, Layer

if TYPE_CHECKING:
    from collections.abc import Callable

SCALED = 1.01
"""By which a weight is scaled: the last percent of a folded batch normalization, say."""
KEPT = 0.75
"""Share of a tensor that is left where its file was cut off."""


def weight_changes(layers: list[Layer]) -> Changes:
    """Every fault of weights that these layers could have."""
    found: Changes = defaultdict(list)
    for number, layer in enumerate(layers):
        for kind, apply in _of_layer(layer).items():
            found[kind].append(Change(layer.name, number, apply))
    found["layers_swapped"] = _swaps(layers)
    found.update(_ends(layers))
    return found


def _of_layer(layer: Layer) -> dict[str, Callable[[], None]]:
    weight = layer.weight.get()
    found: dict[str, Callable[[], None]] = {
        "weight_zeroed": lambda: layer.weight.put(zero_largest(layer.weight.get())),
        "weights_truncated": lambda: layer.weight.put(truncate(layer.weight.get())),
    }
    if np.issubdtype(weight.dtype, np.floating):
        found["weight_scaled"] = lambda: layer.weight.put(_scaled(layer.weight.get()))
    elif layer.scales is not None:
        found["weight_scaled"] = lambda: _put_scaled(layer)
    if weight.shape[layer.out] > 1:
        found["channels_permuted"] = lambda: roll_channels(layer)
    if layer.scales is not None and layer.scales.get().size > 1:
        scales = layer.scales
        found["weight_scale_shifted"] = lambda: scales.put(np.roll(scales.get(), 1))
    if layer.kind == "dense" and weight.ndim == 2:
        found["dense_transposed"] = lambda: layer.weight.put(_reread(layer.weight.get()))
    if layer.kind != "dense" and _kernel(layer, weight) is not None:
        found["kernel_transposed"] = lambda: layer.weight.put(_turned(layer, layer.weight.get()))
    if layer.bias is not None and layer.bias.get().any():
        bias = layer.bias
        found["bias_sign"] = lambda: bias.put((-bias.get()).astype(bias.get().dtype))
    return found


def zero_largest(weight: NDArray[Any]) -> NDArray[Any]:
    """The weight with its largest element (by magnitude) at 0; integer weights have the zero point 0."""
    changed = weight.copy()
    changed.reshape(-1)[int(np.abs(weight.astype(np.float64)).argmax())] = 0
    return changed


def truncate(weight: NDArray[Any]) -> NDArray[Any]:
    """The weight with its last quarter at 0, in the order of storage."""
    changed = weight.copy()
    changed.reshape(-1)[int(KEPT * weight.size) :] = 0
    return changed


def roll_channels(layer: Layer) -> None:
    """Move each output channel to the next place, with its scale; biases stay where they were."""
    layer.weight.put(np.roll(layer.weight.get(), 1, axis=layer.out))
    if layer.scales is not None:
        layer.scales.put(np.roll(layer.scales.get(), 1))


def _scaled(weight: NDArray[Any]) -> NDArray[Any]:
    changed: NDArray[Any] = (weight * SCALED).astype(weight.dtype)
    return changed


def _put_scaled(layer: Layer) -> None:
    assert layer.scales is not None
    layer.scales.put(_scaled(layer.scales.get()))


def _reread(weight: NDArray[Any]) -> NDArray[Any]:
    """The same shape, read as if it had been stored the other way round."""
    return np.ascontiguousarray(weight.T).reshape(weight.shape)


def _kernel(layer: Layer, weight: NDArray[Any]) -> tuple[int, int] | None:
    """The axes of height and width where exchanging them keeps the shape and means something."""
    others = [axis for axis in range(weight.ndim) if axis not in (layer.out, layer.into)]
    if layer.kind == "depthwise":  # one more axis, of length 1
        others = [axis for axis in others if weight.shape[axis] > 1]
    if len(others) != 2 or weight.shape[others[0]] != weight.shape[others[1]] or weight.shape[others[0]] == 1:
        return None
    return others[0], others[1]


def _turned(layer: Layer, weight: NDArray[Any]) -> NDArray[Any]:
    axes = _kernel(layer, weight)
    assert axes is not None
    return np.ascontiguousarray(np.swapaxes(weight, *axes))


def _swaps(layers: list[Layer]) -> list[Change]:
    """Each layer and the next one whose weights would fit in its place."""
    found = []
    for number, first in enumerate(layers):
        second = next((other for other in layers[number + 1 :] if _fit(first, other)), None)
        if second is not None:
            found.append(Change(first.name, number, _swap(first, second)))
    return found


def _fit(first: Layer, second: Layer) -> bool:
    left, right = first.weight.get(), second.weight.get()
    return (left.shape, left.dtype, first.kind) == (right.shape, right.dtype, second.kind)


def _swap(first: Layer, second: Layer) -> Callable[[], None]:
    def apply() -> None:
        for one, other in ((first.weight, second.weight), (first.scales, second.scales)):
            if one is not None and other is not None:
                left, right = one.get(), other.get()
                one.put(right)
                other.put(left)

    return apply


def _ends(layers: list[Layer]) -> Changes:
    """Faults of the first and the last layer: color planes and labels in another order."""
    found: Changes = defaultdict(list)
    first, last = layers[0], layers[-1]
    into = first.into
    if into is not None and first.weight.get().shape[into] == 3:
        found["bgr"] = [
            Change(first.name, 0, lambda: first.weight.put(np.flip(first.weight.get(), into).copy()))
        ]

    def permute() -> None:
        roll_channels(last)
        if last.bias is not None:
            last.bias.put(np.roll(last.bias.get(), 1))

    found["labels_permuted"] = [Change(last.name, len(layers) - 1, permute)]
    return found
