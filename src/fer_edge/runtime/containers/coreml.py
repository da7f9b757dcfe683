"""Core ML: user metadata ``fer_edge_contract`` of the package's root model.

Fields (Model.proto of coremltools): Model.description 2, ModelDescription.metadata 100, Metadata.userDefined 100.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from fer_edge.runtime.containers import wire
from fer_edge.runtime.containers.limits import KEY, LARGEST_CONTRACT, ContainerError
from fer_edge.runtime.errors import ContractError
from fer_edge.runtime.schema import decode


def read(path: Path) -> list[bytes]:
    """Every contract that the package's root model holds; one is right."""
    model = root_model(path)
    found: list[bytes] = []
    with model.open("rb") as file:
        for description in wire.blocks(file, (0, model.stat().st_size), 2):
            for metadata in wire.blocks(file, description, 100):
                found += wire.entries(file, metadata, 100, KEY.encode())
    return found


def root_model(path: Path) -> Path:
    """The protobuf file of a package, as its ``Manifest.json`` names it.

    Raises:
        ContainerError: no package, its manifest leads out of it, or anything in it is a link.
    """
    if not path.is_dir():
        raise ContainerError("it is not a folder")
    for place in sorted(path.rglob("*")):
        if place.is_symlink():
            raise ContainerError(f"{place.relative_to(path).as_posix()} is a link")
    manifest = path / "Manifest.json"
    if not manifest.is_file():
        raise ContainerError("it has no Manifest.json")
    with manifest.open("rb") as file:
        document = decode(file.read(LARGEST_CONTRACT + 1), "Manifest.json", ContractError)
    try:
        name = document["itemInfoEntries"][document["rootModelIdentifier"]]["path"]
        inside = PurePosixPath(name)
    except (KeyError, TypeError, IndexError):
        raise ContainerError("its Manifest.json names no root model") from None
    return _inside(path / "Data", inside)


def _inside(data: Path, name: PurePosixPath) -> Path:
    if name.is_absolute() or ".." in name.parts or not name.parts or "\\" in str(name) or "\0" in str(name):
        raise ContainerError(f"its Manifest.json names the unsafe path {ascii(str(name))[:80]}")
    model = data / name
    if not model.is_file():
        raise ContainerError(f"its root model {name} is missing")
    return model
