"""ExecuTorch: the string that the program's method ``fer_edge_contract`` returns, found by walking the flatbuffer.

A method without inputs that returns a constant is how ExecuTorch stores facts about a model, and how an app asks for them:
``module.execute("fer_edge_contract")``. Fields (schema/program.fbs of ExecuTorch): Program.execution_plan 1;
ExecutionPlan.name 0, values 2, outputs 4; EValue.val 0 (its type) and 1; String is type 6, String.string_val 0.
"""

from __future__ import annotations

from pathlib import Path

from fer_edge.runtime.containers.flatbuffer import Flatbuffer
from fer_edge.runtime.containers.limits import KEY, ContainerError

_STRING = 6


def read(path: Path) -> list[bytes]:
    """Every contract that the file holds; one is right."""
    with path.open("rb") as file:
        walk = Flatbuffer(file, path.stat().st_size)
        if walk.bytes_at(4, 4) != b"ET12":
            raise ContainerError("it does not begin like an ExecuTorch file")
        plans = walk.vector(walk.follow(0), 1)
        return [_answer(walk, plan) for plan in plans if walk.key(plan, 0) == KEY.encode()]


def _answer(walk: Flatbuffer, plan: int) -> bytes:
    """The string that a method without instructions returns."""
    value = walk.element(plan, 2, walk.integer(plan, 4, 0))
    place = walk.field(value, 1)
    if walk.scalar(value, 0, 1) != _STRING or place is None:
        raise ContainerError(f"its method {KEY} returns no string")
    return walk.contract(*walk.items(walk.follow(place), 0))
