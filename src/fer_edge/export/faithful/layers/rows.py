"""One row a layer, as the child that compares hands it on; decibels are cut off where there is no noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fer_edge.export.faithful.layers.answers import LayerAnswer, LayerAnswers
from fer_edge.runtime.schema import Length
from fer_edge.runtime.verification import LayerAnswers as LayersRecord
from fer_edge.runtime.verification import Share, Verdict, WeakestLayer

MOST_DB = 150.0
"""Shown for "no difference at all": float32 itself has no more."""
LONGEST = 400

Text = Annotated[str, Length(0, LONGEST)]


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of a file."""

    tensor: Annotated[Text, "its output's name in the file"]
    module: Annotated[Text, "of PyTorch; empty: not known"]
    operator: Annotated[Text, "in the format's words"]
    snr_db: Annotated[float, "its answer against the float32 file's, signal to noise in decibels"]
    explained_db: Annotated[float, "what that is where this layer does nothing but round"]
    floor_db: Annotated[float, "the least that is allowed"]
    worst: Annotated[
        float, "its own largest error, in steps; of float32 layers as a share of the largest value"
    ]
    beyond: Annotated[Share, "share of its numbers beyond what the tensor can hold"]
    verdict: Verdict
    kind: Annotated[Text | None, "of the fault, as a word"] = None
    evidence: Annotated[Text | None, "what says so"] = None

    @property
    def place(self) -> str:
        """The module, or the tensor."""
        return self.module or self.tensor


def list_rows(answers: LayerAnswers) -> tuple[LayerRow, ...]:
    """All layers, in the order in which they run."""
    return tuple(_row(layer) for layer in answers.layers)


def _row(layer: LayerAnswer) -> LayerRow:
    kind = layer.kind
    return LayerRow(
        layer.tensor[-LONGEST:],
        layer.module[-LONGEST:],
        layer.operator[-LONGEST:],
        cut(layer.snr_db),
        cut(layer.explained_db),
        cut(layer.floor_db),
        float(f"{min(layer.worst, 1e9):.3g}"),
        layer.beyond,
        layer.verdict,
        kind.word if kind else None,
        kind.evidence[:LONGEST] if kind else None,
    )


def make_record(answers: LayerAnswers) -> LayersRecord:
    """The manifest's record of it."""
    weakest = answers.weakest
    found = WeakestLayer(weakest.place[-LONGEST:] or "?", cut(weakest.snr_db)) if weakest else None
    return LayersRecord(len(answers.layers), len(answers.unaligned), found)


def cut(decibels: float) -> float:
    """A figure that JSON can hold, to a hundredth."""
    return round(min(max(decibels, -MOST_DB), MOST_DB), 2)
