"""The PyTorch original: from what was typed and what a checkpoint says to a module with its reference contract."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.export.reference_model.preprocessing import PRESETS
from fer_edge.runtime.contract import (
    CameraSpec,
    Contract,
    InputSpec,
    Normalization,
    OutputSpec,
    Quantization,
)
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.labels import canonical
from fer_edge.train.checkpoint.checkpoint import (
    ARCH_ARGS_KEY,
    ARCH_KEY,
    OUTPUT_KEY,
    Checkpoint,
    builtin_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from fer_edge.train.checkpoint.network import build_network
from fer_edge.train.checkpoint.sources.reading import Wanted, known_pixels, with_front
from fer_edge.train.models import is_known
from fer_edge.train.models.selection import ALL, Selection

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.train.checkpoint.sources.reading import Source

REFERENCE = "reference.safetensors"
"""File of a bundle that holds the original's weights, and with ``CONTRACT_SUFFIX`` its contract."""
FOREIGN = ("arch", "labels", "input", "mean", "std")
"""Options that weights without a contract need, all of them."""


class IncompleteOptions(ExportError):
    """Foreign weights lack options; a usage error on the command line."""


@dataclass(frozen=True)
class ModelSpec:
    """The original as it was typed; None or empty: not typed.

    Attributes:
        checkpoint: the weights; None: the built-in model.
        arch: a built-in name or ``package.module:callable``.
        arch_args: ``--arch-arg`` values as typed.
        labels: in the order of the module's outputs.
        input: width, height, channels.
        mean: applied to v/255; one value, or one a channel.
        std: the same.
        output: ``logits`` or ``probabilities``.
        output_index: which of several things that the module returns is meant, from 0.
        output_key: the same, by name.
        model: name in the bundle.
        crop_margin: by which a detector's box grows, as a share of its sides.
        weights_key: which of several sets of weights in the checkpoint.
        preprocess: a usual pair of mean and std by name, of ``PRESETS``.
        bgr: the network wants blue first; mean and std are in its order.
    """

    checkpoint: Path | None = None
    arch: str | None = None
    arch_args: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    input: tuple[int, int, int] | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    output: str | None = None
    output_index: int | None = None
    output_key: str | None = None
    model: str | None = None
    crop_margin: float | None = None
    weights_key: str | None = None
    preprocess: str | None = None
    bgr: bool = False

    def missing(self, known: Collection[str] = ()) -> list[str]:
        """Options that weights without a contract would still need, but for those that the file itself answers."""
        return [f"--{name}" for name in FOREIGN if name not in known and not getattr(self, name)]


@dataclass(frozen=True)
class ReferenceModel:
    """The module with everything that says how it is fed.

    Attributes:
        module: in ``eval()`` mode, on the CPU, without gradients.
        contract: the reference contract.
        arch: the name that ``resolve`` understands.
        arch_args: its further arguments.
        checkpoint_sha256: of the file that the weights came from.
        builtin: whether it is the model that comes with fer-edge.
        selection: which of several things that the network returns the module gives.
        source: the network as it came, where the file is another framework's.
        bgr: whether the first layer was turned from blue first to red first.
    """

    module: nn.Module
    contract: Contract
    arch: str
    arch_args: dict[str, Any]
    checkpoint_sha256: str
    builtin: bool = False
    selection: Selection = ALL
    source: Source | None = None
    bgr: bool = False

    def options(self) -> list[str]:
        """The words by which ``fer-verify`` is told what to import; none for a built-in network."""
        from fer_edge.train.models.foreign import argument_text

        if is_known(self.arch):
            return []
        arguments = [f"{name}={argument_text(value)}" for name, value in self.arch_args.items()]
        return ["--arch", self.arch, *(word for text in arguments for word in ("--arch-arg", text))]


def is_builtin_name(arch: str) -> bool:
    """True if a name may be taken from a file: only then does importing it run no untrusted code."""
    return is_known(arch)


def open_original(spec: ModelSpec) -> ReferenceModel:
    """Read the weights and build the module around them.

    Raises:
        IncompleteOptions: the checkpoint does not say how it is fed and neither do the options.
        CheckpointError: the weights cannot be read safely or do not fit.
        ContractError: labels, sizes or numbers that a contract does not allow.
    """
    spec = _fill_preset(spec)
    path = spec.checkpoint or builtin_checkpoint()
    checkpoint = read_checkpoint(path, weights_key=spec.weights_key, wanted=_wanted(spec))
    _complete(spec, checkpoint)
    arch = spec.arch or checkpoint.metadata[ARCH_KEY]
    arch_args = _arch_args(spec, checkpoint)
    contract = _contract(spec, checkpoint, arch)
    _refuse_one_label(contract)
    selection = Selection(spec.output_index, spec.output_key) or checkpoint.selection
    if checkpoint.source:
        selection = ALL  # made while the file was read
    module = build(arch, arch_args, contract, checkpoint, selection)
    if spec.bgr:
        from fer_edge.export.reference_model.channel_order import turn_first_layer

        turn_first_layer(module, contract)
    builtin = spec.checkpoint is None
    return ReferenceModel(
        module, contract, arch, arch_args, checkpoint.sha256, builtin, selection, checkpoint.source, spec.bgr
    )


def _fill_preset(spec: ModelSpec) -> ModelSpec:
    """With mean, std and channel order of ``--preprocess``."""
    if spec.preprocess is None:
        return spec
    if spec.mean or spec.std:
        raise IncompleteOptions("--preprocess stands for --mean and --std; give one or the other")
    preset = next(one for one in PRESETS if one.name == spec.preprocess)
    return replace(spec, mean=preset.mean, std=preset.std, bgr=spec.bgr or preset.bgr)


def _wanted(spec: ModelSpec) -> Wanted:
    output = spec.output_index if spec.output_key is None else spec.output_key
    return Wanted(spec.input, output)


def build(
    arch: str,
    arch_args: Mapping[str, Any],
    contract: Contract,
    checkpoint: Checkpoint,
    selection: Selection = ALL,
) -> nn.Module:
    """The module with the checkpoint's weights: ``eval()``, on the CPU, without gradients, the same in every process.

    Raises:
        CheckpointError: the weights do not fit, or the architecture cannot be made or evaluated.
    """
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)  # buffers that no checkpoint holds
    return build_network(checkpoint, arch, contract, arch_args=arch_args, selection=selection)


def rebuild(
    weights: Path,
    contract: Contract,
    arch: str,
    arch_args: Mapping[str, Any],
    typed: Mapping[str, str] | None = None,
) -> ReferenceModel:
    """The original of weights that ``write_reference`` wrote.

    Args:
        weights: the file.
        contract: the reference contract.
        arch: the name that ``resolve`` understands.
        arch_args: its further arguments.
        typed: arguments as typed, in place of these.

    Raises:
        CheckpointError: the weights do not fit, or the architecture cannot be made or evaluated.
    """
    from fer_edge.train.models.foreign import parse_arguments

    checkpoint = read_checkpoint(weights)
    arguments = dict(arch_args) if typed is None else parse_arguments(typed)
    module = build(arch, arguments, contract, checkpoint, checkpoint.selection)
    sha256, selection = checkpoint.sha256, checkpoint.selection
    return ReferenceModel(module, contract, arch, arguments, sha256, selection=selection)


def _refuse_one_label(contract: Contract) -> None:
    if len(contract.labels) == 1:
        raise ExportError(
            f"there is one label, {contract.labels[0]!r}, and the softmax of one output is always 1: name two labels and let "
            "the module return two; what a sigmoid turns into one probability, x, is torch.cat((torch.zeros_like(x), x), 1)"
        )


def write_reference(original: ReferenceModel, path: Path) -> None:
    """Write the weights that parity is measured against, with contract and architecture inside."""
    from fer_edge.train.models.selected import inner

    metadata = {ARCH_KEY: original.arch}
    if original.arch_args:
        metadata[ARCH_ARGS_KEY] = json.dumps(original.arch_args, sort_keys=True)
    if original.selection:
        metadata[OUTPUT_KEY] = original.selection.text
    write_checkpoint(path, inner(original.module).state_dict(), original.contract, metadata)


def _complete(spec: ModelSpec, checkpoint: Checkpoint) -> None:
    missing = spec.missing()
    if checkpoint.source is not None:
        _refuse_arch(spec, checkpoint)
        known = ("arch", "input", *(("mean", "std") if known_pixels(checkpoint.source) else ()))
        missing = spec.missing(known)
    if checkpoint.contract is not None:
        known_arch = is_builtin_name(checkpoint.metadata.get(ARCH_KEY, ""))
        missing = [] if known_arch or spec.arch else ["--arch"]
    if missing:
        name = spec.checkpoint.name if spec.checkpoint else "the built-in model"
        raise IncompleteOptions(
            f"{name} does not say how it is fed: also give {', '.join(missing)} "
            "(--input is WIDTHxHEIGHTxCHANNELS; mean and std apply to v/255"
            f"{'; --preprocess zero-one, minus-one-one, torch, keras or caffe stands for both' if '--mean' in missing else ''})"
        )


def _refuse_arch(spec: ModelSpec, checkpoint: Checkpoint) -> None:
    if spec.arch or spec.arch_args or spec.weights_key:
        raise IncompleteOptions(
            f"{checkpoint.path.name} holds the whole network: leave --arch, --arch-arg and --weights-key out"
        )


def _arch_args(spec: ModelSpec, checkpoint: Checkpoint) -> dict[str, Any]:
    from fer_edge.train.models.foreign import parse_arguments

    if spec.arch_args:
        return parse_arguments(spec.arch_args)
    # Who repeats the file's architecture, as its author must for a network that is not built in, means the file's network.
    return checkpoint.arch_args if spec.arch in (None, checkpoint.arch) else {}


def _contract(spec: ModelSpec, checkpoint: Checkpoint, arch: str) -> Contract:
    """The contract of what was typed, and for the rest of what the checkpoint says."""
    stored = checkpoint.contract
    source = checkpoint.source
    if source is not None:
        channels, height, width = source.input
        spec = replace(spec, input=(width, height, channels))
    ends = _input(spec, stored)
    normalization = _normalization(spec, stored, ends.channels)
    if source is not None:
        normalization = with_front(source, normalization)
    return Contract.build(
        model=spec.model or (stored.model if stored else model_name(arch)),
        labels=tuple(canonical(label) for label in spec.labels) or _stored(stored, "labels").labels,
        input=ends,
        camera=_camera(spec, stored),
        normalization=normalization,
        quantization=Quantization(input=None, output=None),
        output=_output(spec, stored, source),
    )


def _stored(stored: Contract | None, option: str) -> Contract:
    if stored is None:  # _complete has asked for the options
        raise IncompleteOptions(f"--{option} is missing")
    return stored


def _input(spec: ModelSpec, stored: Contract | None) -> InputSpec:
    if spec.input:
        width, height, channels = spec.input
    else:
        known = _stored(stored, "input").input
        width, height, channels = known.width, known.height, known.channels
    return InputSpec("image", "tensor", width, height, channels, "NCHW", "float32")


def _camera(spec: ModelSpec, stored: Contract | None) -> CameraSpec:
    camera = stored.camera if stored else CameraSpec()
    margin = camera.crop_margin if spec.crop_margin is None else spec.crop_margin
    return CameraSpec(spec=1, crop_margin=margin, mirror=camera.mirror)


def _output(spec: ModelSpec, stored: Contract | None, source: Source | None) -> OutputSpec:
    if source is not None and spec.output is None:
        kind = "probabilities" if source.answers_probabilities else "logits"
        return OutputSpec(name=kind, kind=kind)
    if stored is not None and spec.output in (None, stored.output.kind):
        return stored.output
    kind = spec.output or "logits"
    return OutputSpec(name=kind, kind=kind)


def _normalization(spec: ModelSpec, stored: Contract | None, channels: int) -> Normalization | None:
    before = stored.normalization if stored else None
    if not spec.mean and not spec.std:
        return before
    mean = spec.mean or (before.mean if before else (0.0,))
    std = spec.std or (before.std if before else (1.0,))
    means, stds = _per_channel(mean, "mean", channels), _per_channel(std, "std", channels)
    return Normalization(means[::-1], stds[::-1]) if spec.bgr else Normalization(means, stds)


def _per_channel(values: tuple[float, ...], name: str, channels: int) -> tuple[float, ...]:
    if not all(map(math.isfinite, values)):
        raise ExportError(f"--{name} is {', '.join(map(str, values))}; allowed are finite numbers")
    if len(values) == 1:
        return values * channels
    if len(values) != channels:
        raise ExportError(
            f"--{name} has {len(values)} values; give one, or one for each of {channels} channels"
        )
    return values


def model_name(arch: str) -> str:
    """``torchvision.models:shufflenet_v2_x1_0`` is called ``shufflenet-v2-x1-0``: never after a file."""
    return arch.rsplit(":", 1)[-1].rsplit(".", 1)[-1].replace("_", "-")
