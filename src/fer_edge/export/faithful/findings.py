"""A finding: one thing in a file that is not what the float network says."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.runtime.verification import Code


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one place.

    Attributes:
        code: the kind of fault, for programs.
        where: the tensor, by the float network's name.
        sentence: what the file has, what it should have.
        module: of the original, where it is known.
    """

    code: Code
    where: str
    sentence: str
    module: str = ""
