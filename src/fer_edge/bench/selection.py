"""Subjects of a command's arguments: bundles, lone artifacts, and either of them at a revision of git."""

from __future__ import annotations

import hashlib
import io
import itertools
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from fer_edge.bench.measure.engines import VARIED, choose_engine, refuse_evaluator, words
from fer_edge.bench.measure.subject import Subject
from fer_edge.runtime.atomic_folder import recover
from fer_edge.runtime.bundle import Bundle, open_bundle
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX, LARGEST_CONTRACT
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import ENGINES
from fer_edge.runtime.errors import BundleError, CheckFailed, EngineError, VariantError
from fer_edge.runtime.formats import FORMATS, format_of, is_package
from fer_edge.runtime.manifest import Artifact, file_names
from fer_edge.runtime.paths import kind_of, read_plain
from fer_edge.runtime.variants import Variant


@dataclass(frozen=True, slots=True)
class Filter:
    """The options that choose among artifacts and engines.

    Attributes:
        variants: of ``--variant``; empty: every one of a bundle.
        engines: of ``--engine``; empty: the first installed one of each format.
        threads: of ``--threads``.
        elsewhere: the engine runs on another machine, so that it need not be installed here.
    """

    variants: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    threads: tuple[int, ...] = (1,)
    elsewhere: bool = False


@dataclass(slots=True)
class SubjectSelection:
    """Everything that is to be measured.

    Attributes:
        subjects: in the order of arguments and manifests.
        skipped: variant -> why it is not measured.
        refused: those of them whose parity failed.
        bundle_sha256: of the only bundle, if there is exactly one.
    """

    subjects: list[Subject] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    bundle_sha256: str | None = None

    def skip(self, variant: str, reason: str, *, refused: bool = False) -> None:
        """Leave a variant out."""
        self.skipped[variant] = reason
        (self.refused.add if refused else self.refused.discard)(variant)


def select(sources: Sequence[str], wanted: Filter, stack: ExitStack) -> SubjectSelection:
    """The subjects of some arguments.

    Args:
        sources: bundles, artifacts, or ``REVISION:PATH`` of one of them.
        wanted: the options.
        stack: keeps what a revision was unpacked to until it is closed.

    Raises:
        BundleError: no such file, a changed byte, no such variant.
        CheckFailed: every artifact failed its parity, or one that was asked for by name.
        EngineError: an engine that does not exist, or that was asked for by name and cannot run.
    """
    found = SubjectSelection()
    hashes: list[str] = []
    origins: list[str] = []
    for source in sources:
        place = locate(source, stack)
        if kind_of(place) == "folder" and not is_package(place):
            bundle = open_bundle(place)
            hashes.append(bundle.sha256)
            found.subjects += _of_bundle(bundle, wanted, found)
        else:
            found.subjects += _of_file(place, wanted)
        origins += [source] * (len(found.subjects) - len(origins))
    if len(hashes) == len(sources) == 1:
        found.bundle_sha256 = hashes[0]
    if not found.subjects:
        _refuse(found)
    found.subjects = _told_apart(found.subjects, origins, sources)
    return found


def locate(source: str, stack: ExitStack) -> Path:
    """The path of an argument; ``REVISION:PATH`` is unpacked from git into a folder of its own.

    Raises:
        BundleError: neither a path nor something that git knows.
    """
    place = Path(source)
    if kind_of(place) == "absent":
        recover(place)
    if kind_of(place) != "absent":
        return place
    revision, colon, path = source.partition(":")
    if not (colon and revision and path) or revision.startswith("-"):
        raise BundleError(
            f"{place} does not exist; allowed: a bundle, an artifact, or REVISION:PATH of one in git; "
            "make a bundle with fer-export"
        )
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="fer-bench-")))
    _unpack(revision, path, folder)
    return folder.joinpath(*Path(path).parts)


def _unpack(revision: str, path: str, folder: Path) -> None:
    try:
        done = subprocess.run(
            ["git", "archive", "--format=tar", revision, "--", path], capture_output=True, check=False
        )
    except OSError as error:
        raise BundleError(f"{revision}:{path}: git cannot be run: {error.strerror or error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        raise BundleError(f"{revision}:{path} is neither a path nor in git: {ascii(said[0])[1:-1][:200]}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _of_bundle(bundle: Bundle, wanted: Filter, found: SubjectSelection) -> Iterator[Subject]:
    artifacts = [bundle.artifact(name) for name in wanted.variants] or list(bundle.manifest.artifacts)
    by_name = bool(wanted.variants)
    for entry in () if by_name else bundle.manifest.skipped:
        found.skip(entry.variant, entry.reason)
    for artifact in artifacts:
        if artifact.parity.verdict == "fail":
            reason = f"its parity failed: {artifact.parity.reason or 'no reason given'}"
            if by_name:
                raise CheckFailed(
                    f"{artifact.variant} of {bundle.path} is not measured, {reason}; export it again"
                )
            found.skip(artifact.variant, reason, refused=True)
            continue
        engines, why = _engines(artifact.format, artifact.variant, wanted, by_name)
        if engines:
            yield from _in_engines(_bundled(bundle, artifact), engines, wanted)
        else:
            found.skip(artifact.variant, why)


def _in_engines(base: Subject, engines: Sequence[str], wanted: Filter) -> Iterator[Subject]:
    for engine, threads in itertools.product(engines, wanted.threads):
        yield replace(base, engine=engine, threads=threads)


def _bundled(bundle: Bundle, artifact: Artifact) -> Subject:
    contract = bundle.check_artifact(artifact)
    names = file_names(artifact.path, bundle.manifest.files)
    hashes = [bundle.manifest.files[name].sha256 for name in names]
    return Subject(
        path=bundle.path.joinpath(*artifact.path.split("/")),
        format=artifact.format,
        variant=artifact.variant,
        engine="",
        threads=1,
        contract=contract.text,
        sha256=hashes[0] if names == [artifact.path] else _together(hashes),
        bytes=artifact.bytes,
        parity=artifact.parity.verdict,
        accuracy=artifact.accuracy.artifact if artifact.accuracy else None,
        bundle=bundle.path,
    )


def _together(hashes: Iterable[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _engines(format_name: str, name: str, wanted: Filter, by_name: bool) -> tuple[list[str], str]:
    """The engines to run it in, or why there is none.

    Raises:
        EngineError: no such engine; or the variant was named and none can run it.
    """
    for word in wanted.engines:
        base, inside, _ = word.partition(":")
        refuse_evaluator(base)
        known = not inside or base == "onnxruntime" or word in VARIED
        if not known or base not in {engine.name for engine in ENGINES}:
            raise EngineError(unknown("engine", word, words()))
    if wanted.elsewhere:
        return list(wanted.engines) or [""], ""
    found, faults = [], []
    for word in wanted.engines or ("",):
        try:
            choose_engine(format_name, word)
            found.append(word)
        except EngineError as error:
            faults.append(error)
    if not found and by_name:
        raise faults[0]
    return found, str(faults[0]) if faults else f"no engine for {name}"


def _of_file(place: Path, wanted: Filter) -> Iterator[Subject]:
    contract = _checked_contract(place)
    spec = format_of(place)
    if spec is None:
        extensions = ", ".join(entry.extension for entry in FORMATS)
        raise BundleError(
            f"{place.name} is neither a bundle's folder nor an artifact; allowed: a folder or {extensions}"
        )
    variant = _variant(place, contract, spec.name)
    if wanted.variants and variant not in wanted.variants:
        raise BundleError(f"{place.name} is {variant}, not {', '.join(wanted.variants)}; leave --variant out")
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    base = Subject(
        path=place,
        format=spec.name,
        variant=variant,
        engine="",
        threads=1,
        contract=contract.text,
        sha256=hashes[0] if files == [place] else _together(hashes),
        bytes=sum(path.stat().st_size for path in files),
    )
    engines, _ = _engines(spec.name, place.name, wanted, by_name=True)
    yield from _in_engines(base, engines, wanted)


def _checked_contract(place: Path) -> Contract:
    """The contract inside a file, whose bytes are the sealed ones, and which the one beside it repeats."""
    contract = Contract.parse(read_embedded_contract(place))
    check_digest(place)
    beside = place.with_name(place.name + CONTRACT_SUFFIX)
    if kind_of(beside) != "absent" and read_plain(beside, LARGEST_CONTRACT) != contract.text.encode("utf-8"):
        raise BundleError(f"{beside.name} is another contract than the one inside {place.name}")
    return contract


def _variant(place: Path, contract: Contract, format_name: str) -> str:
    """The variant that the name says by the grammar, else the stem itself."""
    try:
        return Variant.parse(f"{format_name}-{place.stem.removeprefix(f'{contract.model}-')}").name
    except VariantError:
        return place.stem


def _told_apart(subjects: Sequence[Subject], origins: Sequence[str], sources: Sequence[str]) -> list[Subject]:
    """Subjects of several arguments that share variant, engine and threads get their argument as their label."""
    keys = [(subject.variant, subject.engine, subject.threads) for subject in subjects]
    if len(set(keys)) == len(keys):
        return list(subjects)
    if len(set(sources)) < len(sources):
        raise BundleError("an argument came twice; to measure a file against itself use fer-bench compare")
    return [
        replace(subject, label=f"{subject.variant} of {origin}") if keys.count(key) > 1 else subject
        for subject, key, origin in zip(subjects, keys, origins, strict=True)
    ]


def _refuse(found: SubjectSelection) -> NoReturn:
    reasons = "; ".join(f"{variant}: {reason}" for variant, reason in found.skipped.items()) or "it is empty"
    all_failed = found.skipped and found.refused == set(found.skipped)
    raise (CheckFailed if all_failed else BundleError)(f"nothing to measure ({reasons})")
