"""What a format's converter gets and what it must leave behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fer_edge.export.faithful.prover import Prover
from fer_edge.export.formats.mixed import Limits
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from fer_edge.export.reference_model.inference import Reference


_Made = TypeVar("_Made")


@dataclass(frozen=True)
class ModelAndContract:
    """The PyTorch original.

    Attributes:
        module: in ``eval()`` mode on the CPU; takes the normalized tensor (1, C, H, W) float32 and returns
            (1, labels) float32 of the kind that the contract's output names.
        contract: the reference contract: tensor interface, NCHW, float32, ``output.kind`` as the module gives it
            (``logits`` or ``probabilities``).
    """

    module: torch.nn.Module
    contract: Contract


@dataclass(frozen=True)
class Calibration:
    """Images for measuring activation ranges, and others for choosing between rules.

    Attributes:
        scaled: (n, height, width, 3) uint8 RGB after step 6 of the camera spec (crop and scale).
        held_out: (m, height, width, 3) uint8 RGB, none of them in ``scaled``.
        reference: (m, labels) float32, the original's probabilities on ``held_out``.
    """

    scaled: NDArray[np.uint8]
    held_out: NDArray[np.uint8]
    reference: NDArray[np.float32]


@dataclass(frozen=True)
class Request:
    """One artifact to write.

    Attributes:
        variant: which one.
        source: the original.
        calibration: present whenever the variant's precision is calibrated.
        path: where to write the file (or ``.mlpackage`` folder); its parent exists and is private.
        memo: shared by all requests of one process, so that a base conversion is made once; keys begin with
            the format's name; see ``once``.
        reference: pictures and the original's answers to them, for formats that judge what they are about to
            convert; None: they judge by pictures of their own. Called, it may wait for the parent.
        limits: of the precision ``auto``.
        notes: the converter adds sentences that whoever reads the table and the card must know.
    """

    variant: Variant
    source: ModelAndContract
    calibration: Calibration | None
    path: Path
    memo: dict[str, Any] = field(default_factory=dict)
    reference: Callable[[], Reference] | None = None
    limits: Limits = field(default_factory=Limits)
    notes: list[str] = field(default_factory=list)

    def once(self, key: str, make: Callable[[], _Made]) -> _Made:
        """What ``make`` gives, made once for all requests of the format that share the memo."""
        place = f"{self.variant.format} {key}"
        if place not in self.memo:
            self.memo[place] = make()
        found: _Made = self.memo[place]
        return found

    def once_noted(self, key: str, make: Callable[[list[str]], _Made]) -> _Made:
        """The same; the sentences that ``make`` adds to its list are true of every file that is made of what it gives."""

        def noted() -> tuple[_Made, list[str]]:
            notes: list[str] = []
            return make(notes), notes

        found, notes = self.once(key, noted)
        self.note(*notes)
        return found

    def note(self, *sentences: str) -> None:
        """Add those that are not there yet."""
        self.notes.extend(sentence for sentence in sentences if sentence not in self.notes)


def of_precision(makers: Mapping[str, _Made], variant: Variant) -> _Made:
    """What a converter's table has for the variant's precision: the one way to choose, so that nothing is a default.

    Raises:
        ExportError: nothing. A file of one precision must never be written for another.
    """
    if variant.precision not in makers:
        raise ExportError(
            f"the {variant.format} converter does not make {variant.precision!r}; it makes {', '.join(makers)}"
        )
    return makers[variant.precision]


class FormatProver(Prover, Protocol):
    """The module that proves the files of one format; its place is in the format's ``FormatEntry``."""

    def make_bridges(self, request: Request, fp32: Path | None) -> Iterator[Path]:
        """The float32 files from which the request's precision may have been made, the likeliest and cheapest first.

        Each has the tensor or image interface of the variant, float32 in and out. They are made when they are asked for.

        Args:
            request: its ``path`` is a place for such a file; no calibration is needed.
            fp32: the delivered float32 file of the same interface, where there is one.

        Raises:
            ExportError: the converter refused.
        """


class Converter(Protocol):
    """The module that writes one format; its place is in the format's ``FormatEntry``."""

    WEIGHTS: Mapping[str, object]
    """Precision -> what makes it. Its keys are the precisions of ``runtime.formats``, in that order."""

    def convert(self, request: Request) -> Contract:
        """Write the artifact with its contract inside; return that contract.

        The file's bytes depend on the source, the variant and the calibration only.

        Raises:
            ExportError: the converter refused; the message names what it refused.
        """
