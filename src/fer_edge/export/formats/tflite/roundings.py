"""Under which name each tensor of a TFLite file is compared: what only stores another one has its name, unless it rounds it anew.

A quantizer puts a QUANTIZE between an operator and some of its readers where these need another scale: all inputs of a
concatenation have the scale of its result. Then the operator answers for its own scale, the QUANTIZE for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from fer_edge.export.faithful.layers.recording import UNROUNDED, Grid

AGAIN = ":again"
"""Behind the name of a tensor that is another one rounded anew."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A QUANTIZE or DEQUANTIZE: numbers of tensors.

    Attributes:
        source: what it reads.
        result: what it makes.
    """

    source: int
    result: int


@dataclass
class Roundings:
    """Names of a file's tensors.

    Attributes:
        plain: tensor -> the name that the fp32 file has for its numbers.
        kept: tensor -> the name under which a run keeps its numbers: the plain one but for those rounded anew.
        anew: name of what is rounded anew -> under which name a run has what is rounded.
        twice: float tensors that are quantized in more than one way.
    """

    plain: dict[int, str]
    kept: dict[int, str] = field(default_factory=dict)
    anew: dict[str, str] = field(default_factory=dict)
    twice: set[int] = field(default_factory=set)


def find_roundings(
    conversions: Iterable[Conversion],
    plain: dict[int, str],
    grid_of: Callable[[int], Grid | None],
    constants: Collection[int],
) -> Roundings:
    """Follow what only stores.

    Args:
        conversions: in the order of the file.
        plain: tensor -> its name without what quantizers append.
        grid_of: what a tensor can hold; None: float.
        constants: tensors that are known before a run, and their conversions.
    """
    found = Roundings(dict(plain), dict(plain))
    first: dict[int, int] = {}
    for one in conversions:
        if one.source in constants:
            continue
        found.plain[one.result] = found.plain[one.source]
        found.kept[one.result] = source = found.kept[one.source]
        before, after = grid_of(one.source), grid_of(one.result)
        if before is None and after is not None:
            # A float tensor's numbers are those of its first quantization, which has its name.
            before, source = grid_of(first.setdefault(one.source, one.result)), source + UNROUNDED
        if before is None or after is None or _same(before, after):
            continue
        if grid_of(one.source) is None:
            found.twice.add(one.source)
        found.kept[one.result] = name = f"{plain[one.result]}#{one.result}{AGAIN}"
        found.anew[name] = source
    return found


def _same(one: Grid, other: Grid) -> bool:
    """Whether two grids hold the same numbers, whatever the integers."""
    return one.scale == other.scale and one.bounds == other.bounds
