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
            return self._leaves(f"{name}/", ())
        return self._leaves(self.prefix, (name,))

    def inside(self, kind: str, name: str) -> Weights:
        """The tensors of a model that is a layer of this one."""
        if self.file.archive:
            return Weights(self.file, f"{self._folder(kind, name)}/", inner=True)
        # One group of the outermost model has the tensors of all that stands in it.
        return Weights(self.file, self.prefix if self.inner else f"{name}/", inner=True)

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

    def _leaves(self, start: str, parents: tuple[str, ...]) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for path, one in self.file.tensors.items():
            *folders, leaf = path.split("/")
            mine = not parents or any(
                re.fullmatch(rf"{re.escape(parents[0])}(_\d+)?", part) for part in folders[-1:]
            )
            if path.startswith(start) and mine:
                found[leaf.partition(":")[0]] = one
        return found


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
