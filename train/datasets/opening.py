"""What all data sets do alike when they are opened: read options, look at everything, keep what was asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.runtime.errors import DataError
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.checks import Seen, check_classes, check_hashes, check_overlap, look
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import LabelMap, restricted
from fer_edge.train.datasets.pictures import Entry, ListedFaces
from fer_edge.train.datasets.request import DataRequest

OVERLAP = ("refuse", "drop", "keep")
"""What becomes of a picture that stands in two splits: the data is refused, the face is left out of the earlier split
(train before validation before test), or nothing is done, as the published figures of most data sets have it."""
HASHES = ("listed", "published", "ignore")
"""Which hashes are compared: those in the folder's ``SHA256SUMS`` or ``MD5SUMS``; published ones too; none."""
COMMON: dict[str, Any] = {"overlap": OVERLAP[0], "hashes": HASHES[0]}
"""Options that every data set has, with their defaults."""


def choice(request: DataRequest, name: str, allowed: Sequence[str]) -> str:
    """The value of an option; the first allowed one where it is not set.

    Raises:
        DataError: another word; the message names the allowed ones.
    """
    value = str(request.options.get(name, allowed[0]))
    if value not in allowed:
        raise DataError(
            f"option {name}={value} is unknown; allowed: {', '.join(f'{name}={word}' for word in allowed)}"
        )
    return value


def data_folder(request: DataRequest) -> Path:
    """The folder of ``--data``; of a table, the folder that it lies in.

    Raises:
        DataError: none was given, or it is no folder.
    """
    if request.folder is None:
        raise DataError("this recipe needs --data, the folder of the data set")
    if request.folder.suffix.lower() == ".csv" and request.folder.is_file():
        return request.folder.parent
    if not request.folder.is_dir():
        raise DataError(f"{request.folder} is not a folder; --data takes the folder of the data set")
    return request.folder


def known_hashes(request: DataRequest, folder: Path, published: Mapping[str, str], faults: Faults) -> None:
    """Compare hashes as the option ``hashes`` has it."""
    policy = choice(request, "hashes", HASHES)
    if policy != "ignore":
        check_hashes(folder, published if policy == "published" else {}, faults)


def wanted(entries: Sequence[Entry], classes: Sequence[str], merge: LabelMap | None = None) -> list[Entry]:
    """The entries whose strongest emotion is among the classes, their labels cut to them.

    Args:
        entries: with labels over all eight emotions.
        classes: that were asked for.
        merge: applied first.
    """
    kept = []
    for entry in entries:
        label = np.asarray(entry.label, np.float32)
        mapped = label if merge is None else merge.apply(label)
        cut = None if mapped is None else restricted(mapped, classes)
        if cut is not None:
            kept.append(replace(entry, label=tuple(cut.tolist())))
    return kept


def opened(
    request: DataRequest,
    splits: Mapping[str, Sequence[Entry]],
    faults: Faults,
    *,
    complete: Sequence[str] = ("train",),
    hint: str = "",
) -> dict[str, Faces]:
    """Look at every face of splits that the owners made, and give what was asked for.

    Args:
        request: of the recipe.
        splits: in the order train, validation, test, after :func:`wanted`.
        faults: what the reader has found so far.
        complete: splits that need every class; what is not learned cannot be answered, what is not judged can.
        hint: what to do about an empty class.

    Raises:
        DataError: every fault, all at once.
    """
    policy = choice(request, "overlap", OVERLAP)
    seen = {split: look(entries, faults) for split, entries in splits.items()}
    # A class whose pictures are all unreadable is not empty: it is unreadable, and that is said.
    needed = {split: entries for split, entries in splits.items() if split in complete}
    check_classes(needed, request.classes, faults, hint)
    _check_sizes(splits, faults)
    return finished(request, check_overlap(seen, policy, faults), faults)


def _check_sizes(splits: Mapping[str, Sequence[Entry]], faults: Faults) -> None:
    before = faults.count()
    for split in ("train", "validation"):
        if not before and not splits.get(split):
            faults.add("class", f"no face at all in {split}")


def finished(request: DataRequest, splits: Mapping[str, Sequence[Seen]], faults: Faults) -> dict[str, Faces]:
    """The splits as faces, cut to the number asked for.

    Raises:
        DataError: every fault, all at once.
    """
    if faults.count("twice"):
        faults.where = f"{faults.where} (--set overlap=drop leaves an image out of the earlier split)"
    faults.check()
    return {
        split: ListedFaces(_limited([seen.entry for seen in seens], request.faces.get(split), request.seed))
        for split, seens in splits.items()
    }


def _limited(entries: list[Entry], count: int | None, seed: int) -> list[Entry]:
    """At most ``count``, drawn at random with the classes in turn, in their old order."""
    if count is None or count >= len(entries):
        return entries
    by_class: dict[int, list[int]] = defaultdict(list)
    for at in np.random.default_rng(seed).permutation(len(entries)).tolist():
        by_class[entries[at].emotion].append(at)
    turns = sorted(
        (turn, emotion, at) for emotion, places in by_class.items() for turn, at in enumerate(places)
    )
    return [entries[at] for at in sorted(at for _, _, at in turns[:count])]
