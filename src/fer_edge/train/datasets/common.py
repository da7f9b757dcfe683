"""Steps that all data sets share when they are opened: read options, look at everything, keep what was asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.runtime.errors import DataError
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.checks import ExaminedFace, check_classes, check_hashes, check_overlap, examine
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import LabelMap, restrict
from fer_edge.train.datasets.pictures import Entry, ListedFaces
from fer_edge.train.datasets.request import SPLITS, DataRequest
from fer_edge.train.datasets.splits import divide, group_alike

OVERLAP = ("refuse", "drop", "keep")
"""What becomes of a picture that stands in two splits: the data is refused, the face is left out of the earlier split
(train before validation before test), or it is kept and counted. Owners' splits are kept, since the published figures of
most data sets were made with them; splits of our own making are refused."""
HASHES = ("listed", "published", "ignore")
"""Which hashes are compared: those in the folder's ``SHA256SUMS`` or ``MD5SUMS``; published ones too; none."""
FAULTY = ("refuse", "drop")
"""What becomes of a face that cannot be read: the data is refused, or the face is left out and counted."""
COMMON: dict[str, Any] = {"overlap": "keep", "hashes": HASHES[0], "faulty": FAULTY[0]}
"""Options that every data set has, with their defaults."""


def keep_apart(out: Path, data: Path | None) -> None:
    """See to it that nothing is written into a data set: pictures of a report would be read as its own.

    Raises:
        DataError: ``out`` is the folder of the data or lies in it.
    """
    if data is not None and data.is_dir() and out.resolve().is_relative_to(data.resolve()):
        raise DataError(
            f"--out {out} lies in the data set {data}, which it would damage; choose a folder outside of it"
        )


def open_folder(
    request: DataRequest, published: Mapping[str, str] | None = None, *, takes_table: bool = True
) -> tuple[Path, Faults]:
    """The folder of the data and what is wrong with it so far: hashes, compared as the option ``hashes`` has it.

    Args:
        request: of the recipe.
        published: file name -> MD5 in hexadecimal.
        takes_table: whether ``--data`` may be a file.

    Raises:
        DataError: no ``--data``, or one of the wrong kind.
    """
    if request.table is not None and not takes_table:
        raise DataError(f"{request.folder} is a file; this recipe takes the folder of the data set")
    folder, faults = request.data_folder, Faults(str(request.folder))
    policy = request.choice("hashes", HASHES)
    if policy != "ignore":
        check_hashes(folder, published or {} if policy == "published" else {}, faults)
    return folder, faults


def select(entries: Sequence[Entry], classes: Sequence[str], merge: LabelMap | None = None) -> list[Entry]:
    """The entries whose strongest emotion is among the classes, their labels cut to them.

    Args:
        entries: with labels over ``label_space(classes)``: all eight emotions, unless other names were asked for.
        classes: that were asked for.
        merge: applied first.
    """
    kept = []
    labels: dict[tuple[float, ...], tuple[float, ...]] = {}  # one object for all faces of a class
    for entry in entries:
        label = np.asarray(entry.label, np.float32)
        mapped = label if merge is None else merge.apply(label)
        cut = None if mapped is None else restrict(mapped, classes)
        if cut is not None:
            kept_label = tuple(cut.tolist())
            kept.append(replace(entry, label=labels.setdefault(kept_label, kept_label)))
    return kept


def check_splits(
    request: DataRequest,
    splits: Mapping[str, Sequence[Entry]],
    faults: Faults,
    *,
    complete: Sequence[str] = ("train",),
    hint: str = "",
    made: Mapping[str, float] | None = None,
) -> dict[str, Faces]:
    """Look at every face of splits that the owners made, and give what was asked for.

    Args:
        request: of the recipe.
        splits: in the order train, validation, test, after :func:`select`.
        faults: what the reader has found so far.
        complete: splits that need every class; what is not learned cannot be answered, what is not judged can.
        hint: what to do about an empty class.
        made: splits that the owners did not make -> the part of ``train`` that each gets; pictures that look alike stay
            together.

    Raises:
        DataError: every fault, all at once.
    """
    policy = request.choice("overlap", OVERLAP)
    seen = {split: examine(entries, faults) for split, entries in splits.items()}
    if drop_faulty(request, faults):
        splits = {split: [each.entry for each in seens] for split, seens in seen.items()}
    # A class whose pictures are all unreadable is not empty: it is unreadable, and that is said.
    needed = {split: entries for split, entries in splits.items() if split in complete}
    check_classes(needed, request.classes, faults, hint)
    if made and (request.survey is not None or not faults.count()):
        seen = _hold_out(request, seen, made)
        splits = {split: [each.entry for each in seens] for split, seens in seen.items()}
    _check_sizes(splits, faults)
    return finish(request, check_overlap(seen, policy, faults, request.notes), faults)


def drop_faulty(request: DataRequest, faults: Faults) -> bool:
    """Leave faulty faces out, as the option ``faulty`` has it; whether it says so."""
    if request.choice("faulty", FAULTY) != "drop":
        return False
    said, lines = faults.forgive()
    request.notes.extend([said] if said else [])
    request.left_out.extend(lines)
    return True


def _hold_out(
    request: DataRequest, seen: Mapping[str, list[ExaminedFace]], shares: Mapping[str, float]
) -> dict[str, list[ExaminedFace]]:
    """The splits with those of our own making taken out of ``train``, in the order of ``SPLITS``."""
    parts = divide(group_alike(seen["train"]), shares, request.seed, emotions_in_turn=True)
    found = {**seen, **parts}
    told = " and ".join(
        f"{len(found[split])} for {split}" for split in reversed(list(shares)) if split in found
    )
    request.notes.append(
        f"the data has no {' and no '.join(reversed(list(shares)))} split: of the {len(seen['train'])} pictures to train on, {told} "
        f"are held out by --seed {request.seed}"
    )
    return {split: found[split] for split in SPLITS if split in found}


def _check_sizes(splits: Mapping[str, Sequence[Entry]], faults: Faults) -> None:
    before = faults.count()
    for split in ("train", "validation"):
        if not before and not splits.get(split):
            faults.add("class", f"no face at all in {split}")


def finish(
    request: DataRequest, splits: Mapping[str, Sequence[ExaminedFace]], faults: Faults
) -> dict[str, Faces]:
    """The splits as faces, cut to the number asked for.

    Raises:
        DataError: every fault, all at once, unless a survey takes them.
    """
    if request.survey is not None:
        request.survey.seen.update(splits)
        request.survey.faults.extend(faults.lines())
        faults = Faults(faults.where)
    if faults.count("twice"):
        faults.where = f"{faults.where} (--set overlap=drop leaves an image out of the earlier split)"
    faults.check()
    return {
        split: ListedFaces(_limit([seen.entry for seen in seens], request.faces.get(split), request.seed))
        for split, seens in splits.items()
    }


def _limit(entries: list[Entry], count: int | None, seed: int) -> list[Entry]:
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
