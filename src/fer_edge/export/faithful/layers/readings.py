"""Tensors that operators of a file read in several roundings: what rounds them anew, and what a replay is fed with, one for each combination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fer_edge.export.faithful.layers.recording import UNROUNDED, Step, Values


@dataclass(frozen=True, slots=True)
class Anew:
    """What rounds a tensor anew for some of its readers.

    Attributes:
        operator: its name in the format.
        name: of what it makes.
        source: under which name a run has what it rounds.
        tensor: of the fp32 file that both stand for.
        offset: as the operator's.
    """

    operator: str
    name: str
    source: str
    tensor: str
    offset: float


def find_anew(steps: Iterable[Step], names: Mapping[str, str]) -> list[Anew]:
    """Those of a file.

    Args:
        steps: of the file, in the order in which they run.
        names: tensor of the file -> tensor of the fp32 file.
    """
    found: dict[str, Anew] = {}
    for step in steps:
        if step.anew:
            plain = step.inputs[0].removesuffix(UNROUNDED)
            tensor = found[plain].tensor if plain in found else names.get(plain, plain)
            source = plain if plain in found else names.get(step.inputs[0], step.inputs[0])
            found[step.outputs[0]] = Anew(step.operator, step.outputs[0], source, tensor, step.offset)
    return list(found.values())


@dataclass
class Reading:
    """One replay.

    Attributes:
        fed: tensor of the fp32 file -> the name under which a run of the file has what is read of it.
        outputs: tensors of the fp32 file that are computed of this.
    """

    fed: dict[str, str] = field(default_factory=dict)
    outputs: set[str] = field(default_factory=set)

    def takes(self, inputs: Mapping[str, str]) -> bool:
        """Whether an operator that reads this can be computed in the same replay."""
        return all(self.fed.get(name, kept) == kept for name, kept in inputs.items())

    def feed(self, answers: Values) -> Values:
        """The values of a run, as they are read."""
        return {name: answers[kept] for name, kept in self.fed.items() if kept in answers}


def plan_readings(steps: Iterable[Step], names: Mapping[str, str]) -> list[Reading]:
    """As few replays as an operator after the other comes to, for those that read something otherwise than under its name.

    Args:
        steps: of the file.
        names: tensor of the file -> tensor of the fp32 file.
    """
    found: list[Reading] = []
    for step in steps:
        if not step.readings:
            continue
        inputs = dict(_read(step, names))
        reading = next((one for one in found if one.takes(inputs)), None)
        if reading is None:
            reading = Reading()
            found.append(reading)
        reading.fed.update(inputs)
        reading.outputs.update(names.get(name, name) for name in step.outputs)
    return found


def _read(step: Step, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Inputs by the fp32 file's names -> where a run, by the same names, has the values."""
    for name in step.inputs:
        partner = names.get(name, name)
        yield partner, step.readings.get(name, partner)
