"""Checks before the first epoch: hashes, every picture, every class, and what stands in two splits."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from fer_edge.faces.face import Box, whole_picture
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.data.arrays import cores
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import label_space
from fer_edge.train.datasets.perceptual import Fingerprint, find_pairs, fingerprint
from fer_edge.train.datasets.pictures import Entry

HASH_LISTS = {"SHA256SUMS": "sha256", "MD5SUMS": "md5"}
"""Files that ``sha256sum *`` and ``md5sum *`` write; where one lies in the data folder, it is checked."""
SERIAL = 64
"""Pictures up to which one thread looks at them."""


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedFace:
    """A face whose picture has been decoded once.

    Attributes:
        entry: with its digest.
        print: to compare it with.
    """

    entry: Entry
    print: Fingerprint


def check_hashes(folder: Path, published: Mapping[str, str], faults: Faults) -> None:
    """Compare files with the lists in the folder and with known hashes.

    Args:
        folder: of the data.
        published: file name -> MD5 in hexadecimal, as somebody published it; a file that is not there is no fault here.
        faults: get what is wrong.
    """
    for name, kind in HASH_LISTS.items():
        listing = folder / name
        if listing.is_file():
            _check_list(listing, kind, faults)
    for name, expected in published.items():
        if (folder / name).is_file():
            _check_hash(folder / name, name, "md5", expected, faults)


def _check_list(listing: Path, kind: str, faults: Faults) -> None:
    for number, line in enumerate(listing.read_text("utf-8", "replace").splitlines(), 1):
        digest, _, name = line.strip().partition(" ")
        # sha256sum marks files that were read as binary with a star.
        path = listing.parent / name.strip().removeprefix("*")
        if not line.strip():
            continue
        if len(digest) != hashlib.new(kind, usedforsecurity=False).digest_size * 2 or not name.strip():
            faults.add("row", f"{listing.name} line {number} is no '<{kind}>  <file>'")
        elif not path.is_file():
            faults.add("missing", f"{name.strip()}, which {listing.name} lists")
        else:
            _check_hash(path, path.relative_to(listing.parent).as_posix(), kind, digest.lower(), faults)


def _check_hash(path: Path, name: str, kind: str, expected: str, faults: Faults) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()
    if found != expected:
        faults.add("hash", f"{name}: {kind} is {found}, should be {expected}")


def examine(entries: Sequence[Entry], faults: Faults) -> list[ExaminedFace]:
    """Decode every picture once.

    Args:
        entries: of any splits.
        faults: get those that cannot be decoded and boxes that lie outside.

    Returns:
        The good ones, in their order.
    """
    if len(entries) <= SERIAL:
        found = [_examine(entry) for entry in entries]
    else:
        with ThreadPoolExecutor(cores()) as pool:
            found = list(pool.map(_examine, entries, chunksize=16))
    for entry, outcome in zip(entries, found, strict=True):
        if isinstance(outcome, str):
            faults.add(entry.source.fault, outcome)
    return [outcome for outcome in found if isinstance(outcome, ExaminedFace)]


def _examine(entry: Entry) -> ExaminedFace | str:
    try:
        content = entry.source.content()
        frame = entry.source.decode(content)
    except FerEdgeError as error:
        return str(error)
    if entry.box is not None and not _inside(entry.box, whole_picture(frame)):
        return f"{entry.name}: the face {entry.box} lies outside its {frame.width}x{frame.height} picture"
    return ExaminedFace(replace(entry, digest=hashlib.sha256(content).hexdigest()), fingerprint(frame))


def _inside(box: Box, picture: Box) -> bool:
    return box[0] < picture[2] and box[1] < picture[3] and box[2] > 0 and box[3] > 0


def check_classes(
    splits: Mapping[str, Iterable[Entry]], classes: Sequence[str], faults: Faults, hint: str = ""
) -> None:
    """Every class must be the strongest emotion of some face, in every split given.

    A split without any face says nothing new where something else was found before: it is not looked at then.

    Args:
        splits: to look at.
        classes: that must be there.
        faults: get the empty ones.
        hint: what to do, behind each.
    """
    before, space = faults.count(), label_space(classes)
    for split, entries in splits.items():
        counts = Counter(space[entry.emotion] for entry in entries)
        if before and not counts:
            continue
        for name in classes:
            if not counts[name]:
                faults.add("class", f"no {name} in {split}{hint}")


def same_pictures(left: Sequence[ExaminedFace], right: Sequence[ExaminedFace]) -> list[tuple[int, int]]:
    """Faces of two lists that show the same picture: equal bytes, or equal to the eye.

    Returns:
        (index in ``left``, index in ``right``), ordered.
    """
    places = defaultdict(list)
    for index, seen in enumerate(left):
        places[seen.entry.digest].append(index)
    found = {(index, at) for at, seen in enumerate(right) for index in places.get(seen.entry.digest, ())}
    found |= set(find_pairs([seen.print for seen in left], [seen.print for seen in right]))
    return sorted(found)


def check_persons(splits: Mapping[str, Sequence[ExaminedFace]], faults: Faults) -> None:
    """Nobody may stand in two splits: neither by the name of the person nor by a picture filed under two names."""
    everywhere = defaultdict(set)
    for split, seens in splits.items():
        for seen in seens:
            if seen.entry.person:
                everywhere[seen.entry.person].add(split)
    for person, names in everywhere.items():
        if len(names) > 1:
            faults.add("person", f"{person} in {' and '.join(sorted(names))}")
    people = [seen for seens in splits.values() for seen in seens if seen.entry.person]
    people.sort(key=lambda seen: seen.entry.name)
    for left, right in same_pictures(people, people):
        one, other = people[left].entry, people[right].entry
        if left < right and one.person != other.person:
            faults.add(
                "person", f"{one.person} and {other.person} share a picture: {one.name} is {other.name}"
            )


def check_overlap(
    splits: Mapping[str, list[ExaminedFace]], policy: str, faults: Faults, notes: list[str] | None = None
) -> dict[str, list[ExaminedFace]]:
    """Look for pictures that stand in two splits.

    Args:
        splits: in the order train, validation, test.
        policy: ``refuse``; ``drop``: leave the face out of the earlier split; ``keep``: as it is.
        faults: get the pairs under ``refuse``.
        notes: get a sentence with the counts otherwise.

    Returns:
        The splits, shorter under ``drop``.
    """
    twice: dict[str, set[int]] = {split: set() for split in splits}
    counts = []
    for (one, left), (other, right) in combinations(splits.items(), 2):
        found = same_pictures(left, right)
        if policy == "refuse":
            for at, to in found:
                faults.add("twice", f"{one}: {left[at].entry.name} is {other}: {right[to].entry.name}")
        both = {at for at, _ in found}
        twice[one] |= both
        counts += [f"{len(both)} of the {len(left)} pictures of {one} stand in {other} too"] if both else []
    if counts and notes is not None and policy != "refuse":
        notes.append(f"{', '.join(counts)}: {_OVERLAP[policy]}")
    return {
        split: [seen for at, seen in enumerate(seens) if policy != "drop" or at not in twice[split]]
        for split, seens in splits.items()
    }


_OVERLAP = {
    "keep": "they are kept, as the owners divided them, and flatter the figures (--set overlap=drop leaves them out of the "
    "earlier split)",
    "drop": "they are left out of the earlier split",
}
