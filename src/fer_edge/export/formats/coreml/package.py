"""The written package: the contract inside, names as the contract says, and bytes that repeat."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal_package
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from coremltools.proto.Model_pb2 import Model

CONTRACT_KEY = "fer_edge_contract"
AUTHOR = "com.apple.CoreML"
"""Of every item in a package, and the folder that holds them; the format prescribes both."""
PROGRAM = Path("Data", AUTHOR, "model.mlmodel")
WEIGHTS = Path("Data", AUTHOR, "weights", "weight.bin")
DATE_KEY = "com.github.apple.coremltools.conversion_date"


def write_package(raw: Path, target: Path, contract: Contract) -> None:
    """Copy a package from ``raw`` to ``target`` in its final form.

    Args:
        raw: as coremltools saved it; its identifiers, map order and date differ at each conversion.
        target: the ``.mlpackage`` folder; replaced if it exists.
        contract: goes into the user metadata.

    Raises:
        ExportError: the package lacks its weights or has outputs that the contract does not know.
    """
    from coremltools.proto.Model_pb2 import Model

    model = Model()
    model.ParseFromString((raw / PROGRAM).read_bytes())
    if contract.output.kind == "dictionary":
        _name_dictionary(model, contract.output.name)
    model.description.metadata.userDefined.pop(DATE_KEY, None)
    model.description.metadata.userDefined[CONTRACT_KEY] = contract.text
    model.description.metadata.userDefined[DIGEST_KEY] = BLANK_DIGEST
    files = {PROGRAM: model.SerializeToString(deterministic=True)}
    if (raw / WEIGHTS).exists():
        files[WEIGHTS] = (raw / WEIGHTS).read_bytes()
    _write(target, _sealed({**files, Path("Manifest.json"): _manifest(files)}))


def _name_dictionary(model: Model, name: str) -> None:
    """Rename the classifier's dictionary, in the interface and in the program that fills it."""
    old = model.description.predictedProbabilitiesName
    if not old:
        raise ExportError("the Core ML converter wrote a classifier without a dictionary of probabilities")
    model.description.predictedProbabilitiesName = name
    for feature in model.description.output:
        if feature.name == old:
            feature.name = name
    for function in model.mlProgram.functions.values():
        for block in function.block_specializations.values():
            block.outputs[:] = [name if output == old else output for output in block.outputs]
            for operation in block.operations:
                for output in operation.outputs:
                    if output.name == old:
                        output.name = name


def _sealed(files: dict[Path, bytes]) -> dict[Path, bytes]:
    """With the package's digest; the identifiers are those of the content before it."""
    sealed = seal_package({path.as_posix(): content for path, content in files.items()})
    return {path: sealed[path.as_posix()] for path in files}


def _manifest(files: dict[Path, bytes]) -> bytes:
    """``Manifest.json`` with identifiers that follow from the content."""
    program = _identifier(files[PROGRAM])
    entries = {program: _entry("CoreML Model Specification", "model.mlmodel", "model.mlmodel")}
    if WEIGHTS in files:
        entries[_identifier(files[WEIGHTS])] = _entry("CoreML Model Weights", "weights", "weights")
    document = {"fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": program}
    return (json.dumps(document, indent=4, sort_keys=True) + "\n").encode()


def _entry(description: str, name: str, path: str) -> dict[str, str]:
    return {"author": AUTHOR, "description": description, "name": name, "path": f"{AUTHOR}/{path}"}


def _identifier(content: bytes) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=5))


def _write(target: Path, files: dict[Path, bytes]) -> None:
    """Write the folder with the modes of ordinary files, whatever the process's mask."""
    if target.exists():
        shutil.rmtree(target)
    for relative, content in files.items():
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
