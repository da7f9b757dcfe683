"""From the bytes of a Keras file to layers: the configuration's graph, layer after layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.sources.finishing import finish, row
from fer_edge.train.checkpoint.sources.front import Resized
from fer_edge.train.checkpoint.sources.keras.calls import (
    FUNCTIONAL,
    Call,
    Tensor,
    ends_of,
    number_calls,
    numbers_of,
)
from fer_edge.train.checkpoint.sources.keras.file import KerasFile, open_keras
from fer_edge.train.checkpoint.sources.keras.layer import KerasLayer
from fer_edge.train.checkpoint.sources.keras.layers import LAYERS
from fer_edge.train.checkpoint.sources.keras.operations import operate, operation_of
from fer_edge.train.checkpoint.sources.keras.weights import Weights, shape_of
from fer_edge.train.checkpoint.sources.picture import Picture, settle
from fer_edge.train.checkpoint.sources.translation import (
    GraphBuilder,
    Translation,
    Unsupported,
    Value,
    describe_unknown,
)

MODELS = ("Sequential", *FUNCTIONAL)
ADVICE = (
    "a Lambda or a layer of one's own is code, and code of a file is never run: replace them by Keras's own layers and save "
    "again, or export the model to ONNX, or rebuild it in PyTorch and give --arch"
)


def translate(data: bytes, wanted: Sequence[int] | None, output: int | str | None) -> Translation:
    """The network of a file; see ``reading.read_source``."""
    file = open_keras(data)
    if file.config.get("class_name") not in MODELS:
        kind = str(file.config.get("class_name"))[:80]
        raise CheckpointError(
            f"its model is {kind}, a class of somebody's own, whose code no file brings along: save a Sequential or functional "
            "model, or export it to ONNX"
        )
    picture = _picture(file, wanted)
    try:
        return _translate(file, picture, output, [])
    except Resized as resized:
        height, width = resized.size
        note = (
            f"the file resizes its {picture.width}x{picture.height} picture to {width}x{height} itself; that step is left out, "
            "since the camera path resizes"
        )
        return _translate(file, picture.of_size(height, width), output, [note])


def _picture(file: KerasFile, wanted: Sequence[int] | None) -> Picture:
    config = file.config
    inputs = [name for name, *_ in ends_of(config)[0]]
    if len(inputs) > 1:
        raise CheckpointError(
            f"it takes {len(inputs)} inputs ({', '.join(inputs[:6])}); one picture is needed"
        )
    while True:  # a model may begin with a model
        layers = [
            one for one in layers_of(config) if not inputs or one.get("name", _name(one)) in inputs
        ] or layers_of(config)
        if not layers:
            raise CheckpointError("its model has no layers")
        first = layers[0]
        shape = shape_of(first.get("config", {})) or (first.get("build_config") or {}).get("input_shape")
        if shape is None and first.get("class_name") in MODELS:
            config, inputs = first, []
            continue
        break
    shape = shape or config.get("build_input_shape") or config.get("config", {}).get("build_input_shape")
    edges: list[int | None] = list(shape or [None] * 4)
    if len(edges) == 4 and wanted is not None:  # the last is the channels, whatever the file leaves open
        edges = [edges[0], *(edges[1:3]), edges[3] or wanted[2]]
    layout, channels, height, width = settle(edges, wanted)
    if layout != "NHWC" and edges[3] not in (1, 3):
        raise CheckpointError(
            "its pictures have channels first; save it with channels_last, as Keras does by itself"
        )
    if layout != "NHWC":
        _, channels, height, width = settle([edges[0], edges[3], edges[1], edges[2]], wanted)
    return Picture("image", "NHWC", channels, height, width)


def layers_of(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a model's configuration."""
    config = model.get("config", {})
    found = config.get("layers", []) if isinstance(config, dict) else config
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CheckpointError("its configuration has no list of layers")
    return found


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or entry.get("config", {}).get("name", ""))


def _translate(file: KerasFile, picture: Picture, output: int | str | None, notes: list[str]) -> Translation:
    graph = GraphBuilder((picture.channels, picture.height, picture.width), notes=notes)
    walk = _Walk(file, graph)
    answers = walk.model(file.config, [graph.image], Weights(file))
    if walk.unknown:
        raise CheckpointError(describe_unknown("layers", walk.unknown, ADVICE))
    names = [name for name, *_ in ends_of(file.config)[1]]
    answer = row(graph, _chosen(answers, names, output))
    description, tensors = graph.finish(answer)
    return finish(description, tensors, picture, graph.notes)


def _chosen(answers: Sequence[Value | None], names: Sequence[str], output: int | str | None) -> Value:
    if output is None and len(answers) > 1:
        raise CheckpointError(
            f"it has {len(answers)} outputs ({', '.join(names[:8])}): say which with --output-index (from 0) or --output-key"
        )
    place = names.index(output) if isinstance(output, str) and output in names else output or 0
    if isinstance(place, str) or place >= len(answers):
        raise CheckpointError(f"it has no output {output!r}, but {', '.join(names[:8]) or len(answers)}")
    found = answers[place]
    assert found is not None  # unknown layers were refused
    return found


class _Walk:
    """Goes through layers in order; what has no translation is collected, and so is what hangs on it."""

    def __init__(self, file: KerasFile, graph: GraphBuilder) -> None:
        self.file, self.graph = file, graph
        self.unknown: list[tuple[str, str]] = []

    def model(
        self, model: Mapping[str, Any], inputs: Sequence[Value | None], weights: Weights
    ) -> list[Value | None]:
        """What a model makes of its inputs; None where something unknown stood between."""
        if model.get("class_name") == "Sequential":
            return [self._sequence(model, inputs, weights)]
        starts, ends = ends_of(model)
        entries = {_name(entry): entry for entry in layers_of(model)}
        tensors = {name: self._tensors(entry, weights) for name, entry in entries.items()}
        values: dict[Call, list[Value | None]] = {
            (name, 0): [one] for (name, *_), one in zip(starts, inputs, strict=True)
        }
        # A layer may be called before the one that it takes from is listed.
        waiting, ends = number_calls(entries, ends)
        while waiting:
            ready = [one for one in waiting if all(key[:2] in values for key in one[2])]
            if not ready:
                raise CheckpointError(f"its graph is damaged: {waiting[0][0][:80]} takes what nothing gives")
            for name, place, given in ready:
                values[name, place] = self._layer(
                    entries[name], [_taken(values, key) for key in given], tensors[name], place
                )
            waiting = [one for one in waiting if one not in ready]
        return [_taken(values, key) for key in ends]

    def _sequence(
        self, model: Mapping[str, Any], inputs: Sequence[Value | None], weights: Weights
    ) -> Value | None:
        value = inputs[0]
        for entry in layers_of(model):
            value = self._layer(entry, [value], self._tensors(entry, weights))[0]
        return value

    def _tensors(self, entry: Mapping[str, Any], weights: Weights) -> Any:
        kind = str(entry.get("class_name"))
        return (weights.inside if kind in MODELS else weights.of)(kind, _name(entry))

    def _layer(
        self, entry: Mapping[str, Any], inputs: Sequence[Value | None], tensors: Any, place: int = 0
    ) -> list[Value | None]:
        kind = str(entry.get("class_name"))
        if kind in MODELS:
            return self.model(entry, inputs, tensors.again())
        return [inputs[0] if kind == "InputLayer" else self._value(entry, inputs, tensors, place)]

    def _value(
        self, entry: Mapping[str, Any], inputs: Sequence[Value | None], tensors: Any, place: int
    ) -> Value | None:
        kind, name, config = str(entry.get("class_name")), _name(entry), entry.get("config", {})
        operation = operation_of(entry)
        given = [one for one in inputs if one is not None]
        try:
            if operation is None and not _is_keras(entry):
                raise Unsupported(kind)
            if len(given) < len(inputs):
                return None
            layer = KerasLayer(
                kind, name, config, tensors, tuple(given), self.graph, self.file.archive, self.file.version
            )
            return _translated(layer, operation, numbers_of(entry)[place] if operation else ())
        except Unsupported as error:
            self.unknown.append((str(error), name))
            return None


def _taken(values: Mapping[Call, Sequence[Value | None]], key: Tensor) -> Value | None:
    name, call, place = key
    given = values.get((name, call), ())
    if not 0 <= place < len(given):
        raise CheckpointError(
            f"its graph is damaged: {name[:80]} does not give its output {place} in call {call}"
        )
    return given[place]


def _translated(layer: KerasLayer, operation: str | None, numbers: Sequence[float | None]) -> Value:
    if operation is not None:
        return operate(layer, operation, numbers)
    if layer.config.get("data_format") == "channels_first":
        raise layer.refuse("with channels first")
    return LAYERS[layer.kind](layer)


def _is_keras(entry: Mapping[str, Any]) -> bool:
    """Whether it is a layer of Keras's own that has a translation, and nobody's of the same name."""
    kind, module = str(entry.get("class_name")), str(entry.get("module") or "keras.layers")
    registered = entry.get("registered_name") or kind
    own = module.startswith(
        ("keras.layers", "keras.src.layers", "tensorflow.keras", "tensorflow.python.keras")
    )
    return kind in LAYERS and own and registered in (kind, f"keras>{kind}", f"Keras>{kind}")
