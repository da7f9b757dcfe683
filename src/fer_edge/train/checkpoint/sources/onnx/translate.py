"""From the bytes of an ONNX file to layers: node after node, each with what is known of its operands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.sources.finishing import finish, row
from fer_edge.train.checkpoint.sources.front import Resized
from fer_edge.train.checkpoint.sources.onnx.folding import SHAPES, fold
from fer_edge.train.checkpoint.sources.onnx.inputs import find_picture
from fer_edge.train.checkpoint.sources.onnx.model import Model, open_model
from fer_edge.train.checkpoint.sources.onnx.node import Node, Operand
from fer_edge.train.checkpoint.sources.onnx.operators import OPERATORS
from fer_edge.train.checkpoint.sources.picture import Picture
from fer_edge.train.checkpoint.sources.translation import (
    GraphBuilder,
    Translation,
    Unsupported,
    Value,
    describe_unknown,
)

ADVICE = (
    "export the network without them, or take its PyTorch weights with --arch (a float classifier of convolutions, pools, "
    "dense layers and the like is read)"
)


def translate(data: bytes, wanted: Sequence[int] | None, output: int | str | None) -> Translation:
    """The network of a file; see ``reading.read_source``."""
    model = open_model(data)
    picture = find_picture(model, wanted)
    notes: list[str] = []
    try:
        return _translate(model, picture, output, notes)
    except Resized as resized:
        height, width = resized.size
        notes.append(
            f"the file resizes its {picture.width}x{picture.height} picture to {width}x{height} itself; that step is left out, "
            "since the camera path resizes"
        )
        return _translate(model, picture.of_size(height, width), output, notes)


def _translate(model: Model, picture: Picture, output: int | str | None, notes: list[str]) -> Translation:
    graph = GraphBuilder((picture.channels, picture.height, picture.width), notes=list(notes))
    scope: dict[str, Operand] = dict(model.constants)
    image = graph.image
    scope[picture.name] = graph.permute(image, (0, 2, 3, 1), "to_nhwc") if picture.layout == "NHWC" else image
    walk = _Walk(model, graph)
    walk.nodes(model.proto.graph.node, scope)
    walk.refuse()
    return _finish(graph, _answer(model, graph, scope, output), picture, model)


class _Walk:
    """Goes through nodes in order; what has no translation is collected, and so is what hangs on it."""

    def __init__(self, model: Model, graph: GraphBuilder) -> None:
        self.model, self.graph = model, graph
        self.unknown: list[tuple[str, str]] = []

    def refuse(self) -> None:
        """Raise if anything was unknown."""
        if self.unknown:
            raise CheckpointError(describe_unknown("operators", self.unknown, ADVICE))

    def nodes(self, nodes: Iterable[Any], scope: dict[str, Operand]) -> None:
        """Translate them; ``scope`` gets what they give."""
        for proto in nodes:
            name = proto.name or (proto.output[0] if proto.output else proto.op_type)
            if any(one and one not in scope for one in proto.input):
                if not self._known(proto) and proto.op_type not in SHAPES:
                    self.unknown.append((_full_name(proto), name))
                continue
            try:
                given = self._node(proto, name, scope)
            except Unsupported as error:
                self.unknown.append((str(error), name))
                continue
            scope.update(zip(proto.output, given, strict=False))

    def _known(self, proto: Any) -> bool:
        return proto.domain in ("", "ai.onnx") and (proto.op_type in OPERATORS or proto.op_type == "If")

    def _node(self, proto: Any, name: str, scope: dict[str, Operand]) -> Sequence[Operand]:
        operands = [scope[one] if one else None for one in proto.input]
        if not any(isinstance(one, Value) for one in operands) and proto.op_type != "If":
            known = {
                key: one
                for key, one in zip(proto.input, operands, strict=True)
                if isinstance(one, np.ndarray)
            }
            return fold(proto, known, self.model.opset)
        if proto.op_type == "If" and isinstance(operands[0], np.ndarray):
            return self._branch(proto, bool(operands[0].reshape(-1)[0]), scope)
        if not self._known(proto) or proto.op_type == "If":
            raise Unsupported(_full_name(proto))
        node = Node(
            proto.op_type,
            name,
            tuple(operands),
            _attributes(proto),
            len(proto.output),
            self.model.opset,
            self.graph,
        )
        found = OPERATORS[proto.op_type](node)
        return found if isinstance(found, list) else [found]

    def _branch(self, proto: Any, taken: bool, scope: dict[str, Operand]) -> list[Operand]:
        """The branch of an ``If`` whose condition is known."""
        wanted = "then_branch" if taken else "else_branch"
        branch = next(one.g for one in proto.attribute if one.name == wanted)
        inner = {**scope, **self.model.arrays(branch.initializer)}
        self.nodes(branch.node, inner)
        if any(one.name not in inner for one in branch.output):
            raise Unsupported("If")
        return [inner[one.name] for one in branch.output]


def _full_name(proto: Any) -> str:
    standard = proto.domain in ("", "ai.onnx")
    return str(proto.op_type if standard else f"{proto.domain}.{proto.op_type}")


def _attributes(proto: Any) -> dict[str, Any]:
    from onnx import helper

    return {one.name: helper.get_attribute_value(one) for one in proto.attribute}


def _answer(model: Model, graph: GraphBuilder, scope: dict[str, Operand], output: int | str | None) -> Value:
    names = [one.name for one in model.proto.graph.output]
    if output is None and len(names) > 1:
        raise CheckpointError(
            f"it has {len(names)} outputs ({', '.join(names[:8])}): say which with --output-index (from 0) or --output-key"
        )
    if isinstance(output, str) and output not in names:
        raise CheckpointError(f"it has no output {output[:80]!r}, but {', '.join(names[:8])}")
    if isinstance(output, int) and output >= len(names):
        raise CheckpointError(f"it has {len(names)} outputs; --output-index {output} is none of them")
    found = scope.get(names[output] if isinstance(output, int) else output or names[0])
    if not isinstance(found, Value):
        raise CheckpointError("its output does not depend on the picture")
    return row(graph, found)


def _finish(graph: GraphBuilder, answer: Value, picture: Picture, model: Model) -> Translation:
    description, tensors = graph.finish(answer)
    return finish(description, tensors, picture, [*model.notes, *picture.notes, *graph.notes])
