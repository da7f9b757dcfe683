"""The bundle that is served: checked whole at the start, and copied where nobody else writes.

An engine maps its file into memory, so a file that is overwritten in place would change answers under a running server, and one
that is cut would crash it. What is served is therefore a copy; a file that the page asks for is checked when it is read, and
kept.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fer_edge.runtime.bundle import Bundle, open_bundle
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX
from fer_edge.runtime.errors import BundleError
from fer_edge.runtime.formats import is_package
from fer_edge.runtime.manifest import MANIFEST, Artifact, file_names
from fer_edge.runtime.paths import kind_of


@dataclass(frozen=True, slots=True)
class ServedBundle:
    """A checked bundle.

    Attributes:
        copy: folder with the manifest and the artifact that answers, for the workers.
        variant: of that artifact.
        bundle: the original folder, with the manifest as it was at the start.
        contents: files of the bundle that were asked for, by name.
    """

    copy: Path
    variant: str
    bundle: Bundle
    contents: dict[str, bytes] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Of the bundle: its manifest's."""
        return self.bundle.sha256

    def read(self, name: str) -> bytes:
        """A file of the bundle as it was at the start.

        Args:
            name: its path in the bundle.

        Raises:
            KeyError: the manifest does not list it.
            BundleError: it was changed or taken away since.
        """
        if name not in self.contents:
            self.contents[name] = _read(self.bundle, self.bundle.path, name)
        return self.contents[name]


@contextmanager
def serve_bundle(path: Path, variant: str | None, engine: str | None) -> Iterator[ServedBundle]:
    """Check a bundle and copy what answers; the copy is taken away afterwards.

    Args:
        path: of the bundle's folder, on this machine.
        variant: that shall answer; None: the usual one.
        engine: that shall run it; None: the one of the format.

    Raises:
        BundleError: no bundle; a file that is changed, missing or not listed; a variant that did not pass its checks.
    """
    if kind_of(path) == "file" or (kind_of(path) == "folder" and is_package(path)):
        raise BundleError(
            f"{path} is a lone artifact; a server wants the bundle that it is in, whose manifest says it passed"
        )
    bundle = open_bundle(path)
    faults = [
        *bundle.check_files(),
        *(f"{name} is not listed in {MANIFEST}" for name in bundle.find_unlisted()),
    ]
    if faults:
        raise BundleError(
            f"{path} is not as it was exported ({len(faults)} fault{'s' * (len(faults) > 1)}): {faults[0]}; export it again"
        )
    artifact = bundle.choose(variant, engine)
    _refuse_unproven(artifact)
    bundle.check_artifact(artifact)
    folder = Path(tempfile.mkdtemp(prefix="fer-predict-serve-"))
    try:
        _copy(bundle, artifact, folder)
        yield ServedBundle(folder, artifact.variant, bundle)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_unproven(artifact: Artifact) -> None:
    checks = {"parity": artifact.parity, "weight audit": artifact.weight_audit, "accuracy": artifact.accuracy}
    for name, check in checks.items():
        if check is None or check.verdict == "pass":
            continue
        if name != "parity" and check.verdict == "not-run":
            continue
        reason = getattr(check, "reason", None)
        raise BundleError(
            f"{artifact.variant} is not served: the verdict of its {name} is {check.verdict}"
            f"{f' ({reason})' if reason else ''}; export it where it can be checked, or choose another --variant"
        )


def _copy(bundle: Bundle, artifact: Artifact, folder: Path) -> None:
    names = [*file_names(artifact.path, bundle.manifest.files), artifact.path + CONTRACT_SUFFIX]
    for name in names:
        target = folder.joinpath(*name.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_read(bundle, bundle.path, name))
    manifest = (bundle.path / MANIFEST).read_bytes()
    if hashlib.sha256(manifest).hexdigest() != bundle.sha256:
        raise BundleError(f"{MANIFEST} of {bundle.path} was changed while it was read; start again")
    (folder / MANIFEST).write_bytes(manifest)


def _read(bundle: Bundle, root: Path, name: str) -> bytes:
    """A listed file, read once, so that what was checked is what is used."""
    entry = bundle.manifest.files[name]
    bundle.check_file(name)
    content = root.joinpath(*name.split("/")).read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BundleError(f"{name} was changed while it was read; start again")
    return content
