"""Training with the rounding of the int8 file in the network (torchao, PT2E).

The network is captured as a graph, and rounding to 256 steps is put wherever the int8 files round:

* weights of convolutions and dense layers: int8, one symmetric scale an output channel, -127 to 127, with batch
  normalization folded in by its running statistics, as the exporters fold it;
* activations: 256 steps between the smallest and largest value seen (a moving average), one scale and zero point a
  tensor; of a convolution, sum, product or mean behind its ReLU, since both runtimes fuse that;
* hard-swish and hard-sigmoid in the ReLU6 form that the int8 files hold; other activations as one step;
* logits stay in float: ONNX reads them so, and TFLite's 256 steps there are fine enough.

Gradients pass through the rounding unchanged where it does not clip (straight-through estimator; Jacob et al. 2018,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", arXiv 1712.05877,
section 3 and figure 1.1). What is kept are the float weights: ``fer-export --precision int8`` calibrates and
quantizes them like any other checkpoint's.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import require

aten = torch.ops.aten
SUMS = (aten.conv2d.default, aten.linear.default)
"""Operators with weights to round."""
NORMALIZATIONS = (aten.batch_norm.default,)
VALUES = (
    *SUMS,
    *NORMALIZATIONS,
    aten.add.Tensor,
    aten.add_.Tensor,
    aten.mul.Tensor,
    aten.mul_.Tensor,
    aten.adaptive_avg_pool2d.default,
    aten.avg_pool2d.default,
    aten.mean.dim,
    aten.silu.default,
    aten.silu_.default,
    aten.sigmoid.default,
    aten.gelu.default,
    aten.cat.default,
)
"""Operators that make new values, which an int8 file stores in 256 steps; the rest moves or picks them."""
CLAMPS = (
    aten.relu.default,
    aten.relu_.default,
    aten.hardtanh.default,
    aten.hardtanh_.default,
    aten.relu6.default,
)
"""Operators that runtimes fuse into the one before."""
HARD = {
    aten.hardswish.default: "swish",
    aten.hardswish_.default: "swish",
    aten.hardsigmoid.default: "sigmoid",
    aten.hardsigmoid_.default: "sigmoid",
}
PRECISIONS = ("32-true",)
"""Of the loop: the rounding has no kernel for halves and doubles."""


class QuantizationAware(nn.Module):
    """A network's graph with rounding in it, as :func:`prepare` makes it: (n, C, H, W) float32 -> (n, classes) logits.

    ``train()`` and ``eval()`` switch batch normalization, dropout and the watching of activation ranges, at the next
    call: Lightning sets ``training`` without asking.
    """

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__()
        self.graph = graph
        self._graph_trains = True

    def forward(self, images: Tensor) -> Tensor:
        """Logits as an int8 file would give them, up to its integer arithmetic."""
        if self._graph_trains != self.training:
            _set_training(self.graph, training=self.training)
            self._graph_trains = self.training
        return self.graph(images)  # type: ignore[no-any-return]

    def train(self, mode: bool = True) -> QuantizationAware:
        """Switch this module alone: torchao's graph refuses the call."""
        self.training = mode
        return self


def check_precision(precision: str) -> None:
    """Refuse a precision of the loop in which the rounding cannot be computed.

    Raises:
        FerEdgeError: any but ``32-true``.
    """
    if precision not in PRECISIONS:
        raise FerEdgeError(
            f"--qat computes in float32 only, --precision is {precision!r}; leave it out or write --precision 32-true"
        )


def prepare(network: nn.Module, example: Tensor) -> QuantizationAware:
    """Put rounding into a network.

    Args:
        network: with the weights to start from, on the CPU; its weights and statistics are copied.
        example: (n, C, H, W) float32 normalized crops, two or more: the first ranges are theirs, so real ones.

    Returns:
        The module to train, in training mode; :func:`finish` gives the weights back.

    Raises:
        FerEdgeError: the network cannot be captured as a graph, has layers whose rounding is not known here, or its
            weights would not come back by name.
    """
    with torch.random.fork_rng(devices=[]):  # tracing draws numbers that belong to the training
        return _prepared(network, example)


def _prepared(network: nn.Module, example: Tensor) -> QuantizationAware:
    graph = _captured(network, example)
    names = set(network.state_dict())
    with _quiet():
        pt2e = require("torchao.quantization.pt2e.quantize_pt2e", "train")
        prepared = pt2e.prepare_qat_pt2e(graph, _quantizer())
    _restore_normalization(prepared, network)
    lost = sorted(names - set(prepared.state_dict()))
    if lost:
        raise FerEdgeError(
            f"--qat: the weights {', '.join(lost[:3])} of this network would not come back by name; train it without --qat"
        )
    module = QuantizationAware(prepared)
    statistics = {name: value.clone() for name, value in prepared.state_dict().items() if name in names}
    with torch.no_grad():
        module(example)  # gives every range its shape and first value, which resume and averaging rely on
    prepared.load_state_dict(statistics, strict=False)
    return module


def finish(module: QuantizationAware, network: nn.Module) -> nn.Module:
    """The trained float weights in the network's own form.

    Args:
        module: as :func:`prepare` gave it, trained.
        network: of the same architecture; changed in place.

    Returns:
        ``network``, in ``eval()`` mode.

    Raises:
        FerEdgeError: a weight is missing or not finite.
    """
    trained = module.graph.state_dict()
    wanted = network.state_dict()
    lost = sorted(name for name in wanted if name not in trained)
    broken = sorted(
        name for name in wanted if name in trained and not bool(torch.isfinite(trained[name]).all())
    )
    if lost or broken:
        raise FerEdgeError(
            f"--qat: {'missing' if lost else 'not finite'} after training: {', '.join((lost or broken)[:3])};"
            " lower --lr or train without --qat"
        )
    network.load_state_dict({name: trained[name].detach().clone() for name in wanted})
    return network.eval()


def _captured(network: nn.Module, example: Tensor) -> fx.GraphModule:
    """The graph in training mode for any number of images, on a copy of the weights."""
    import copy

    if len(example) < 2:
        raise FerEdgeError(f"--qat needs two or more crops to begin with, {len(example)} came")
    source = copy.deepcopy(network).float().train()
    sizes = ({0: torch.export.Dim.DYNAMIC},)
    try:
        with _quiet():
            exported = torch.export.export(source, (example,), dynamic_shapes=sizes, strict=False)
            return exported.module(check_guards=False)
    except Exception as error:  # whatever somebody's network makes of a tracer
        said = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise FerEdgeError(
            f"--qat: this network cannot be captured as a graph ({said}); train it without --qat"
        ) from error


def _quantizer() -> Any:
    """The int8 files' scheme as torchao's quantizer; made here, since torchao is imported late."""
    quantizer = require("torchao.quantization.pt2e.quantizer", "train")

    class Int8Files(quantizer.Quantizer):  # type: ignore[name-defined, misc]
        """Rounds the values that the exported files store in 256 steps."""

        def transform_for_annotation(self, model: fx.GraphModule) -> fx.GraphModule:
            return _spell_out(model)

        def annotate(self, model: fx.GraphModule) -> fx.GraphModule:
            weights, activations = _specs()
            logits = _logits(model)
            for node in model.graph.nodes:
                # torchao's folding reads the input first, then the weight; what comes in is rounded where it is made.
                inputs = {}
                if node.target in SUMS:
                    inputs = {_argument(node, "input"): None, _argument(node, "weight"): weights}
                rounded = node not in logits and _is_stored(node)
                if inputs or rounded:
                    node.meta["quantization_annotation"] = quantizer.QuantizationAnnotation(
                        input_qspec_map=inputs,
                        output_qspec=activations if rounded else None,
                        _annotated=True,
                    )
            return model

        def validate(self, model: fx.GraphModule) -> None:
            _refuse_unknown(model)

    return Int8Files()


def _specs() -> tuple[Any, Any]:
    """The rounding of weights and activations."""
    pt2e = require("torchao.quantization.pt2e", "train")
    quantizer = require("torchao.quantization.pt2e.quantizer", "train")
    # averaging_constant 1: the exporters take a weight's extremes of now, not of earlier steps. Not the fused kernel:
    # its symmetric step is 255/254 of theirs.
    weights = quantizer.QuantizationSpec(
        dtype=torch.int8,
        quant_min=-127,
        quant_max=127,
        qscheme=torch.per_channel_symmetric,
        ch_axis=0,
        observer_or_fake_quant_ctr=pt2e.FakeQuantize.with_args(
            observer=pt2e.MovingAveragePerChannelMinMaxObserver, averaging_constant=1.0
        ),
    )
    activations = quantizer.QuantizationSpec(
        dtype=torch.int8,
        quant_min=-128,
        quant_max=127,
        qscheme=torch.per_tensor_affine,
        observer_or_fake_quant_ctr=pt2e.FusedMovingAvgObsFakeQuantize.with_args(
            observer=pt2e.MovingAverageMinMaxObserver
        ),
    )
    return weights, activations


def _is_stored(node: fx.Node) -> bool:
    """True if an int8 file holds this node's values: input, or the last of what runtimes fuse into one operator."""
    if node.op == "placeholder":
        return True
    if (node.target not in VALUES and node.target not in CLAMPS) or not _is_picture(node):
        return False
    users = list(node.users)
    return not (len(users) == 1 and users[0].target in (*CLAMPS, *NORMALIZATIONS))


def _is_picture(node: fx.Node) -> bool:
    """Computed from the image: not the counting of batches."""
    value = node.meta.get("val")
    return isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2


def _logits(model: fx.GraphModule) -> set[fx.Node]:
    (output,) = [node for node in model.graph.nodes if node.op == "output"]
    return set(output.all_input_nodes)


def _refuse_unknown(model: fx.GraphModule) -> None:
    """Weights outside convolutions, dense layers and batch normalization would be rounded by the file, not here."""
    parameters = {name for name, _ in model.named_parameters()}
    known = {*SUMS, *NORMALIZATIONS}
    strange = sorted(
        str(user.target)
        for node in model.graph.nodes
        if node.op == "get_attr" and node.target in parameters
        for user in node.users
        if user.target not in known
    )
    if strange:
        raise FerEdgeError(
            f"--qat knows Conv2d, Linear and BatchNorm2d; this network's weights also go into {strange[0]}: train it without --qat"
        )


def _spell_out(model: fx.GraphModule) -> fx.GraphModule:
    """Hard-swish and hard-sigmoid as the int8 files hold them: ``(relu6(x + 3) * x) * (1 / 6)``."""
    for node in list(model.graph.nodes):
        if node.op != "call_function" or node.target not in HARD:
            continue
        (x,) = node.all_input_nodes
        with model.graph.inserting_before(node):
            gate = _call(model, node, aten.add.Tensor, x, 3.0)
            gate = _call(model, node, aten.hardtanh.default, gate, 0.0, 6.0)
            if HARD[node.target] == "swish":
                gate = _call(model, node, aten.mul.Tensor, gate, x)
            result = _call(model, node, aten.mul.Tensor, gate, 1 / 6)
        node.replace_all_uses_with(result)
        model.graph.erase_node(node)
    model.recompile()
    return model


def _call(model: fx.GraphModule, like: fx.Node, target: Any, *arguments: Any) -> fx.Node:
    new = model.graph.call_function(target, arguments)
    new.meta = {key: like.meta[key] for key in ("val", "nn_module_stack", "stack_trace") if key in like.meta}
    return new


def _place(node: fx.Node, name: str) -> int:
    """Position of an argument in its operator's schema."""
    operator: Any = node.target
    return [argument.name for argument in operator._schema.arguments].index(name)


def _argument(node: fx.Node, name: str) -> Any:
    """One argument of an operator by name."""
    return node.args[_place(node, name)] if _place(node, name) < len(node.args) else node.kwargs[name]


def _set_arguments(node: fx.Node, **values: Any) -> None:
    """Replace arguments of an operator by name."""
    for name, value in values.items():
        if _place(node, name) < len(node.args):
            node.update_arg(_place(node, name), value)
        else:
            node.update_kwarg(name, value)


def _restore_normalization(prepared: fx.GraphModule, network: nn.Module) -> None:
    """Give batch normalization its own momentum and eps: torchao's folding writes PyTorch's defaults (its own TODO)."""
    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.BatchNorm2d)}
    for node in prepared.graph.nodes:
        if node.target in NORMALIZATIONS:
            name = str(_argument(node, "running_mean").target).rpartition(".")[0]
            layer = layers[name]
            if layer.momentum is None:
                raise FerEdgeError(
                    f"--qat: {name} averages its statistics without a momentum; train it without --qat"
                )
            _set_arguments(node, momentum=layer.momentum, eps=layer.eps)
    prepared.recompile()


def _set_training(graph: fx.GraphModule, *, training: bool) -> None:
    """Batch normalization and dropout by their literals (torchao's own switch resets eps, momentum and share)."""
    for node in graph.graph.nodes:
        if node.target in NORMALIZATIONS:
            _set_arguments(node, training=training)
        elif node.target in (aten.dropout.default, aten.dropout_.default):
            _set_arguments(node, train=training)
        elif _counts_batches(node):
            _set_arguments(node, other=int(training))
    graph.recompile()
    for child in graph.modules():
        watching = getattr(child, "observer_enabled", None)
        # Weights' extremes are those of now at any time; activations' belong to the training crops.
        if watching is not None and not child.is_per_channel:
            watching.fill_(int(training))


def _counts_batches(node: fx.Node) -> bool:
    """``num_batches_tracked += 1``."""
    first = node.args[0] if node.target is aten.add_.Tensor else None
    return isinstance(first, fx.Node) and str(first.target).endswith("num_batches_tracked")


@contextmanager
def _quiet() -> Iterator[None]:
    """Advice to torchao's and torch's own developers stays out."""
    logger = logging.getLogger("torch.utils._pytree")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
