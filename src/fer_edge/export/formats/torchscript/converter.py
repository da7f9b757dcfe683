"""TorchScript: the traced original in one archive that the full and the lite interpreter open.

``torch.jit.trace`` and its savers are deprecated in favor of ``torch.export``; they stay here because apps on PyTorch
Mobile read this format, and the deprecation is silenced at these calls only.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from fer_edge.export.capture.graphs import export_graph
from fer_edge.export.capture.tracing import trace
from fer_edge.export.capture.wrappers import TensorFrontend, make_example_tensor
from fer_edge.export.formats.captures import try_captures
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.formats.finite import refuse_nonfinite
from fer_edge.export.formats.protocol import Request, of_precision
from fer_edge.runtime.containers.digest import BLANK_DIGEST, seal
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.containers.torchscript import UnlistedOperatorError, check_program
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError, first_line

ARCHIVE = "archive"
CONTRACT_FILE = "contract.json"
ALIGNMENT_BYTES = 64
"""At which torch places each record, so that weights can be mapped into memory."""
_DEPRECATION = r"`torch\.jit\.\w+` is deprecated|Lite Interpreter is deprecated"
_MANGLED = re.compile(rb"___torch_mangle_(\d+)")
_PICKLED = re.compile(rb"X(....)(__torch__\.[\w.]+)|___torch_mangle_\d+", re.DOTALL)


class _Probabilities(nn.Module):
    """The tensor interface with a plain tensor as output, for ``module.forward(x).toTensor()``."""

    __module__ = "fer_edge.export.formats.torchscript"  # is written into the archive; see wrappers

    def __init__(self, frontend: TensorFrontend) -> None:
        super().__init__()
        self.frontend = frontend

    def forward(self, image: Tensor) -> Tensor:
        output: dict[str, Tensor] = self.frontend(image)
        return output["probabilities"]


def _frozen(network: nn.Module, reference: Contract) -> torch.jit.ScriptModule:
    module = _Probabilities(TensorFrontend(network, reference)).eval()
    try:
        with _deprecation_silenced(), torch.no_grad():
            frozen: torch.jit.ScriptModule = torch.jit.freeze(trace(module, make_example_tensor(reference)))
    except Exception as error:
        raise ExportError(f"torch.jit.trace refused the module: {first_line(error, named=False)}") from error
    for number, node in enumerate(frozen.graph.findAllNodes("prim::Constant")):  # type: ignore[attr-defined]
        value = node.output().toIValue()
        if isinstance(value, Tensor) and value.is_floating_point():
            refuse_nonfinite(f"TorchScript constant {number}", value.detach().numpy())
    return frozen


def _save(module: torch.jit.ScriptModule, contract: Contract) -> bytes:
    try:
        with _deprecation_silenced():
            data: bytes = module._save_to_buffer_for_lite_interpreter(
                _extra_files={CONTRACT_FILE: contract.text}
            )
    except RuntimeError as error:
        raise ExportError(f"TorchScript cannot hold the module: {first_line(error, named=False)}") from error
    return data


@contextmanager
def _deprecation_silenced() -> Iterator[None]:
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message=_DEPRECATION, category=category)
        # What a shape test inside the module says: the size is fixed here.
        warnings.filterwarnings("ignore", category=torch.jit._trace.TracerWarning)
        yield


def _reproducible(data: bytes) -> bytes:
    """The same archive with nothing in it that depends on the process or the machine.

    Removed: debug files (they hold the sources' paths). Renumbered: torch's counter of classes with the same name, which
    depends on what else the process has compiled. Stored without compression, whose bytes differ between libraries.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        records = [
            (item.filename.split("/", 1)[1], source.read(item))
            for item in source.infolist()
            if not item.filename.endswith((".debug_pkl", "serialization_id"))
        ]
    numbers: dict[bytes, bytes] = {}
    records = [
        (_renumber(name.encode(), numbers).decode(), _content(name, body, numbers)) for name, body in records
    ]
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + body for name, body in records)).hexdigest()
    records.append((".data/serialization_id", f"{int(digest, 16):040d}"[:40].encode()))
    return seal(_archive(records))


def _content(name: str, body: bytes, numbers: dict[bytes, bytes]) -> bytes:
    if name.endswith(".py"):
        return _renumber(body, numbers)
    if not name.endswith(".pkl"):
        return body

    def renamed(match: re.Match[bytes]) -> bytes:
        if match[2] is None:
            return _renumber(match[0], numbers)
        # A string carries its length in front (the pattern may have run past its end); a class name does not.
        length = int.from_bytes(match[1], "little")
        text = _renumber(match[2][:length], numbers)
        return b"X" + len(text).to_bytes(4, "little") + text + match[2][length:]

    return _PICKLED.sub(renamed, body)


def _renumber(text: bytes, numbers: dict[bytes, bytes]) -> bytes:
    """Number the mangled names in the order of their appearance."""

    def numbered(match: re.Match[bytes]) -> bytes:
        new = numbers.setdefault(match[1], str(len(numbers)).encode())
        return b"___torch_mangle_" + new

    return _MANGLED.sub(numbered, text)


def _archive(records: list[tuple[str, bytes]]) -> bytes:
    """A zip file as torch lays it out: stored records, each beginning at a multiple of 64 bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        # Not a record: its checksum would stand in the file twice, and change with the digest.
        archive.comment = BLANK_DIGEST.encode()
        for name, body in records:
            info = zipfile.ZipInfo(f"{ARCHIVE}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 0
            info.external_attr = 0
            info.extra = _padding(buffer.tell() + 30 + len(info.filename.encode()))
            archive.writestr(info, body)
    return buffer.getvalue()


def _padding(end_of_name: int) -> bytes:
    """An extra field "FB" (as torch writes it) that moves the record's first byte to a multiple of 64."""
    length = -(end_of_name + 4) % ALIGNMENT_BYTES
    return b"FB" + length.to_bytes(2, "little") + b"Z" * length


WEIGHTS: dict[str, Callable[[nn.Module, Contract], torch.jit.ScriptModule]] = {"fp32": _frozen}


def convert(request: Request) -> Contract:
    """Trace, freeze (BatchNorm goes into the convolutions) and write with the contract as an extra file.

    The ``.pt`` archive's ``module.forward(x)`` takes (1, C, H, W) float32 and returns (1, labels) float32.

    Raises:
        ExportError: the module cannot be traced or frozen, a folded weight is not finite, or the program calls an
            operator that readers refuse.
    """
    make = of_precision(WEIGHTS, request.variant)
    contract = derive_contract(request.variant, request.source.contract)
    source = request.source

    def archive(network: nn.Module) -> bytes:
        return _save(make(network, source.contract), contract)

    buffer = try_captures(request, source.module, archive, [export_graph], "network")
    request.path.write_bytes(_reproducible(buffer))
    _refuse_unlisted_operators(request.path)
    return contract


def _refuse_unlisted_operators(path: Path) -> None:
    """No reader of ours would run such a file; what else may be wrong with one, its engine says when it opens it."""
    with contextlib.suppress(ContainerError):
        try:
            check_program(path)
        except UnlistedOperatorError as error:
            path.unlink()
            raise ExportError(
                f"TorchScript: {error}, so that fer-edge would not run the file; write the network without this operator, "
                "or take another format"
            ) from None
