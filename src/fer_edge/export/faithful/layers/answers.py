"""What came of the comparison of layers: one record a layer, and the verdict about all."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.export.faithful.layers.kinds import Kind


@dataclass(frozen=True, slots=True)
class LayerAnswer:
    """One layer.

    Attributes:
        tensor: its name in the file.
        module: of the PyTorch original; empty: not known.
        operator: in the format's words.
        snr_db: its answer against the fp32 file's, with what the layers before brought along; infinite: no difference.
        explained_db: what that would be if this layer did nothing but round.
        floor_db: the least that is allowed.
        worst: its own largest error: in steps, or, in float32, as a share of its largest value.
        beyond: share of its numbers that lay beyond what the tensor can hold.
        kind: of the fault; None: passed.
    """

    tensor: str
    module: str
    operator: str
    snr_db: float
    explained_db: float
    floor_db: float
    excess_db: float
    worst: float
    beyond: float
    kind: Kind | None = None

    @property
    def verdict(self) -> str:
        """``pass`` or ``fail``."""
        return "fail" if self.kind else "pass"

    @property
    def place(self) -> str:
        """The module's name, or the tensor's."""
        return self.module or self.tensor


@dataclass(frozen=True, slots=True)
class LayerAnswers:
    """All layers of a file.

    Attributes:
        layers: in the order in which they run.
        unaligned: tensors of the file that the fp32 file does not have.
        inputs: how many were compared.
        against: what they were compared with.
    """

    layers: tuple[LayerAnswer, ...]
    unaligned: tuple[str, ...]
    inputs: int
    against: str

    @property
    def failed(self) -> tuple[LayerAnswer, ...]:
        """Layers under their floor."""
        return tuple(layer for layer in self.layers if layer.kind)

    @property
    def weakest(self) -> LayerAnswer | None:
        """The first layer under its floor; if there is none, the one with the smallest signal-to-noise ratio."""
        if self.failed:
            return self.failed[0]
        return min(self.layers, key=lambda layer: layer.snr_db, default=None)

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``not-run``."""
        if self.failed:
            return "fail"
        return "pass" if len(self.layers) > len(self.unaligned) else "not-run"

    @property
    def reason(self) -> str | None:
        """Why it is no pass."""
        if self.failed and self.weakest and self.weakest.kind:
            layer, kind = self.weakest, self.weakest.kind
            others = f"; {len(self.failed) - 1} more layers" if len(self.failed) > 1 else ""
            return f"layer {layer.place} ({layer.operator}): {kind.word}: {kind.evidence}{others}"
        if self.verdict == "not-run":
            return f"{len(self.unaligned)} of its tensors have no partner in the fp32 file, {len(self.layers)} have one"
        return None
