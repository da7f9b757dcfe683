"""The one entry of a format on the side that writes models; what a file of it is stands in ``runtime.formats``."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from fer_edge.export.faithful.graph import Graph
    from fer_edge.export.faithful.layers.recording import Recorders
    from fer_edge.export.faithful.original.matching import WeightComparison
    from fer_edge.export.formats.protocol import Converter, FormatProver, ModelAndContract
    from fer_edge.runtime.contract import Contract


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code to paste in one language.

    Attributes:
        template: a file of ``bundle/templates``, which gets the artifact's ``variant``, ``file`` and ``package``.
        rank: among the formats that have code in this language; the smallest is shown.
        about: a template with what the README says above it; empty: nothing but what it says of the language.
    """

    template: str
    rank: int = 1
    about: str = ""


@dataclass(frozen=True, slots=True)
class FormatEntry:
    """What writing one format takes, and what its files are for. Light: the converter's libraries come with ``load``.

    Attributes:
        name: the format's word in a variant's name.
        converter: the module of the shape ``protocol.Converter``.
        requires: modules that must be importable to convert.
        shared: slow modules among what converting imports, which other formats and the command itself import as well.
        extra: the extra of ``setup.cfg`` that brings them.
        tools: distributions, besides torch, whose version may change a file's bytes.
        platform: what the format is for, in the README's words.
        platform_rank: the place in the README's table of files to ship, smallest first.
        measured: which precision to ship first where the accuracy on labeled pictures was measured and held: the
            smallest file that is fast.
        unmeasured: where it was not: what differs from the original by rounding only.
        duration: rank of how long an export takes; the longest begins first.
        gpu_float16: whether GPU delegates compute every file of it in float16.
        snippets: language (``kotlin``, ``swift``, ``javascript``) -> code.
        remark: a template with what the README says below the table of files; empty: nothing.
        auditor: ``module:function`` that compares a file's weights with the source's where its own engine does not run.
        observer: ``module:function`` from a file that passed to sentences about how its engine runs it.
        recorders: the module that records every layer's answer (``faithful.layers.recording``).
        prover: the module of the shape ``protocol.FormatProver``, by which its files are proven number by number.
        standard: ``module:function`` from a file and its contract to what other tools read in it that contradicts the contract.
    """

    name: str
    converter: str
    requires: tuple[str, ...]
    extra: str
    platform: str
    platform_rank: int
    tools: tuple[str, ...] = ()
    shared: tuple[str, ...] = ("torch",)
    measured: tuple[str, ...] = ("fp32",)
    unmeasured: tuple[str, ...] = ("fp32",)
    duration: int = 0
    gpu_float16: bool = False
    snippets: Mapping[str, Snippet] = field(default_factory=dict)
    remark: str = ""
    auditor: str = ""
    observer: str = ""
    recorders: str = ""
    prover: str = ""
    standard: str = ""

    def load(self) -> Converter:
        """Import the converter (slow: its libraries come along)."""
        return cast("Converter", importlib.import_module(self.converter))

    def missing(self) -> tuple[str, ...]:
        """Required modules that are not installed; nothing is imported to find out."""
        return tuple(name for name in self.requires if importlib.util.find_spec(name) is None)

    def audit(self, path: Path, source: ModelAndContract) -> WeightComparison | None:
        """The comparison of an artifact's weights with the source's; None: there is none for this format."""
        if not self.auditor:
            return None
        found: WeightComparison = _load(self.auditor)(path, source)
        return found

    def observe(self, path: Path) -> list[str]:
        """Sentences about how the engine runs an artifact; none where nothing looks."""
        found: list[str] = _load(self.observer)(path) if self.observer else []
        return found

    def find_contradiction(self, path: Path, contract: Contract) -> str | None:
        """A sentence about what other tools read in an artifact otherwise than its contract says; None: nothing is."""
        found: str | None = _load(self.standard)(path, contract) if self.standard else None
        return found

    def load_prover(self) -> FormatProver | None:
        """Import what proves its files; None: there is nothing for this format."""
        return cast("FormatProver", importlib.import_module(self.prover)) if self.prover else None

    def read_graph(self, path: Path) -> Graph | None:
        """An artifact as a neutral graph; None: there is no reader for this format.

        Raises:
            BundleError: the file cannot be read.
        """
        prover = self.load_prover()
        return None if prover is None else prover.read_graph(path)

    def load_recorders(self) -> Recorders | None:
        """What records the layers of its files; None: nothing does."""
        return cast("Recorders", importlib.import_module(self.recorders)) if self.recorders else None


def _load(place: str) -> Callable[..., Any]:
    module, _, function = place.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
