"""FER+: votes to labels as its authors' code has it, and rows that match FER2013's by order."""

import csv
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.ferplus import _check_agreement, distribution, majority
from fer_edge.train.datasets.label_maps import FIVE
from support import data_layouts
from support.paths import SHARED

# Rows of the published fer2013new.csv, worked by hand with the rules of the authors' src/ferplus.py:
# neutral happiness surprise sadness anger disgust fear contempt unknown NF -> majority, distribution.
PUBLISHED = [
    # fer0000000: outlier sadness goes, 9 votes left; 4 is no majority; 4, then 4 + 3 = 7 >= 6.75
    ("4,0,0,1,3,2,0,0,0,0", None, {0: "4/7", 4: "3/7"}),
    # fer0000001: 8 left; 6 > 4; 6 >= 6
    ("6,0,1,1,0,0,0,0,2,0", 0, {0: "1"}),
    # fer0000003: 8 left; 4 = half is no majority; neutral and sadness are equal and both taken
    ("4,0,0,4,1,0,0,0,1,0", None, {0: "1/2", 3: "1/2"}),
    # fer0000005: only neutral is left
    ("6,0,0,1,0,0,1,1,1,0", 0, {0: "1"}),
    # fer0000009: 6 > 5; 6 < 7.5, so fear too
    ("0,0,6,0,0,0,4,0,0,0", 2, {2: "3/5", 6: "2/5"}),
    # fer0000012: 5 of 10 is no majority; 5, 8 >= 7.5
    ("5,0,0,3,0,0,0,0,2,0", None, {0: "5/8", 3: "3/8"}),
    # fer0000082: 5 of 9 is a majority; unknown comes second, ends the search and does not count; 5 > 4.5
    ("5,0,1,0,0,0,0,0,4,0", 0, {0: "1"}),
    # fer0000052: 7 left: 3, then neutral and happiness with 2 each
    ("2,2,3,1,0,1,1,0,0,0", None, {0: "2/7", 1: "2/7", 2: "3/7"}),
    # fer0000149: 9 left: sadness 3, then surprise, anger and fear with 2 each: four emotions are too many
    ("0,1,2,3,2,0,2,0,0,0", None, None),
    # fer0000196: neutral and unknown have 3 each of 8: neutral is taken, unknown ends it, 3 <= 4
    ("3,0,2,1,1,0,0,0,3,0", None, None),
    # a face that is none
    ("0,0,0,0,0,0,0,0,0,10", None, None),
    ("1,1,1,1,1,1,1,1,1,1", None, None),
    ("2,0,0,0,0,0,0,0,8,0", None, None),
]
VOTES = st.lists(st.integers(0, 10), min_size=10, max_size=10)


def counts(text):
    return [int(word) for word in text.split(",")]


@pytest.mark.parametrize(("votes", "emotion", "shares"), PUBLISHED)
def test_published_rows_become_what_the_rules_say(votes, emotion, shares):
    expected = None if emotion is None else [float(at == emotion) for at in range(8)]
    found = majority(counts(votes))
    assert found is None if expected is None else list(found) == expected
    soft = distribution(counts(votes))
    if shares is None:
        assert soft is None
    else:
        assert list(soft) == pytest.approx([float(Fraction(shares.get(at, "0"))) for at in range(8)])


@given(VOTES)
def test_labels_are_distributions_without_single_votes(votes):
    for label in (majority(votes), distribution(votes)):
        if label is not None:
            assert len(label) == 8
            assert sum(label) == pytest.approx(1)
            assert all(share == 0 for share, count in zip(label, votes, strict=False) if count <= 1)


@given(VOTES)
def test_a_majority_is_always_part_of_the_distribution(votes):
    hard, soft = majority(votes), distribution(votes)
    if hard is not None:
        assert soft is not None
        assert soft[hard.index(1.0)] == max(soft)


def test_rows_match_by_order_and_what_is_no_face_is_left_out(drawn_data, open_recipe):
    splits = open_recipe("ferplus", drawn_data("ferplus"))
    # Of 2 or 1 times eight emotions and a mixed, an unknown and a face that is none, the last two go.
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 17, "validation": 9, "test": 9}
    assert splits["train"].name(16) == "fer0000016.png"
    np.testing.assert_allclose(splits["train"][16].label, [0, 0.6, 0.4, 0, 0, 0, 0, 0], atol=1e-7)
    # The authors judge by the majority, whatever they train on.
    assert splits["validation"][8].label.tolist() == [0, 1, 0, 0, 0, 0, 0, 0]


def test_majority_labels_are_hard(drawn_data, open_recipe):
    faces = open_recipe("ferplus", drawn_data("ferplus"), labels="majority")["train"]
    assert len(faces) == 17
    assert all(faces[at].label.max() == 1 for at in range(17))


def test_five_classes(drawn_data, open_recipe):
    splits = open_recipe("ferplus", drawn_data("ferplus"), classes=FIVE, emotions="5")
    labels = np.stack([splits["train"][at].label for at in range(len(splits["train"]))])
    # Twice neutral, happiness, surprise, sadness, anger and disgust in anger; fear and contempt go.
    assert len(labels) == 13
    np.testing.assert_allclose(labels.sum(0), [2, 2.6, 2.4, 2, 4, 0, 0, 0], atol=1e-6)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_every_fault_of_the_votes_is_named_at_once(own_data, open_recipe):
    folder = own_data("ferplus")
    rows = rows_of(folder / "fer2013new.csv")
    rows[1][2] = "four"
    rows[2] = rows[2][:-1]
    rows[3][0] = "Train"
    data_layouts.write_table(folder / "fer2013new.csv", rows[0], rows[1:])
    with pytest.raises(DataError) as refused:
        open_recipe("ferplus", folder)
    for part in (
        "malformed rows (3)",
        "line 2: votes four,",
        "line 3: 11 fields; 12 are needed",
        "line 4: Usage 'Train'",
    ):
        assert part in str(refused.value), refused.value


def test_tables_that_do_not_match(own_data, open_recipe):
    folder = own_data("ferplus")
    rows = rows_of(folder / "fer2013new.csv")
    data_layouts.write_table(folder / "fer2013new.csv", rows[0], rows[1:-1])
    with pytest.raises(DataError, match=r"fer2013.csv has 41 rows and fer2013new.csv 40"):
        open_recipe("ferplus", folder)
    rows[1][0] = "PublicTest"
    data_layouts.write_table(folder / "fer2013new.csv", rows[0], rows[1:])
    with pytest.raises(DataError, match=r"line 2: Usage 'PublicTest', but 'Training' in fer2013.csv"):
        open_recipe("ferplus", folder)
    data_layouts.write_table(folder / "fer2013new.csv", rows[0][:-1], [row[:-1] for row in rows[1:]])
    with pytest.raises(DataError, match="line 1 is no header Usage,Image name,neutral"):
        open_recipe("ferplus", folder)


def test_both_tables_are_needed(tmp_path, open_recipe):
    with pytest.raises(DataError, match=r"missing files \(2\):\n +fer2013.csv\n +fer2013new.csv"):
        open_recipe("ferplus", tmp_path)


@pytest.mark.parametrize(("option", "value", "allowed"), [
    ("labels", "vote", "labels=distribution, labels=majority"),
    ("emotions", "6", "emotions=8, emotions=5"),
    ("overlap", "warn", "overlap=refuse, overlap=drop, overlap=keep"),
    ("hashes", "md5", "hashes=listed, hashes=published, hashes=ignore"),
])  # fmt: skip
def test_unknown_options_are_told_the_known_ones(drawn_data, open_recipe, option, value, allowed):
    with pytest.raises(DataError, match=f"option {option}={value} is unknown; allowed: {allowed}"):
        open_recipe("ferplus", drawn_data("ferplus"), **{option: value})


def test_columns_are_found_by_their_names(own_data, open_recipe):
    folder = own_data("ferplus")
    expected = {split: faces.sha256() for split, faces in open_recipe("ferplus", folder).items()}
    path = folder / "fer2013new.csv"
    path.write_text("".join(",".join(line.split(",")[::-1]) + "\n" for line in path.read_text().splitlines()))
    assert {split: faces.sha256() for split, faces in open_recipe("ferplus", folder).items()} == expected


def published():
    """Usage, name and votes of each row as the owners publish them."""
    path = SHARED / "data/fer2013new.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not here: the published votes are no part of the repository")
    return rows_of(path)


def own_votes():
    """A table with the facts of the published one: names with offsets, a name twice, rows without a name, nine votes."""
    header = ["Usage", "Image name", *data_layouts.EMOTIONS, "unknown", "NF"]
    rows, number = [], 0
    for usage, count in (("Training", 80), ("PublicTest", 64), ("PrivateTest", 16)):
        for at in range(count):
            votes = [0] * 10
            votes[at % 8], votes[(at + 3) % 8] = 7, 3
            number += 1 + (at % 9 == 8)  # a picture that the owners left out
            rows.append([usage, f"fer{number:07}.png", *map(str, votes)])
    rows[6][1] = rows[5][1]
    rows[40][2:] = ["7", "0", "0", "2", *["0"] * 6]
    rows[20][1:] = ["", *["0"] * 9, "10"]
    return [header, *rows]


def faces_for(votes):
    """FER2013's table for these votes: distinct pictures in their order, its emotion the favorite where it has one."""
    order = np.random.default_rng(0)
    rows = [["emotion", "pixels", "Usage"]]
    for row in votes[1:]:
        counts = list(map(int, row[2:9]))
        name = data_layouts.EMOTIONS[counts.index(max(counts))]
        # Six by six squares of eight pixels; a line of squares is eight times the same text.
        squares = order.integers(0, 256, (6, 6), np.uint8).tolist()
        lines = (" ".join([" ".join([str(value)] * 8) for value in line]) for line in squares)
        pixels = " ".join([" ".join([line] * 8) for line in lines])
        rows.append([str(data_layouts.FER2013_CODES.index(name)), pixels, row[0]])
    return rows


def write_both(folder, pictures, votes):
    data_layouts.write_table(folder / "fer2013.csv", pictures[0], pictures[1:])
    data_layouts.write_table(folder / "fer2013new.csv", votes[0], votes[1:])
    return folder


def check_by_order(splits, votes):
    """Each split has exactly the faces with a label, in the order of the votes, under names of their own."""
    kept = {"train": [], "validation": [], "test": []}
    split_of = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
    for row in votes[1:]:
        label = (distribution if row[0] == "Training" else majority)(list(map(int, row[2:])))
        if row[1] and label is not None:
            kept[split_of[row[0]]].append((row[1], label))
    for split, faces in splits.items():
        names = [faces.name(at) for at in range(len(faces))]
        assert [name.partition(" (line")[0] for name in names] == [name for name, _ in kept[split]]
        assert len(set(names)) == len(names)
        assert [entry.label for entry in faces.entries] == [
            pytest.approx(label, abs=1e-6) for _, label in kept[split]
        ]


def test_a_table_like_the_published_one(tmp_path, open_recipe):
    votes = own_votes()
    splits = open_recipe("ferplus", write_both(tmp_path, faces_for(votes), votes))
    check_by_order(splits, votes)
    assert splits["train"].name(6) == "fer0000006.png (line 8)"


@pytest.mark.slow
def test_the_published_table(tmp_path, open_recipe):
    votes = published()
    assert len(votes) == 35_888
    splits = open_recipe("ferplus", write_both(tmp_path, faces_for(votes), votes))
    check_by_order(splits, votes)


def shuffled(votes, usage=None):
    """The votes of each row given to another row of its part."""
    order = np.random.default_rng(1)
    moved = [list(row) for row in votes]
    for part in ("Training", "PublicTest", "PrivateTest"):
        at = [index for index, row in enumerate(votes) if row[0] == part]
        if usage in (None, part):
            for index, other in zip(at, order.permutation(at), strict=True):
                moved[index] = list(votes[other])
    return moved


def test_votes_of_other_faces_are_refused(tmp_path, open_recipe):
    votes = own_votes()
    pictures = faces_for(votes)
    write_both(tmp_path, pictures, shuffled(votes))
    with pytest.raises(DataError, match=r"the whole table: the votes agree .* for 1\d of 139 faces, 1?\d %"):
        open_recipe("ferplus", tmp_path)
    write_both(tmp_path, pictures, shuffled(votes, "PublicTest"))
    with pytest.raises(DataError, match=r"PublicTest: the votes agree with FER2013's own emotion for"):
        open_recipe("ferplus", tmp_path)


def test_people_who_agree_for_four_in_ten_are_taken(tmp_path, open_recipe):
    """Where FER2013's own label is another one for six faces in ten, the rows may still belong together."""
    votes = own_votes()
    pictures = faces_for(votes)
    for at, row in enumerate(pictures[1:]):
        if at % 10 > 3:
            row[0] = str((int(row[0]) + 1) % 7)
    open_recipe("ferplus", write_both(tmp_path, pictures, votes))


def test_a_row_that_is_missing_in_the_middle_is_found():
    """From there on every row has the votes of its neighbor; three quarters of the table still agree."""
    usages = ["Training"] * 4000
    truth = np.random.default_rng(2).integers(0, 7, 4001)
    row = SimpleNamespace
    faces = [row(usage=usage, emotion=data_layouts.FER2013_CODES[code])
             for usage, code in zip(usages, truth, strict=False)]  # fmt: skip
    moved = [*truth[:3000], *truth[3001:]]
    votes = []
    for at, code in enumerate(moved):
        counts = [0] * 10
        counts[EMOTIONS.index(data_layouts.FER2013_CODES[code])] = 10
        votes.append(row(number=at + 2, counts=counts))
    faults = Faults("data")
    _check_agreement(faces, votes, "fer2013new.csv", faults)
    with pytest.raises(
        DataError, match=r"fer2013new.csv, lines 3002 to 3501: the votes agree .* \d\d of 500"
    ):
        faults.check()


def test_votes_that_are_named(own_data, open_recipe):
    folder = own_data("ferplus")
    expected = open_recipe("ferplus", folder)["train"].sha256()
    (folder / "fer2013new.csv").rename(folder / "votes.csv")
    assert open_recipe("ferplus", folder / "votes.csv")["train"].sha256() == expected
