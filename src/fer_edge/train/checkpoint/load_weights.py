"""Loading weights into a network: the set that fits, every tensor in its place, or one sentence that lists all that does not."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.weight_sets import WeightSet

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fer_edge.train.checkpoint.checkpoint import Checkpoint

WRAPPERS = ("_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Parts of names, at the front and inside, that torch.compile, DataParallel, SWA and the like put around a module."""
MAY_BE_MISSING = "num_batches_tracked"
NO_PART = re.compile(
    r"loss|criteri|metric|accura|precision|recall|(^|_)acc(_|$)|_f1(_|$)|f1_?score|auroc|(^|_)auc(_|$)|confusion|confmat|^n_averaged$"
)
"""Names, next to a network's own, of what measures or averages it."""
COUNTERS = ("total_ops", "total_params", "n_averaged", "tp", "fp", "tn", "fn", "confmat")
"""Left in every module by counters of operations, beside it by averaging, and by torchmetrics whatever a metric is called."""
REPARAMETRIZED = (
    (".parametrizations.", "torch.nn.utils.parametrize.remove_parametrizations(module, name)"),
    (".weight_g", "torch.nn.utils.remove_weight_norm(module)"),
    (".weight_u", "torch.nn.utils.remove_spectral_norm(module)"),
    (".weight_mask", "torch.nn.utils.prune.remove(module, 'weight')"),
)
"""What a weight is computed from instead of being there, and what undoes it."""
LISTED = 1000
"""Names of a kind in one message: all that the largest architecture has, but not a hostile file's millions."""
LONGEST_NAME, DEEPEST = 120, 40


@dataclass(frozen=True)
class Assignment:
    """One set of weights under the names of a network.

    Attributes:
        key: what ``--weights-key`` calls it.
        tensors: by the network's names, then those that it does not have.
        versions: version numbers by module, under the network's names.
        faults: what does not fit, as parts of a sentence.
        fitting: how many of the network's tensors are there.
    """

    key: str
    tensors: dict[str, Tensor]
    versions: dict[str, dict[str, int]]
    faults: tuple[str, ...]
    fitting: int


def load_weights(module: nn.Module, checkpoint: Checkpoint) -> nn.Module:
    """Load ``checkpoint`` into ``module`` strictly.

    Args:
        module: gets the weights; its mode stays as it is.
        checkpoint: names may carry a common prefix and those of wrappers; BatchNorm's ``num_batches_tracked`` may be
            missing; buffers of losses and metrics and other copies of the weights may stand beside.

    Returns:
        ``module``.

    Raises:
        CheckpointError: several sets of weights fit and differ; or missing, unexpected and wrongly shaped tensors, all
            at once. ``module`` is then unchanged.
    """
    assign(module, choose(checkpoint, module))
    return module


def assign(module: nn.Module, weights: Assignment) -> None:
    """Load what fits; tensors that are missing stay as they are, as do versions that nobody noted."""
    wanted = module.state_dict()
    versions = getattr(wanted, "_metadata", {})
    state = OrderedDict((name, weights.tensors.get(name, tensor)) for name, tensor in wanted.items())
    # Some modules read older layouts by the version that the state dictionary carries.
    state._metadata = OrderedDict({**versions, **weights.versions})  # type: ignore[attr-defined]
    module.load_state_dict(state)


def choose(checkpoint: Checkpoint, module: nn.Module, loose: str = "") -> Assignment:
    """The one set of weights that fits ``module``.

    Args:
        checkpoint: as read.
        module: to be fitted; only looked at.
        loose: prefix of a layer that may be missing or of another shape; "": none.

    Raises:
        CheckpointError: none fits, or several that differ.
    """
    wanted = module.state_dict()
    every = [found for key, one in checkpoint.sets.items() for found in assignments(key, one, wanted, loose)]
    fitting = [found for found in every if not found.faults]
    if not fitting:
        fitting = [found for found in _join(checkpoint.sets, wanted, loose) if not found.faults]
    if not fitting:
        best = max(every, key=lambda found: found.fitting)
        raise CheckpointError(_misfit(checkpoint, type(module).__name__, best))
    if any(not _equal(fitting[0], other) for other in fitting[1:]):
        raise CheckpointError(_ask(checkpoint, fitting, every))
    return replace(fitting[0], tensors=checkpoint.clean(fitting[0].tensors))


def assignments(key: str, one: WeightSet, wanted: Mapping[str, Tensor], loose: str = "") -> list[Assignment]:
    """The set under the network's names: as it fits best, or in each of several ways if there are copies inside.

    Args:
        key: of the set.
        one: the set.
        wanted: the network's state dictionary.
        loose: as in :func:`choose`.
    """
    names = _unwrap(one.tensors, wanted)
    votes = _prefixes(names, wanted)
    needed = sum(not name.endswith(MAY_BE_MISSING) and not _is(name, loose) for name in wanted)
    full = [prefix for prefix, count in votes.items() if count >= needed]
    chosen = full or [max(votes, key=lambda prefix: (votes[prefix], -len(prefix)), default="")]
    # Another whole copy of the network is nothing unexpected: it is another choice.
    others = tuple(prefix for prefix in full if prefix)
    return [_assignment(key, one, names, prefix, others, wanted, loose) for prefix in chosen]


def _assignment(
    key: str,
    one: WeightSet,
    names: Mapping[str, str],
    prefix: str,
    copies: tuple[str, ...],
    wanted: Mapping[str, Tensor],
    loose: str,
) -> Assignment:
    tensors: dict[str, Tensor] = {}
    for name, original in names.items():
        inner = name.removeprefix(prefix)
        if name.startswith(prefix) and inner in wanted:
            tensors[inner] = one.tensors[original]
        elif not _no_part(inner) and not (copies and name.startswith(copies)):
            tensors[original] = one.tensors[original]
    versions = {
        _plain(f"{module}.").removeprefix(prefix).rstrip("."): numbers
        for module, numbers in one.versions.items()
        if f"{_plain(f'{module}.')}".startswith(prefix) or not prefix
    }
    faults = tuple(_faults(tensors, wanted, loose))
    found = sum(name in tensors and tensors[name].shape == wanted[name].shape for name in wanted)
    return Assignment(
        ".".join(filter(None, [key, prefix.rstrip(".")])) or ".", tensors, versions, faults, found
    )


def _no_part(name: str) -> bool:
    parts = name.split(".")
    return parts[-1] in COUNTERS or bool(NO_PART.search(parts[0].lower()))


def _plain(name: str) -> str:
    parts = name.split(".")
    return ".".join(part for part in parts if part not in WRAPPERS)


def _unwrap(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, str]:
    """Names without wrappers' parts -> names in the file; unchanged for a network that has such parts itself."""
    unchanged = {name: name for name in tensors}
    if any(_plain(name) != name for name in wanted):
        return unchanged
    plain = {_plain(name): name for name in tensors}
    return plain if len(plain) == len(tensors) else unchanged


def _prefixes(names: Iterable[str], wanted: Mapping[str, Tensor]) -> Counter[str]:
    """Counts of the wanted names behind each prefix."""
    votes: Counter[str] = Counter()
    for name in names:
        start = 0
        for _ in range(DEEPEST):
            if name[start:] in wanted and not name.endswith(MAY_BE_MISSING):
                votes[name[:start]] += 1
            start = name.find(".", start) + 1
            if not start:
                break
    return votes


def _join(sets: Mapping[str, WeightSet], wanted: Mapping[str, Tensor], loose: str) -> Iterable[Assignment]:
    """Parts of a network that stand in dictionaries of their own, called as the network calls them."""
    for parent in {path.rpartition(".")[0] for path in sets}:
        parts = {
            path.rpartition(".")[2]: one
            for path, one in sets.items()
            if path and path.rpartition(".")[0] == parent
        }
        used = [part for part in parts if any(name.startswith(f"{part}.") for name in wanted)]
        tensors = {f"{part}.{name}": tensor for part in used for name, tensor in parts[part].tensors.items()}
        yield from assignments("+".join(used), WeightSet(tensors), wanted, loose)


def _equal(first: Assignment, second: Assignment) -> bool:
    import torch

    return first.tensors.keys() == second.tensors.keys() and all(
        torch.equal(tensor, second.tensors[name]) for name, tensor in first.tensors.items()
    )


def _ask(checkpoint: Checkpoint, fitting: list[Assignment], every: list[Assignment]) -> str:
    words = [f"{found.key} ({len(found.tensors)} tensors, fits)" for found in fitting]
    words += [f"{found.key} (does not fit)" for found in every if found.faults]
    return (
        f"{checkpoint.path.name} holds {len(fitting)} sets of weights that fit and differ: {_some(words, 20)}; "
        f"say which with --weights-key, such as --weights-key {fitting[0].key[:LONGEST_NAME]} (averaged ones, often called "
        "ema, are usually what was published)"
    )


def _misfit(checkpoint: Checkpoint, network: str, best: Assignment) -> str:
    where = (
        f" ({best.key[:LONGEST_NAME]}, the nearest of {len(checkpoint.sets)} sets)"
        if len(checkpoint.sets) > 1
        else ""
    )
    said = f"{checkpoint.path.name}{where} does not fit {network}: {'; '.join(best.faults)}. "
    hint = next(
        (undo for sign, undo in REPARAMETRIZED if any(sign in f".{name}" for name in best.tensors)), None
    )
    if hint:
        return f"{said}Some weights are computed from other ones: call {hint} before the weights are saved"
    if best.key != "." and not any(" missing" in fault or " of another" in fault for fault in best.faults):
        said += f"If what is unexpected is no part of the network: --weights-key {best.key[:LONGEST_NAME]}. "
    return f"{said}Check --arch, --arch-arg, the number of labels and the channels"


def _is(name: str, loose: str) -> bool:
    return bool(loose) and name.startswith(loose)


def _faults(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], loose: str) -> list[str]:
    strict = [name for name in wanted if not _is(name, loose)]
    missing = [name for name in strict if name not in state and not name.endswith(MAY_BE_MISSING)]
    unexpected = [name for name in state if name not in wanted and not _is(name, loose)]
    shapes = [
        f"{_cut(name)} {_shape(state[name])} instead of {_shape(wanted[name])}"
        for name in strict
        if name in state and state[name].shape != wanted[name].shape
    ]
    kinds = [
        f"{_cut(name)} ({_kind(state[name])})"
        for name in strict
        if name in state
        and state[name].is_floating_point() != wanted[name].is_floating_point()
        and not name.endswith(MAY_BE_MISSING)
    ]
    groups = (
        ("missing", missing),
        ("unexpected", unexpected),
        ("of another shape", shapes),
        ("of another kind", kinds),
    )
    return [f"{len(names)} {title}: {_some(names)}" for title, names in groups if names]


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _shape(tensor: Tensor) -> str:
    return "x".join(str(edge) for edge in tensor.shape) or "scalar"


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."


def _some(names: Iterable[str], listed: int = LISTED) -> str:
    every = list(names)
    more = f" and {len(every) - listed} more" if len(every) > listed else ""
    return ", ".join(map(_cut, every[:listed])) + more
