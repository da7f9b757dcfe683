"""Which tensors of a Keras file are a layer's: the places differ by version and by how deep a model stands in another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fer_edge.train.checkpoint.sources.keras.file import KerasFile
from fer_edge.train.checkpoint.sources.translation import Array


@dataclass
class Weights:
    """The tensors of one model of the file, which may stand inside another.

    Attributes:
        file: all of it.
        prefix: of the model's place; empty for the outermost.
        inner: whether it stands inside another.
    """

    file: KerasFile
    prefix: str = ""
    inner: bool = False
    _counts: Counter[str] = field(default_factory=Counter)

    def of(self, kind: str, name: str) -> Mapping[str, Array]:
        """A layer's tensors, by name or place; to be asked for in the order of the configuration."""
        if self.file.archive:
            start = f"{self._folder(kind, name)}/vars/"
            return {
                path.removeprefix(start): one
                for path, one in self.file.tensors.items()
                if path.startswith(start)
            }
        if not self.inner:
            return self._leaves(f"{name}/", None)
        return self._leaves(self.prefix, name)

    def inside(self, kind: str, name: str) -> Weights:
        """The tensors of a model that is a layer of this one."""
        if self.file.archive:
            return Weights(self.file, f"{self._folder(kind, name)}/", inner=True)
        # One group of the outermost model has the tensors of all that stands in it.
        return Weights(self.file, self.prefix if self.inner else f"{name}/", inner=True)

    def again(self) -> Weights:
        """The same, to be asked from the first layer on: a model may be called twice."""
        return Weights(self.file, self.prefix, self.inner)

    def _folder(self, kind: str, name: str) -> str:
        start = f"{self.prefix}layers/"
        snake = to_snake_case(kind)
        count = self._counts[snake]
        self._counts[snake] += 1
        for path, noted in self.file.named.items():
            folder = path.removeprefix(start).removesuffix("/vars")
            if noted == name and path == f"{start}{folder}/vars" and "/" not in folder:
                return f"{start}{folder}"
        return f"{start}{snake}_{count}" if count else f"{start}{snake}"

    def _leaves(self, start: str, layer: str | None) -> dict[str, Array]:
        """What lies below ``start``; of one layer alone where many lie there."""
        held = [path.split("/") for path in self.file.tensors if path.startswith(start)]
        wanted = None if layer is None else _group_of(layer, {path[-2] for path in held if len(path) > 1})
        return {
            path[-1].partition(":")[0]: self.file.tensors["/".join(path)]
            for path in held
            if wanted is None or path[-2:-1] == [wanted]
        }


def _group_of(layer: str, groups: set[str]) -> str:
    """The group of a layer: its own name, or, as old TensorFlow made names unique, with a number behind it."""
    numbered = [name for name in groups if re.fullmatch(rf"{re.escape(layer)}_\d+", name)]
    # conv2d_1 beside conv2d is another layer.
    return numbered[0] if layer not in groups and len(numbered) == 1 else layer


def to_snake_case(kind: str) -> str:
    """As Keras names groups after classes (``keras.src.utils.naming.to_snake_case``)."""
    name = re.sub(r"\W+", "", kind)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def shape_of(config: Mapping[str, Any]) -> list[int | None] | None:
    """The input shape that a layer's configuration notes, batch first."""
    for key in ("batch_shape", "batch_input_shape"):
        shape = config.get(key)
        if isinstance(shape, list | tuple):
            return [None if edge is None else int(edge) for edge in shape]
    return None
