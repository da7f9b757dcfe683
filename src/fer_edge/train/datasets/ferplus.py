"""FER+: FER2013's faces with ten new votes each (Barsoum, Zhang, Canton Ferrer, Zhang 2016, arXiv 1608.01041).

Layout, as github.com/microsoft/FERPlus ships ``fer2013new.csv`` beside Kaggle's ``fer2013.csv``::

    Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF
    Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0
    Training,,0,0,0,0,0,0,0,0,0,10

Rows match by order, and by nothing else: in the published file the names are not the row numbers, four of them stand twice,
173 rows have none and one row has nine votes. What order alone says is checked against FER2013's own column ``emotion``
(:func:`_check_agreement`). ``NF`` is "not a face"; such rows have no image name, and ``src/generate_training_data.py`` leaves
them out. The votes become labels as ``src/ferplus.py`` has it (``_process_data``):

1. An emotion with a single vote is an outlier and loses it.
2. ``labels=majority``: the emotion with more than half of the votes left; without one the face is dropped.
3. ``labels=distribution`` (``crossentropy`` there): the strongest emotions, equals together, until they hold three quarters
   of the votes or are three; unknown and NF do not count behind an emotion, and end the search. The face is dropped if
   what was taken holds no more than half of the votes or is more than three emotions.
4. What is unknown or NF by then is dropped; the rest is scaled to sum 1.

The pictures that its scripts make of both tables are read as well (:mod:`fer_edge.train.datasets.ferplus_pictures`).

Validation and test faces always take the majority, as ``src/train.py`` does. PublicTest is the validation split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.faces.csv_rows import TableRow, find_columns, find_table, read_rows
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.common import check_splits, open_folder, select
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.fer2013 import (
    EMOTION_CODES,
    PUBLISHED_MD5,
    TABLE,
    TABLE_TOO,
    USAGES,
    FaceRow,
    read_table,
)
from fer_edge.train.datasets.ferplus_pictures import LABELS as PICTURE_LABELS
from fer_edge.train.datasets.ferplus_pictures import SETS, find_sets, read_sets
from fer_edge.train.datasets.label_maps import label_map
from fer_edge.train.datasets.pictures import Entry
from fer_edge.train.datasets.request import DataRequest

VOTES = "fer2013new.csv"
COLUMNS = ("Usage", "Image name", *EMOTIONS, "unknown", "NF")
LABELS = ("distribution", "majority")
NUMBER = ("8", "5")
"""Of classes: all of ``EMOTIONS``, or the five of the label map ``8-5``."""
UNKNOWN = len(EMOTIONS)
"""Index of the first vote column that is no emotion."""
AGREEMENT = 0.35
"""Share of faces for which FER2013's emotion must be the one with most votes. Votes of other faces agree by chance, for about 17 %
of the published ones; two people who look at one face agree for about two in three."""
SURELY = 3.0
"""Standard deviations below ``AGREEMENT`` that a part of the table must be before it is refused: parts may be small."""
STRETCH = 500
"""Rows in a row that are looked at together: one row missing somewhere shifts all that follow."""


@dataclass(frozen=True)
class VoteRow:
    """A row of the votes.

    Attributes:
        number: of its line.
        usage: one of ``USAGES``.
        name: of the picture; "": not a face.
        counts: ten, in the order of ``COLUMNS``, wherever they stand in the table.
    """

    number: int
    usage: str
    name: str
    counts: list[int]


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train, validation and test as the owners divided them.

    Args:
        request: options ``labels``, ``emotions``, ``overlap``, ``hashes``, ``faulty``.

    Raises:
        DataError: every fault, all at once.
    """
    mode = request.choice("labels", LABELS)
    merge = label_map("8-5") if request.choice("emotions", NUMBER) == "5" else None
    folder, faults = open_folder(request, PUBLISHED_MD5)
    splits: dict[str, list[Entry]] = {split: [] for split in USAGES.values()}
    for split, entry, votes in _faces(folder, request.table, faults):
        label = majority(votes) if mode == "majority" or split != "train" else distribution(votes)
        if label is not None:
            splits[split].append(replace(entry, label=label, clear=max(label) > 0.5))
    if request.survey is None and faults.count("match"):
        faults.check()  # looking at 35,887 pictures with labels of others would tell nothing more
    chosen = {split: select(entries, request.classes, merge) for split, entries in splits.items()}
    return check_splits(request, chosen, faults)


def _faces(folder: Path, named: Path | None, faults: Faults) -> list[tuple[str, Entry, list[int]]]:
    """Split, face without a label, and its ten votes: out of the two tables, or of the pictures."""
    pictures = find_sets(folder)
    if named is None and pictures is not None and find_table(folder, TABLE, TABLE_TOO) is None:
        return read_sets(pictures, faults)
    table = match_tables(folder, named, faults)
    return [(USAGES[face.usage], Entry(name, face.source, ()), votes) for face, name, votes in table if name]


def majority(votes: Sequence[int]) -> tuple[float, ...] | None:
    """The emotion that more than half of the voters saw.

    Args:
        votes: ten counts in the order of the columns.

    Returns:
        (8,) with a 1, or None: there is no such emotion, or it is unknown or NF.
    """
    kept = _without_outliers(votes)
    best = kept.index(max(kept))
    if not max(kept) > 0.5 * sum(kept) or best >= UNKNOWN:
        return None
    return tuple(float(at == best) for at in range(UNKNOWN))


def distribution(votes: Sequence[int]) -> tuple[float, ...] | None:
    """The strongest emotions by their share of the votes.

    Args:
        votes: ten counts in the order of the columns.

    Returns:
        (8,) with sum 1, or None: too many emotions, or unknown or NF comes first.
    """
    left = _without_outliers(votes)
    total, taken, count = sum(left), [0] * len(left), 0
    integrated, ended = 0, False
    while integrated < 0.75 * total and count < 3 and not ended:
        strongest = max(left)
        for at in [at for at, value in enumerate(left) if value == strongest]:
            taken[at], left[at] = strongest, 0
            integrated += strongest
            count += 1
            if at >= UNKNOWN:
                ended = True
                if sum(taken) > strongest:
                    taken[at] = 0
                    count -= 1
                break
    emotions = taken[:UNKNOWN]
    if sum(taken) <= 0.5 * total or count > 3 or max(taken[UNKNOWN:]) > 0:
        return None
    return tuple(value / sum(emotions) for value in emotions)


def _without_outliers(votes: Sequence[int]) -> list[int]:
    return [value if value > 1 else 0 for value in votes]


def match_tables(folder: Path, named: Path | None, faults: Faults) -> list[tuple[FaceRow, str, list[int]]]:
    """Rows of both tables, side by side, under names that are unique.

    Args:
        folder: of the data.
        named: one of the two tables, where its name is another one.
        faults: get what is missing, malformed or does not belong together; then there may be no rows.

    Returns:
        FER2013's row, the picture's name in FER+ ("": not a face) and the ten votes.
    """
    pictures, ballots = _find_tables(folder, named, faults)
    if pictures is None or ballots is None:
        return []
    faces, votes = read_table(pictures, faults, "table"), _read_votes(ballots, faults)
    if faults.count("table"):
        return []  # with a row left out, what follows would be matched wrongly
    if len(faces) != len(votes):
        faults.add(
            "match",
            f"{pictures.name} has {len(faces)} rows and {ballots.name} {len(votes)}; they match by order and must be as many",
        )
        return []
    for face, vote in zip(faces, votes, strict=True):
        if vote.usage != face.usage:
            faults.add(
                "match",
                f"{ballots.name} line {vote.number}: Usage {vote.usage!r}, but {face.usage!r} in {pictures.name}",
            )
    if not faults.count("match"):
        _check_agreement(faces, votes, ballots.name, faults)
    return [
        (face, name, vote.counts) for face, vote, name in zip(faces, votes, _unique_names(votes), strict=True)
    ]


def _find_tables(folder: Path, named: Path | None, faults: Faults) -> tuple[Path | None, Path | None]:
    """FER2013's table and that of the votes."""
    pictures, ballots = find_table(folder, TABLE, TABLE_TOO), find_table(folder, VOTES)
    if named is not None:
        pictures, ballots = (pictures, named) if _holds_votes(named) else (named, ballots)
    instead = f" (or, instead of both tables, {SETS['train']}/{PICTURE_LABELS} and its pictures)"
    for name, path, hint in ((TABLE, pictures, ""), (VOTES, ballots, instead)):
        if path is None:
            faults.add("missing", f"{name}{hint}")
    return pictures, ballots


def _holds_votes(path: Path) -> bool:
    header = next(read_rows(path), None)
    return header is not None and "NF" in find_columns(header.fields, COLUMNS)


def _unique_names(votes: Sequence[VoteRow]) -> list[str]:
    """The published names; one that came before is told apart by its line."""
    seen: set[str] = set()
    found = []
    for vote in votes:
        found.append(f"{vote.name} (line {vote.number})" if vote.name in seen and vote.name else vote.name)
        seen.add(vote.name)
    return found


def _check_agreement(faces: Sequence[FaceRow], votes: Sequence[VoteRow], name: str, faults: Faults) -> None:
    """Order is all that joins the tables, so FER2013's own emotion must mostly be the one with most votes.

    Looked at: faces whose most frequent vote is an emotion that FER2013 has, all together, in each part and in each
    stretch of rows.
    """
    pairs = [
        (face.usage, vote.number, face.emotion in best)
        for face, vote in zip(faces, votes, strict=True)
        if (best := _favorites(vote.counts))
    ]
    parts = {"the whole table": [right for _, _, right in pairs]}
    for usage in USAGES:
        parts[usage] = [right for found, _, right in pairs if found == usage]
    for start in range(0, len(pairs) - STRETCH + 1, STRETCH):
        stretch = pairs[start : start + STRETCH]
        parts[f"lines {stretch[0][1]} to {stretch[-1][1]}"] = [right for _, _, right in stretch]
    for part, agree in parts.items():
        if agree and sum(agree) < _fewest(len(agree), whole=part == "the whole table"):
            faults.add(
                "match",
                f"{name}, {part}: the votes agree with FER2013's own emotion for {sum(agree)} of {len(agree)} faces, "
                f"{100 * sum(agree) / len(agree):.0f} %; less than {100 * AGREEMENT:.0f} % is what votes of other faces "
                "would give. Rows match by order: take both files as their owners publish them, neither sorted nor shuffled",
            )
            return


def _fewest(count: int, *, whole: bool) -> float:
    doubt = 0.0 if whole else SURELY * (AGREEMENT * (1 - AGREEMENT) * count) ** 0.5
    return AGREEMENT * count - doubt


def _favorites(counts: Sequence[int]) -> set[str]:
    """The emotions with most votes; none where it is no emotion of FER2013."""
    most = max(counts)
    best = {name for name, count in zip((*EMOTIONS, "unknown", "NF"), counts, strict=True) if count == most}
    return best if most and best <= set(EMOTION_CODES) else set()


def _read_votes(path: Path, faults: Faults) -> list[VoteRow]:
    table = read_rows(path)
    header = next(table, None)
    places = {} if header is None else find_columns(header.fields, COLUMNS)
    if header is None or set(places) != set(COLUMNS):
        faults.add("table", f"{path.name} line 1 is no header {','.join(COLUMNS)}")
        return []
    found: list[VoteRow] = []
    for row in table:
        votes = _read(row, [places[name] for name in COLUMNS], len(header.fields))
        if isinstance(votes, str):
            faults.add("table", f"{path.name} line {row.number}: {votes}")
        else:
            found.append(votes)
    return found


def _read(row: TableRow, order: Sequence[int], width: int) -> VoteRow | str:
    """The votes of a row, or what is wrong with it."""
    if len(row.fields) != width:
        return f"{len(row.fields)} fields; {width} are needed"
    usage, name, *counts = (row.fields[at] for at in order)
    if usage not in USAGES:
        return f"Usage {usage[:20]!r}; allowed: {', '.join(USAGES)}"
    if not all(count.isascii() and count.isdigit() for count in counts):
        return f"votes {','.join(counts)[:40]}; ten whole numbers are needed"
    return VoteRow(row.number, usage, name, [int(count) for count in counts])
