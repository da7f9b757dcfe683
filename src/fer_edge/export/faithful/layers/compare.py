"""The comparison of a file's layers with the fp32 file of the same conversion, and with the PyTorch original's.

For each layer the fp32 file is fed with what the file itself computed before it, and has the file's weights. Then nothing but the
layer's own rounding may be left, whatever the layers before it did: half a step, and the noise of that. So the layer at
fault is named, not those behind it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.layers.alignment import align
from fer_edge.export.faithful.layers.answers import LayerAnswer, LayerAnswers
from fer_edge.export.faithful.layers.kinds import LAYOUT, WEIGHT, Kind, find_permutation, name_kind
from fer_edge.export.faithful.layers.names import Names, name_layers
from fer_edge.export.faithful.layers.original import OriginalComparison
from fer_edge.export.faithful.layers.readings import find_anew, plan_readings
from fer_edge.export.faithful.layers.recording import Recorder, Recorders, Replay, Step, Values
from fer_edge.export.faithful.layers.tallies import Tally, decibels
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract, Quantization
from fer_edge.runtime.formats import format_spec
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from torch import nn

EXCESS_DB = 1.5
"""How far a layer's own error may be above what its rounding explains. Right files: 0.2 at most."""
DYNAMIC_EXCESS_DB = 6.0
"""The same where inputs are rounded at run time, by a rule of the kernel's."""
WORST_STEPS = 2.5
"""Largest own error of a number, in steps. Right files: 0.6; kernels of tables and of several roundings: up to 2."""
WORST_SHARE = 1e-4
"""The same of a layer in float32, as a share of its largest value."""
MOST_SYMMETRIC = 127
MOST_INPUTS, LEAST_INPUTS = 8, 2
MOST_NUMBERS = 24_000_000
"""Numbers of all layers and inputs together, about: fewer inputs for large networks."""


def compare_layers(
    recorders: Recorders,
    path: Path,
    variant: Variant,
    contract: Contract,
    bridge: Path | None,
    pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    original: tuple[nn.Module, Contract],
) -> LayerAnswers:
    """Compare a file's layers with those of the fp32 file of the same conversion.

    Args:
        recorders: of the format.
        path: the file.
        variant: which one it is.
        contract: the file's.
        bridge: the fp32 file; None: the file itself is one, and is compared with the original.
        pictures: (n, height, width, 3) uint8 RGB after step 6 of the camera spec; some of them are used, spread evenly.
        original: PyTorch module and reference contract.
    """
    if bridge is None:
        return _compare_with_original(recorders, path, contract, pictures, original)
    plain = _in_float(contract, variant)
    recorder, reference = recorders.open_recorder(path, contract), recorders.open_recorder(bridge, plain)
    comparison = _Comparison(recorder, reference)
    replay = recorders.open_replay(bridge, plain, comparison.shared, comparison.constants())
    noise = to_tensor(_noise(pictures), plain)
    first = reference.run(noise)
    names = name_layers(original, noise, first, plain)
    chosen = _spread(len(pictures), _enough(first))
    for index in chosen:
        picture = np.asarray(pictures[index])
        answers = recorder.run(to_tensor(picture, contract))
        comparison.add(answers, reference.run(to_tensor(picture, plain)), replay)
    return comparison.finish(len(chosen), names, recorders.CHANNEL_AXIS)


def _compare_with_original(
    recorders: Recorders,
    path: Path,
    contract: Contract,
    pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    original: tuple[nn.Module, Contract],
) -> LayerAnswers:
    comparison = OriginalComparison(recorders.open_recorder(path, contract), *original, contract)
    first = to_tensor(_noise(pictures), contract)
    comparison.find_partners(first)
    chosen = _spread(len(pictures), _enough(comparison.recorder.run(first)))
    for index in chosen:
        comparison.add(to_tensor(np.asarray(pictures[index]), contract))
    return comparison.finish(len(chosen), first, recorders.CHANNEL_AXIS)


def _noise(pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture on which no two results are alike by chance, as the colors of a gray one are."""
    shape = np.asarray(pictures[0]).shape
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _in_float(contract: Contract, variant: Variant) -> Contract:
    """The contract of the fp32 file with the same interface."""
    image = format_spec(variant.format).image
    dtype = image.dtype if image and variant.interface == "image" else "float32"
    return replace(contract, input=replace(contract.input, dtype=dtype), quantization=Quantization())


def _enough(values: Values) -> int:
    numbers = sum(value.size for value in values.values())
    return int(np.clip(MOST_NUMBERS // max(numbers, 1), LEAST_INPUTS, MOST_INPUTS))


def _spread(count: int, wanted: int) -> list[int]:
    """So many of the indices below ``count``, the first and the last among them."""
    return sorted({int(index) for index in np.linspace(0, count - 1, min(count, wanted))})


class _Comparison:
    """Two files with the same tensors."""

    def __init__(self, recorder: Recorder, reference: Recorder) -> None:
        self._recorder, self._reference = recorder, reference
        steps = [step for step in recorder.steps if not step.anew]
        self._names = align(steps, reference.steps)
        partners = {other: name for name, other in self._names.items()}
        self.shared = [name for step in reference.steps for name in step.outputs if name in partners]
        own = dict.fromkeys(name for step in steps for name in step.outputs)
        self.unaligned = [name for name in own if name not in self._names]
        dynamic = [step for step in steps if step.dynamic]
        self._dynamic = {self._names.get(name, name) for step in dynamic for name in step.outputs}
        self._limits = {self._names.get(name, name): step.dynamic for step in dynamic for name in step.inputs}
        self._readings = plan_readings(steps, self._names)
        offsets = {name: step.offset for step in steps for name in step.outputs}
        self._constants = _pair_constants(recorder, reference, self._names)
        self._tallies = {
            name: Tally(recorder.grids.get(partners[name]), offsets[partners[name]]) for name in self.shared
        }
        self._anew = find_anew(recorder.steps, self._names)
        self._tallies.update(
            {one.name: Tally(recorder.grids.get(one.name), one.offset) for one in self._anew}
        )

    def constants(self) -> Values:
        """The file's constants that have a partner in the fp32 file, in its shape."""
        found = {}
        for name, value in self._reference.constants.items():
            other = self._recorder.constants.get(self._constants.get(name, name))
            if other is not None and other.size == value.size:
                found[name] = _turned(other, value)
        return found

    def add(self, answers: Values, wanted: Values, replay: Replay) -> None:
        answers = {self._names.get(name, name): value for name, value in answers.items()}
        replayed = dict(replay.run({**wanted, **answers}))
        for reading in self._readings:
            exact = replay.run({**wanted, **answers, **reading.feed(answers)})
            replayed.update({name: exact[name] for name in reading.outputs & exact.keys()})
        rounded: Values = {}
        if self._dynamic:
            rounded = replay.run({**wanted, **answers, **self._rounded_inputs(answers)})
        for one in self._anew:
            if one.name in answers and one.source in answers:
                source = answers[one.source]
                bridge = wanted[one.tensor].reshape(source.shape)
                self._tallies[one.name].add(answers[one.name], bridge, source, None)
        for name in self.shared:
            tally = self._tallies[name]
            if name in answers:
                shape = replayed[name].shape
                again = rounded[name] if name in self._dynamic else None
                tally.add(answers[name].reshape(shape), wanted[name].reshape(shape), replayed[name], again)

    def _rounded_inputs(self, answers: Values) -> dict[str, NDArray[Any]]:
        found = {}
        for name, steps in self._limits.items():
            if name in answers:
                found[name] = _round_at_run_time(answers[name], steps)
        return found

    def finish(self, count: int, names: Names, channel_axis: int) -> LayerAnswers:
        given = {one.tensor for one in self._anew} - set(self.shared)
        layers = [layer for name in sorted(given) for layer in self._judge_anew(name, "", channel_axis)]
        fault: Kind | None = None
        weighted = False
        for step in self._reference.steps:
            fault, weighted = fault or self._weights(step), weighted or step.weighted
            for name in step.outputs:
                if name in self._tallies and self._tallies[name].numbers:
                    module = names.of(name, weighted=weighted)
                    layers.append(self._judge(step.operator, name, module, channel_axis, fault))
                    layers += self._judge_anew(name, module, channel_axis)
                    # Of an operator that the file merged with the next one, the next one's answer tells.
                    fault, weighted = None, False
        return LayerAnswers(
            tuple(layers), tuple(self.unaligned), count, "the fp32 file of the same conversion"
        )

    def _judge_anew(self, tensor: str, module: str, channel_axis: int) -> list[LayerAnswer]:
        """What rounds a layer's answer anew for some of its readers."""
        return [
            self._judge(one.operator, one.name, module, channel_axis, None)
            for one in self._anew
            if one.tensor == tensor and self._tallies[one.name].numbers
        ]

    def _judge(
        self, operator: str, name: str, module: str, channel_axis: int, kind: Kind | None
    ) -> LayerAnswer:
        tally = self._tallies[name]
        # With the layer's own part replaced; inputs and own rounding are not always independent of each other.
        brought = max(tally.noise - tally.own, 0.0)
        margin = DYNAMIC_EXCESS_DB if name in self._dynamic else EXCESS_DB
        if kind is None and self._is_under(tally, margin):
            kind = name_kind(tally.answers, tally.replayed, tally.grid, channel_axis)
        return LayerAnswer(
            name,
            module,
            operator,
            decibels(tally.signal, tally.noise),
            decibels(tally.signal, brought + tally.explained),
            decibels(tally.signal, brought + tally.explained * 10 ** (margin / 10)),
            tally.excess_db,
            tally.worst,
            tally.beyond / tally.numbers,
            kind,
        )

    def _is_under(self, tally: Tally, margin: float) -> bool:
        if not math.isfinite(tally.own):
            return True
        if tally.grid is not None:
            return tally.excess_db > margin or tally.worst > WORST_STEPS
        return tally.worst > WORST_SHARE and tally.excess_db > margin

    def _weights(self, step: Step) -> Kind | None:
        """A constant that is further from the fp32 file's than half a step."""
        for name in step.constants:
            own = self._constants.get(name, name)
            before, after = self._reference.constants.get(name), self._recorder.constants.get(own)
            if before is None or after is None:
                continue
            if before.size != after.size:
                return Kind(WEIGHT, f"{name} has {after.size} numbers, not {before.size}")
            after = _turned(after, before)
            difference = np.abs(after.astype(np.float64) - before)
            allowed = self._recorder.half_steps.get(own, np.zeros(1)) * 1.01 + 1e-6 * float(
                np.abs(before).max()
            )
            beyond = ~(difference <= allowed)
            if beyond.any():
                order = find_permutation(after, before)
                if order is not None:
                    return Kind(LAYOUT, order)
                where = np.unravel_index(int(np.argmax(np.where(beyond, difference, -1))), difference.shape)
                shown = ", ".join(str(int(place)) for place in where)
                return Kind(
                    WEIGHT,
                    f"{int(beyond.sum())} of {beyond.size} numbers of a constant are more than half a step off: "
                    f"[{shown}] is {after[where]:.4g}, not {before[where]:.4g}",
                )
        return None


def _pair_constants(recorder: Recorder, reference: Recorder, names: Mapping[str, str]) -> dict[str, str]:
    """Constants of the fp32 file -> those of the file: by name, and by place where the same step does not read one of that name.

    Converters number constants; two conversions of equal forms give one number to different ones.
    """
    steps = {names.get(name, name): step for step in recorder.steps for name in step.outputs}
    found: dict[str, str] = {}
    for step in reference.steps:
        own = next((steps[name] for name in step.outputs if name in steps), None)
        alike = own is not None and (own.operator, len(own.constants)) == (step.operator, len(step.constants))
        for name, other in zip(
            step.constants, own.constants if own and alike else step.constants, strict=True
        ):
            by_name = own is None or name in own.constants
            found.setdefault(name, name if by_name else other)
    return found


def _turned(value: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    """A constant in the shape of another; matrices are stored either way round."""
    if value.ndim == like.ndim == 2 and value.shape == like.shape[::-1]:
        square = value.shape == like.shape
        if not square or np.abs(value.T - like).sum() < np.abs(value - like).sum():
            return value.T
    return value.reshape(like.shape)


def _round_at_run_time(values: NDArray[Any], steps: int) -> NDArray[Any]:
    """To so many steps on either side of 0, or, if there are more than 127, from the smallest to the largest value."""
    high, low = float(max(values.max(), 0)), float(min(values.min(), 0))
    scale = (high - low if steps > MOST_SYMMETRIC else max(high, -low)) / steps or 1.0
    rounded: NDArray[Any] = (np.rint(values / scale) * scale).astype(np.float32)
    return rounded
