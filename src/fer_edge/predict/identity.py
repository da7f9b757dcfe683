"""The identity of the model that answers: by it stored results are told from those of another one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.runtime.model import Model


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which artifact answered.

    Attributes:
        name: of the contract, such as ``fer-mini``.
        variant: such as ``tflite-int8``; the file's name where that does not tell.
        sha256: of the artifact: the file's bytes, or a package's files in order of their relative POSIX paths, each as path,
            zero byte, size in decimal, zero byte, content.
        engine: library and version that runs it.
    """

    name: str
    variant: str
    sha256: str
    engine: str


def identify_model(model: Model) -> ModelIdentity:
    """The identity of a loaded model.

    Raises:
        OSError: its file is gone since it was loaded.
    """
    return ModelIdentity(
        model.contract.model, model.variant or model.path.name, _artifact_sha256(model.path), model.engine
    )


def _artifact_sha256(path: Path) -> str:
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for name in sorted(place.relative_to(path).as_posix() for place in path.rglob("*") if place.is_file()):
        content = (path / name).read_bytes()
        digest.update(b"%s\0%d\0" % (name.encode("utf-8", "surrogateescape"), len(content)))
        digest.update(content)
    return digest.hexdigest()
