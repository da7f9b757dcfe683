"""The artifact that a dump belongs to, and the dump's frame, box and tensor held against its contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.mistakes.preparation import Preparation
from fer_edge.export.verify.diagnose.record import MISTAKE, RIGHT, Question
from fer_edge.runtime.bundle import Bundle
from fer_edge.runtime.camera import upright_size
from fer_edge.runtime.camera.geometry import crop
from fer_edge.runtime.closest import closest
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.dump import Dump, StoredTensor
from fer_edge.runtime.errors import BundleError, FrameError

Contracts = Mapping[str, Contract]


@dataclass(frozen=True)
class Subject:
    """What is judged.

    Attributes:
        variant: of the artifact.
        contract: of the artifact.
        contracts: of all artifacts, by variant.
        preparation: the frame with its box; None: no frame, or a box that cuts out nothing.
        tensor: in the contract's shape and dtype; None: none came, or it has another size or type.
    """

    variant: str
    contract: Contract
    contracts: Contracts
    preparation: Preparation | None
    tensor: NDArray[Any] | None


def examine(bundle: Bundle, dump: Dump) -> tuple[Subject, list[Question]]:
    """What a dump is about, and what is wrong with it before anything is computed.

    Raises:
        BundleError: the bundle has no artifact.
        FrameError: the frame's numbers do not fit together: no camera gave it.
    """
    contracts = {one.variant: Contract.parse(one.contract) for one in bundle.manifest.artifacts}
    if not contracts:
        raise BundleError(f"{bundle.path} has no artifact to compare with")
    variant = _choose(dump, contracts)
    contract = contracts[variant]
    questions = [_ask_contract(dump, contracts, variant, bundle)]
    preparation, box = _frame(dump, contract)
    tensor, shape = _tensor(dump.tensor, contract, contracts)
    questions += [one for one in (box, shape) if one]
    return Subject(variant, contract, contracts, preparation, tensor), questions


def _choose(dump: Dump, contracts: Contracts) -> str:
    """The variant that the answers name, else one of that contract, else one that such a tensor fits."""
    named = [name for name in dump.probabilities or () if name in contracts]
    hashed = [name for name, contract in contracts.items() if contract.sha256 == dump.contract_sha256]
    fitting = [name for name, contract in contracts.items() if dump.tensor and _fits(dump.tensor, contract)]
    order = sorted(named, key=lambda name: name not in hashed) + hashed + fitting + list(contracts)
    return order[0]


def _fits(tensor: StoredTensor, contract: Contract) -> bool:
    wanted = np.dtype(contract.input.dtype).itemsize * int(np.prod(contract.input.shape))
    return tensor.dtype == contract.input.dtype and len(tensor.data) == wanted


def _ask_contract(dump: Dump, contracts: Contracts, variant: str, bundle: Bundle) -> Question:
    sha256 = dump.contract_sha256
    strangers = [name for name in dump.probabilities or () if name not in contracts]
    if strangers:
        near = closest(strangers[0], list(contracts))
        hint = f"; the nearest is {near}" if near else ""
        return Question(
            "contract", MISTAKE, ("unknown-variant",), f"{strangers[0]!r} is not in the bundle{hint}"
        )
    if contracts[variant].sha256 == sha256:
        return Question("contract", RIGHT, note=f"the contract of {variant}")
    others = [name for name, contract in contracts.items() if contract.sha256 == sha256]
    if others:
        note = f"the app read the contract of {', '.join(others[:3])}, and ran {variant}"
        return Question("contract", MISTAKE, ("contract-of-other-variant",), note)
    if _is_reference(bundle, sha256):
        return Question(
            "contract", MISTAKE, ("contract-of-reference",), "reference.safetensors.contract.json"
        )
    note = f"no file of this bundle has a contract with SHA-256 {sha256[:12]}..."
    return Question("contract", MISTAKE, ("stale-contract",), note)


def _is_reference(bundle: Bundle, sha256: str) -> bool:
    from fer_edge.export.reference_model.model import REFERENCE
    from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX
    from fer_edge.runtime.errors import FerEdgeError

    try:
        text = bundle.check_file(REFERENCE + CONTRACT_SUFFIX).read_bytes()
        return Contract.parse(text).sha256 == sha256
    except FerEdgeError:
        return False


def _frame(dump: Dump, contract: Contract) -> tuple[Preparation | None, Question | None]:
    if dump.frame is None:
        return None, None
    frame = dump.frame.make(dump.rotation)  # refuses what no camera gives
    width, height = upright_size(frame)
    box, question = dump.box, None
    if box is not None and all(0 <= value <= 1 for value in box):
        said = ", ".join(f"{value:g}" for value in box)
        question = Question("box", MISTAKE, ("box-in-shares",), f"({said}) in a picture of {width}x{height}")
        box = tuple(value * side for value, side in zip(box, (width, height) * 2, strict=True))
    if box is not None and dump.mirror != contract.camera.mirror:
        box = width - box[2], box[1], width - box[0], box[3]
    try:
        crop(box, contract.camera.crop_margin, width, height)
    except FrameError as error:
        return None, Question("box", MISTAKE, ("box-empty",), str(error))
    if question is None and dump.mirror != contract.camera.mirror:
        note = f"the app says mirror {_word(dump.mirror)}, the contract {_word(contract.camera.mirror)}"
        question = Question("box", MISTAKE, ("mirror-of-its-own",), note)
    return Preparation(dump.frame, dump.rotation, box, contract), question


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _tensor(
    stored: StoredTensor | None, contract: Contract, contracts: Contracts
) -> tuple[NDArray[Any] | None, Question | None]:
    if stored is None:
        return None, None
    wanted, dtype = contract.input, np.dtype(contract.input.dtype)
    if _fits(stored, contract):
        tensor = np.frombuffer(stored.data, dtype.newbyteorder("<")).astype(dtype).reshape(wanted.shape)
        if dtype == np.float32 and not np.isfinite(tensor).all() and not _is_swapped(tensor):
            bad = int((~np.isfinite(tensor)).sum())
            note = f"{bad} of {tensor.size} values are not finite"
            return None, Question("input", MISTAKE, ("tensor-not-finite",), note)
        return tensor, None
    fitting = [name for name, one in contracts.items() if _fits(stored, one)]
    hint = f"; that fits {', '.join(fitting[:3])}" if fitting else ""
    need = f"{wanted.width}x{wanted.height}x{wanted.channels} of {wanted.dtype}, {dtype.itemsize * int(np.prod(wanted.shape))} bytes"
    note = f"{len(stored.data)} bytes of {stored.dtype} came; the contract says {need}{hint}"
    name = "tensor-of-other-type" if stored.dtype != wanted.dtype else "tensor-of-other-size"
    return None, Question("input", MISTAKE, (name,), note)


def _is_swapped(tensor: NDArray[Any]) -> bool:
    """Whether the values make sense once their bytes are exchanged."""
    other = tensor.byteswap()
    return bool(np.isfinite(other).all() and np.abs(other).max() < 1e6)
