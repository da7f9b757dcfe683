"""TorchScript archives under edit: the weights of both of their programs, which share them."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mutation.edit import Changes, Layer, Slot

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

WEIGHTED = ("aten::_convolution", "aten::conv2d", "aten::linear", "aten::addmm", "aten::convolution")


class TorchScriptFile:
    """An archive whose records are the weights; its operators are changed by converting a changed module."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.records = {item.filename: archive.read(item) for item in archive.infolist()}
        self.layers = [self._layer(node) for node in _products(path)]

    def _layer(self, node: Any) -> Layer:
        values = [value.toIValue() for value in node.inputs()]
        place = 2 if node.kind() == "aten::addmm" else 1
        weight, bias = values[place], values[0 if place == 2 else 2]
        dense = weight.ndim == 2
        groups = (
            values[8]
            if node.kind() == "aten::_convolution"
            else (values[6] if node.kind() == "aten::conv2d" else 1)
        )
        kind = "dense" if dense else ("depthwise" if groups > 1 else "conv")
        transposed = place == 2  # addmm takes (inputs, outputs)
        out, into = (1, 0) if transposed else (0, 1)
        found = None if bias is None else self._slot(bias)
        return Layer(
            node.output().debugName(),
            kind,
            self._slot(weight),
            found,
            out,
            None if kind == "depthwise" else into,
        )

    def _slot(self, tensor: Any) -> Slot:
        """The record that holds a tensor: the one with its bytes."""
        stored = tensor.detach().as_strided((tensor.numel(),), (1,)).numpy()
        data = stored.tobytes()
        name = next(name for name, body in self.records.items() if "/constants/" in name and body == data)
        shape, strides = tuple(tensor.shape), tuple(size * stored.itemsize for size in tensor.stride())

        def get() -> NDArray[Any]:
            flat = np.frombuffer(self.records[name], stored.dtype)
            return np.lib.stride_tricks.as_strided(flat, shape, strides).copy()

        def put(values: NDArray[Any]) -> None:
            flat = np.frombuffer(self.records[name], stored.dtype).copy()
            np.lib.stride_tricks.as_strided(flat, shape, strides)[...] = values
            self.records[name] = flat.tobytes()

        return Slot(get, put)

    def operator_changes(self) -> Changes:
        """None: an archive is a program twice over, and a converter's fault is in both."""
        return defaultdict(list)

    def save(self, path: Path, contract: Contract) -> None:
        """Write it as the converter does."""
        from fer_edge.export.formats.torchscript.converter import CONTRACT_FILE, _reproducible

        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, body in self.records.items():
                mine = name.endswith(f"extra/{CONTRACT_FILE}")
                archive.writestr(name, contract.text.encode() if mine else body)
        path.write_bytes(_reproducible(buffer.getvalue()))


def _products(path: Path) -> list[Any]:
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(path))  # type: ignore[no-untyped-call]
    return [node for node in module.inlined_graph.nodes() if node.kind() in WEIGHTED]
