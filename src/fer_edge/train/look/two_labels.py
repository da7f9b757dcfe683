"""FER2013's own labels beside the votes of FER+ for the same faces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.faces.csv_rows import find_table
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.fer2013 import EMOTION_CODES, TABLE, TABLE_TOO, FaceRow
from fer_edge.train.datasets.ferplus import COLUMNS, UNKNOWN, VOTES, majority, match_tables
from fer_edge.train.datasets.pictures import Entry

VOTED = COLUMNS[2:]
"""Candidates of the vote: eight emotions, unknown, not a face."""
DIVIDED, NOTHING = "no majority", "no emotion"
"""Rows without one emotion that more than half of the voters saw: they are of several minds, or most saw none."""
ROWS = tuple(name for name in EMOTIONS if name in EMOTION_CODES)
COLUMNS_OF_TABLE = (*EMOTIONS, DIVIDED, NOTHING)


@dataclass(frozen=True)
class TwoLabels:
    """A face with both.

    Attributes:
        face: FER2013's row.
        name: of the picture in FER+; "": not a face.
        votes: ten counts in the order of ``VOTED``.
    """

    face: FaceRow
    name: str
    votes: Sequence[int]

    @property
    def entry(self) -> Entry:
        """The face as data sets have them, without a label."""
        return Entry(self.name or self.face.source.name, self.face.source, ())

    @property
    def majority(self) -> str:
        """One of ``COLUMNS_OF_TABLE``."""
        label = majority(self.votes)
        if label is not None:
            return EMOTIONS[label.index(1.0)]
        return NOTHING if sum(self.votes[UNKNOWN:]) > sum(self.votes[:UNKNOWN]) else DIVIDED

    @property
    def ballot(self) -> str:
        """``neutral 7, sadness 3``: most votes first, at most three."""
        order = sorted(range(len(VOTED)), key=lambda at: -self.votes[at])
        return ", ".join(f"{VOTED[at]} {self.votes[at]}" for at in order[:3] if self.votes[at])


@dataclass(frozen=True)
class SideBySide:
    """Both label files, row by row.

    Attributes:
        rows: all of them; empty where the files do not belong together.
        faults: why not, or what speaks against it.
    """

    rows: Sequence[TwoLabels]
    faults: Sequence[str]

    def table(self) -> dict[str, dict[str, int]]:
        """FER2013's emotion -> FER+'s majority -> faces."""
        counts = Counter((row.face.emotion, row.majority) for row in self.rows)
        return {own: {other: counts[own, other] for other in COLUMNS_OF_TABLE} for own in ROWS}

    def agreement(self) -> tuple[int, int]:
        """Faces for which both say the same, and faces for which FER+ has a majority for an emotion."""
        table = self.table()
        decided = sum(row[emotion] for row in table.values() for emotion in EMOTIONS)
        return sum(table[name][name] for name in ROWS), decided

    def disagreements(self, count: int) -> list[TwoLabels]:
        """Those with most votes against FER2013's label, its emotions in turn."""
        against: dict[str, list[TwoLabels]] = {name: [] for name in ROWS}
        for row in self.rows:
            if row.majority in EMOTIONS and row.majority != row.face.emotion:
                against[row.face.emotion].append(row)
        for rows in against.values():
            rows.sort(
                key=lambda row: (
                    row.votes[EMOTIONS.index(row.face.emotion)],
                    -max(row.votes),
                    row.face.row.number,
                )
            )
        turns = [rows[turn] for turn in range(count) for rows in against.values() if turn < len(rows)]
        return turns[:count]


def side_by_side(data: Path) -> SideBySide | None:
    """Join both files by the order of their rows; None where not both of them are there."""
    folder, named = (data.parent, data) if data.is_file() else (data, None)
    if find_table(folder, VOTES) is None or (named is None and find_table(folder, TABLE, TABLE_TOO) is None):
        return None
    faults = Faults(str(data))
    rows = [TwoLabels(*row) for row in match_tables(folder, named, faults)]
    return SideBySide(rows, faults.lines())
