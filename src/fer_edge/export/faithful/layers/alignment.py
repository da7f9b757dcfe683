"""Which tensor of a file is which of the fp32 file: by name, and by place where a converter numbered them anew."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.export.faithful.layers.recording import Step


def align(steps: Sequence[Step], reference: Sequence[Step]) -> dict[str, str]:
    """Tensors that a file's operators compute -> those of the fp32 file.

    Between two operators whose results have the same names in both files, others are paired if there are as many of the
    same kinds in the same order.
    """
    known = {name for step in reference for name in step.outputs}
    found = {name: name for step in steps for name in step.outputs if name in known}
    # In files whose operators stand in another order, neighbors say nothing.
    order = [[name for step in some for name in step.outputs if name in found] for some in (steps, reference)]
    if order[0] != order[1]:
        return found
    for mine, theirs in zip(_gaps(steps, found), _gaps(reference, found), strict=False):
        if [step.operator for step in mine] == [step.operator for step in theirs]:
            for step, other in zip(mine, theirs, strict=True):
                found.update(dict(zip(step.outputs, other.outputs, strict=False)))
    return found


def _gaps(steps: Sequence[Step], anchors: dict[str, str]) -> list[list[Step]]:
    """Operators between those that have names of both files: one list more than there are such, in the file's order."""
    gaps: list[list[Step]] = [[]]
    for step in steps:
        if any(name in anchors for name in step.outputs):
            gaps.append([])
        else:
            gaps[-1].append(step)
    return gaps
