"""The bundle that is served: checked whole at the start, and copied where nobody else writes.

An engine maps its file into memory, so a file that is overwritten in place would change answers under a running server, and one
that is cut would crash it. What is served is therefore a copy; a file that the page asks for is checked when
it is copied, once.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fer_edge.runtime.atomic import write_bytes
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
        copy: folder with the manifest and the artifact that answers; other files come when they are asked for.
        variant: of that artifact.
        bundle: the original folder, with the manifest as it was at the start.
    """

    copy: Path
    variant: str
    bundle: Bundle

    @property
    def sha256(self) -> str:
        """Of the bundle: its manifest's."""
        return self.bundle.sha256

    def file(self, name: str) -> tuple[Path, str]:
        """A file of the bundle as it was at the start: where its copy lies, and its SHA-256.

        Args:
            name: its path in the bundle.

        Raises:
            KeyError: the manifest does not list it.
            BundleError: it was changed or taken away since.
        """
        place = self.copy.joinpath(*name.split("/"))
        if name == MANIFEST:
            return place, self.sha256
        entry = self.bundle.manifest.files[name]
        if not place.is_file():
            _copy_file(self.bundle, name, place)
        return place, entry.sha256


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
    for name in [*file_names(artifact.path, bundle.manifest.files), artifact.path + CONTRACT_SUFFIX]:
        _copy_file(bundle, name, folder.joinpath(*name.split("/")))
    manifest = (bundle.path / MANIFEST).read_bytes()
    if hashlib.sha256(manifest).hexdigest() != bundle.sha256:
        raise BundleError(f"{MANIFEST} of {bundle.path} was changed while it was read; start again")
    (folder / MANIFEST).write_bytes(manifest)


def _copy_file(bundle: Bundle, name: str, target: Path) -> None:
    """A listed file, read once, so that what was checked is what is copied."""
    place = bundle.check_file(name)
    content = place.read_bytes()
    if hashlib.sha256(content).hexdigest() != bundle.manifest.files[name].sha256:
        raise BundleError(f"{name} was changed while it was read")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(target, content)
