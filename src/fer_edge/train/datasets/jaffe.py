"""JAFFE: 213 pictures of ten women, each rated on six adjectives by 60 people (Lyons, Kamachi, Gyoba 1998).

Layout, as the data set's page (zenodo.org/record/3451524) and its ``README_FIRST.txt`` have it: 256x256 gray TIFF files
``KA.AN1.39.tiff`` (person, posed expression and its number, running number), and in the text file, between prose, a table
of mean ratings from 1 to 5::

    # HAP SAD SUR ANG DIS FEA PIC
    1 2.87 2.52 2.10 1.97 1.97 2.06 KM-NE1

A second table, of a study without fear, has five columns and is not read. The owners' table has 219 rows for 213
pictures: ``WITHOUT_PICTURE`` are rated but not part of the data set, and ``YM-HA2`` is printed as ``YN-HA2``.

The ratings of a picture, divided by their sum, are its label; the predominant emotion is the largest. What was posed is
not used. There is no neutral adjective: a neutral pose is rated like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fer_edge.faces.picture_files import find_pictures
from fer_edge.faces.pictures import is_picture
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.checks import check_classes, check_overlap, check_persons, examine
from fer_edge.train.datasets.common import OVERLAP, drop_faulty, finish, open_folder, select
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.pictures import Entry, PictureFile
from fer_edge.train.datasets.request import DataRequest
from fer_edge.train.datasets.splits import SHARES, divide, group_alike, group_by_person

SPLIT = ("person", "image")
"""Whole persons apart, or pictures apart, alike ones together."""
ADJECTIVES = ("happiness", "sadness", "surprise", "anger", "disgust", "fear")
"""Columns HAP SAD SUR ANG DIS FEA."""
WITHOUT_PICTURE = frozenset({"KM-DI2", "KM-HA5", "KM-SA4", "KR-HA3", "NM-DI2", "TM-HA4"})
MISPRINTED = {"YN-HA2": "YM-HA2"}
CLEAR = 1.0
"""Points by which the highest rating of a clear face is ahead of the second."""
LARGEST_TEXT = 1 << 22
"""Bytes of a file that may hold the table."""

_HEADER = re.compile(r"#\s+HAP\s+SAD\s+SUR\s+ANG\s+DIS\s+FEA\s+PIC\s*$")
_NUMBER = r"\d+(?:\.\d*)?"
_ROW = re.compile(rf"\s*((?:{_NUMBER}\s+){{6,7}})([A-Z]{{2}}-[A-Z]{{2}}\d+)\s*$")
_LIKE_A_ROW = re.compile(
    rf"(?:.*\s)?(?:{_NUMBER}\s+){{2}}(?:.*\s)?[A-Z]{{2}}-[A-Z]{{2}}\d+\s*$|\s*\d+(?:\s+{_NUMBER}){{2}}"
)
PICTURE = re.compile(r"([A-Z]{2})\.([A-Z]{2}\d+)\.\d+", re.IGNORECASE)
"""Name of a picture: person, pose, running number."""

Ratings = dict[str, tuple[float, ...]]


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train, validation and, where there are three persons or pictures, test.

    Args:
        request: options ``split``, ``overlap``, ``hashes``.

    Raises:
        DataError: every fault, all at once.
    """
    by, policy = request.choice("split", SPLIT), request.choice("overlap", OVERLAP)
    folder, faults = open_folder(request, takes_table=False)
    entries = _entries(folder, read_ratings(folder, faults), faults)
    chosen = select(entries, request.classes)
    check_classes({"all pictures": chosen}, request.classes, faults)
    seen = examine(chosen, faults)
    drop_faulty(request, faults)
    groups = group_by_person(seen) if by == "person" else group_alike(seen)
    splits = divide(groups, SHARES, request.seed, emotions_in_turn=by == "image")
    if by == "person" and policy == "refuse":
        check_persons(splits, faults)
    for split in ("train", "validation"):
        if chosen and not splits.get(split) and not faults.count():
            faults.add(
                "class",
                f"{len(seen)} pictures give no {split} split by {by}; more persons or pictures are needed",
            )
    return finish(request, check_overlap(splits, policy, faults, request.notes), faults)


def read_ratings(folder: Path, faults: Faults) -> Ratings:
    """The rating table, wherever it stands in a text file of the folder.

    Args:
        folder: of the data.
        faults: get malformed rows, and the table if there is none.

    Returns:
        Picture's name in the table, such as ``KA-AN1`` -> six mean ratings in the order of ``ADJECTIVES``.
    """
    ratings: Ratings = {}
    found = False
    for path in sorted(path for path in folder.rglob("*") if _may_hold_table(path)):
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        for number, line in enumerate(lines):
            if _HEADER.search(line):
                found = True
                _read_table(lines, number + 1, path.name, ratings, faults)
    if not found:
        faults.add("missing", "the rating table: no text file has the line '# HAP SAD SUR ANG DIS FEA PIC'")
    for printed, meant in MISPRINTED.items():
        if printed in ratings:
            ratings.setdefault(meant, ratings.pop(printed))
    return ratings


def _may_hold_table(path: Path) -> bool:
    return path.is_file() and not is_picture(path) and path.stat().st_size <= LARGEST_TEXT


def _read_table(lines: Sequence[str], start: int, name: str, ratings: Ratings, faults: Faults) -> None:
    found = list(_rows(lines, start))
    # Some copies leave the running number out; where others of the table have it, it is a rating that is missing.
    count = max((len(numbers) for _, numbers, _ in found), default=0)
    for number, numbers, picture in found:
        if not picture or len(numbers) != count:
            faults.add(
                "row",
                f"{name} line {number} is no '<number> <six ratings> <PIC>': {lines[number - 1].strip()[:60]!r}",
            )
        else:
            _add(picture, tuple(map(float, numbers[-6:])), f"{name} line {number}", ratings, faults)


def _rows(lines: Sequence[str], start: int) -> Iterator[tuple[int, list[str], str]]:
    """Line number, numbers and picture of each row until prose begins again; no picture: a malformed row."""
    rows = 0
    for number, line in enumerate(lines[start:], start + 1):
        row = _ROW.match(line)
        if row or _LIKE_A_ROW.match(line):
            rows += 1
            yield (number, row[1].split(), row[2]) if row else (number, [], "")
        elif rows and line.strip(" \t-=_"):
            return


def _add(picture: str, values: tuple[float, ...], where: str, ratings: Ratings, faults: Faults) -> None:
    if not all(1 <= value <= 5 for value in values):
        faults.add("row", f"{where}: a rating of {picture} is outside 1 to 5")
    elif ratings.get(picture, values) != values:
        faults.add("row", f"{where}: {picture} has other ratings than in a row before")
    else:
        ratings[picture] = values


def _entries(folder: Path, ratings: Ratings, faults: Faults) -> list[Entry]:
    entries: list[Entry] = []
    places: dict[str, str] = {}
    for path in find_pictures(folder):
        name = path.relative_to(folder).as_posix()
        parts = PICTURE.fullmatch(path.stem)
        if parts is None:
            faults.add("name", f"{name}; expected a name like KA.AN1.39.tiff")
            continue
        person, key = parts[1].upper(), f"{parts[1]}-{parts[2]}".upper()
        if key in places:
            faults.add("name", f"{name}: {key} is {places[key]} already")
        elif key in ratings:
            entries.append(_entry(path, name, person, ratings[key]))
        elif ratings:
            faults.add("missing", f"the rating of {key}, which {name} needs")
        places.setdefault(key, name)
    for key in sorted(set(ratings) - set(places) - WITHOUT_PICTURE):
        faults.add("missing", f"the picture of {key} ({key.replace('-', '.')}.*.tiff), which is rated")
    return entries


def _entry(path: Path, name: str, person: str, ratings: tuple[float, ...]) -> Entry:
    shares = dict(zip(ADJECTIVES, ratings, strict=True))
    label = tuple(shares.get(emotion, 0.0) / sum(ratings) for emotion in EMOTIONS)
    first, second = sorted(ratings, reverse=True)[:2]
    return Entry(name, PictureFile(path, name), label, clear=first - second >= CLEAR, person=person)
