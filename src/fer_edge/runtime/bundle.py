"""A bundle as it lies on disk: nothing in it is opened before its path, size and hash were checked."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from fer_edge.runtime.atomic_folder import recover
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX, LARGEST_CONTRACT
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import engine_named, find_engine
from fer_edge.runtime.errors import BundleError, ContractError, EngineError
from fer_edge.runtime.formats import default_formats
from fer_edge.runtime.manifest import LARGEST_MANIFEST, MANIFEST, Artifact, FileEntry, Manifest, file_names
from fer_edge.runtime.paths import kind_of, read_plain

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle. Only its manifest has been read.

    Attributes:
        path: of the folder.
        manifest: strictly read.
        sha256: of ``manifest.json``, the bundle's own hash.
    """

    path: Path
    manifest: Manifest
    sha256: str

    def artifact(self, variant: str) -> Artifact:
        """The artifact of that variant.

        Raises:
            BundleError: the bundle has none; the message names the closest one.
        """
        names = [artifact.variant for artifact in self.manifest.artifacts]
        if variant not in names:
            skipped = {entry.variant: entry.reason for entry in self.manifest.skipped}
            why = (
                f" It was skipped when the bundle was made: {skipped[variant]}." if variant in skipped else ""
            )
            raise BundleError(unknown("variant", variant, names) + f" in {self.path}.{why}")
        return self.manifest.artifacts[names.index(variant)]

    def choose(self, variant: str | None = None, engine: str | None = None) -> Artifact:
        """The artifact to run: the one named, else the first format whose engine is installed.

        Without a name: fp32, tensor interface, verdict pass, in the formats' order.

        Args:
            variant: its name.
            engine: consider only what this engine runs.

        Raises:
            BundleError: nothing fits; the message lists what there is.
            EngineError: no such engine.
        """
        if variant is not None:
            return self.artifact(variant)
        if engine is not None:
            engine_named(engine)
        for word in default_formats():
            fitting = [artifact for artifact in self.manifest.artifacts if _is_default(artifact, word)]
            if fitting and _can_run(word, engine):
                return fitting[0]
        names = ", ".join(artifact.variant for artifact in self.manifest.artifacts) or "none"
        raise BundleError(
            f"{self.path} has no fp32 artifact with the tensor interface and verdict pass that can run here; "
            f"name one of its variants (--variant) or install its engine: {names}"
        )

    def check_file(self, name: str) -> Path:
        """Compare one listed file with its size and hash; no part of its path may be a link.

        Returns:
            Where it lies.

        Raises:
            BundleError: not listed, missing, a link, no plain file, or changed.
        """
        entry = self.manifest.files.get(name)
        if entry is None:
            raise BundleError(f"{name} is not listed in {MANIFEST} of {self.path}")
        place = _plain_file(self.path, name)
        _compare(place, name, entry)
        return place

    def refuse_links(self) -> None:
        """Look at every path that the manifest lists; what is missing or changed is for ``check_files`` to say.

        Raises:
            BundleError: one of them is a link or lies behind one, so that the manifest's paths are not safe.
        """
        for name in sorted(self.manifest.files):
            parts = name.split("/")
            if any(self.path.joinpath(*parts[:count]).is_symlink() for count in range(1, len(parts) + 1)):
                _plain_file(self.path, name)

    def check_files(self) -> list[str]:
        """Compare every listed file.

        Returns:
            One sentence for each that is missing, linked or changed; empty if all is well.
        """
        faults = []
        for name in sorted(self.manifest.files):
            try:
                self.check_file(name)
            except BundleError as error:
                faults.append(str(error))
        return faults

    def check_artifact(self, artifact: Artifact) -> Contract:
        """Check all that lies between untrusted bytes and a native parser.

        Sizes and hashes of the artifact (a package file by file, with nothing unlisted in it) and of its contract file;
        then the contract beside it, the one inside it and the manifest's must be the same bytes.

        Raises:
            BundleError: a file is missing, linked, changed or unlisted, or the contracts differ.
            ContractError: the contract is not legal.
        """
        names = file_names(artifact.path, self.manifest.files)
        for name in names:
            self.check_file(name)
        place = self.path.joinpath(*artifact.path.split("/"))
        if artifact.path not in self.manifest.files:
            _only(self.path, place, set(names))
        size = sum(self.manifest.files[name].bytes for name in names)
        if size != artifact.bytes:
            raise BundleError(
                f"{artifact.path} has {size} bytes, but its entry in {MANIFEST} says {artifact.bytes}"
            )
        contract = self._contract(artifact)
        require_same_contract(contract, place)
        return contract

    def _contract(self, artifact: Artifact) -> Contract:
        beside = self.check_file(artifact.path + CONTRACT_SUFFIX)
        try:
            contract = Contract.parse(artifact.contract)
        except ContractError as error:
            raise ContractError(f"{artifact.variant} in {MANIFEST}: {error}") from None
        if read_plain(beside, LARGEST_CONTRACT) != contract.text.encode("utf-8"):
            raise BundleError(f"{beside.name} differs from the contract of {artifact.variant} in {MANIFEST}")
        if contract.input.interface != artifact.interface:
            raise BundleError(
                f"{artifact.variant}: its contract has the interface {contract.input.interface}"
            )
        return contract

    def find_unlisted(self) -> list[str]:
        """Files, links and empty folders that the manifest does not list, as sorted POSIX paths."""
        return _unlisted(self.path, self.path, {MANIFEST, *self.manifest.files})


def open_bundle(path: str | Path) -> Bundle:
    """Read a bundle's manifest, after finishing what a killed export left behind.

    Raises:
        BundleError: no such folder, or its manifest is missing, unreadable, of another schema or with an unsafe path.
    """
    folder = Path(path)
    if kind_of(folder) == "absent":
        recover(folder)
    if kind_of(folder) != "folder":
        raise BundleError(f"{folder} is no folder; a bundle is what fer-export writes")
    place = folder / MANIFEST
    if not os.path.lexists(place):
        raise BundleError(f"{folder} has no {MANIFEST}; a bundle is what fer-export writes")
    data = read_plain(_plain_file(folder, MANIFEST), LARGEST_MANIFEST)
    return Bundle(folder, Manifest.parse(data), hashlib.sha256(data).hexdigest())


def require_same_contract(contract: Contract, artifact: Path) -> None:
    """The contract inside the artifact must be these bytes.

    Raises:
        BundleError: it is another one.
    """
    if read_embedded_contract(artifact) != contract.text:
        raise BundleError(f"the contract inside {artifact.name} is another one than the contract beside it")


def _is_default(artifact: Artifact, word: str) -> bool:
    wanted = (word, "fp32", "tensor", "pass")
    return (artifact.format, artifact.precision, artifact.interface, artifact.parity.verdict) == wanted


def _can_run(word: str, engine: str | None) -> bool:
    try:
        find_engine(word, engine)
    except EngineError:
        return False
    return True


def _plain_file(root: Path, name: str) -> Path:
    """The file ``name`` under ``root``, walking down without following a link."""
    place = root
    parts = name.split("/")
    for number, part in enumerate(parts, 1):
        place = place / part
        try:
            mode = place.lstat().st_mode
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise BundleError(f"{name} in {root} cannot be opened: {reason}") from None
        if stat.S_ISLNK(mode):
            raise BundleError(
                f"{name} in {root} is a link or lies behind one; a bundle holds plain files only"
            )
        if not (stat.S_ISREG(mode) if number == len(parts) else stat.S_ISDIR(mode)):
            raise BundleError(f"{name} in {root} is no plain file")
    return place


def _compare(place: Path, name: str, entry: FileEntry) -> None:
    try:
        with place.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != entry.bytes:
                raise BundleError(
                    f"{name} has {size} bytes, but {MANIFEST} says {entry.bytes}; it was changed"
                )
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise BundleError(f"cannot read {place}: {error.strerror or error}") from None
    if digest.hexdigest() != entry.sha256:
        raise BundleError(
            f"{name} was changed: its SHA-256 is {digest.hexdigest()}, but {MANIFEST} says {entry.sha256}"
        )


def _only(root: Path, package: Path, names: set[str]) -> None:
    foreign = _unlisted(root, package, names)
    if foreign:
        raise BundleError(f"{foreign[0]} lies in a package but is not listed in {MANIFEST}")


def _unlisted(root: Path, folder: Path, listed: set[str]) -> list[str]:
    found: list[str] = []
    try:
        entries = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as error:
        raise BundleError(f"cannot read {folder}: {error.strerror or error}") from None
    for entry in entries:
        name = Path(entry.path).relative_to(root).as_posix()
        if entry.is_dir(follow_symlinks=False):
            inside = _unlisted(root, Path(entry.path), listed)
            known = any(path.startswith(f"{name}/") for path in listed)
            found += inside if inside or known else [name]
        elif entry.is_symlink() or name not in listed:
            found.append(name)
    return found
