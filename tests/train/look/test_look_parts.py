"""What is behind the page: two label files against each other, repetitions, alterations, recognition."""

import csv
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.data.augmentation import augmentation
from fer_edge.train.data.faces import Crops
from fer_edge.train.datasets.request import DataRequest, Survey
from fer_edge.train.look.findings import classes_there, recognize
from fer_edge.train.look.pictures import augmented_views
from fer_edge.train.look.survey import repeats_of
from fer_edge.train.look.two_labels import side_by_side
from fer_edge.train.loop.pipeline import with_size
from fer_edge.train.recipes import recipe
from support.data_layouts import FER2013_CODES, fer2013_rows, write_table
from support.paths import SHARED

PUBLISHED = SHARED / "data" / "fer2013new.csv"
VOTES = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)


def ballot(**votes):
    return ["Training", "fer.png", *(votes.get(name, 0) for name in VOTES)]


def test_two_label_files_side_by_side_by_hand(tmp_path):
    # Labels 0 angry, 3 happy, 6 neutral; what the votes are is worked out beside each row.
    rows = [
        (0, ballot(anger=9, neutral=1)),  # anger, as FER2013 has it
        (0, ballot(neutral=10)),  # neutral
        (0, ballot(contempt=8, neutral=2)),  # contempt
        (0, ballot(neutral=5, sadness=5)),  # five of ten are not more than half
        (3, ballot(happiness=6, neutral=4)),  # happiness
        (3, ballot(happiness=4, neutral=4, sadness=1, fear=1)),  # four of the eight left are half
        (6, ballot(NF=10)),  # no emotion
        (6, ballot(unknown=7, neutral=3)),  # no emotion
    ]
    write_table(
        tmp_path / "fer2013.csv",
        ("emotion", "pixels", "Usage"),
        [(code, "0", "Training") for code, _ in rows],
    )
    write_table(tmp_path / "fer2013new.csv", ("Usage", "Image name", *VOTES), [votes for _, votes in rows])
    both = side_by_side(tmp_path)
    table = {own: {other: n for other, n in row.items() if n} for own, row in both.table().items()}
    assert {own: row for own, row in table.items() if row} == {
        "anger": {"anger": 1, "neutral": 1, "contempt": 1, "no majority": 1},
        "happiness": {"happiness": 1, "no majority": 1},
        "neutral": {"no emotion": 2},
    }
    assert both.agreement() == (2, 4)
    assert [row.ballot for row in both.disagreements(9)] == ["neutral 10", "contempt 8, neutral 2"]
    assert both.faults == []
    (tmp_path / "fer2013new.csv").unlink()
    assert side_by_side(tmp_path) is None


def test_label_files_of_different_lengths_are_not_laid_side_by_side(own_data):
    root = own_data("ferplus")
    lines = (root / "fer2013new.csv").read_text().splitlines()
    (root / "fer2013new.csv").write_text("\n".join(lines[:-1]) + "\n")
    both = side_by_side(root)
    assert both.rows == []
    assert "they match by order and must be as many" in both.faults[0]


@pytest.mark.skipif(
    not PUBLISHED.is_file(), reason="the published fer2013new.csv is not beside this checkout"
)
def test_the_published_votes_beside_labels_of_their_own(tmp_path):
    """FER2013's labels are made up: the emotion with most votes, every tenth one another. No pixels are needed."""
    with PUBLISHED.open(newline="") as file:
        votes = list(csv.reader(file))[1:]
    own, expected = [], Counter()
    for number, (usage, _, *counts) in enumerate(votes):
        kept = [int(count) if int(count) > 1 else 0 for count in counts]
        first = int(np.argmax(kept))
        label = VOTES[first] if VOTES[first] in FER2013_CODES else "neutral"
        label = label if number % 10 else FER2013_CODES[(FER2013_CODES.index(label) + 1) % 7]
        own.append((FER2013_CODES.index(label), "0", usage))
        if kept[first] * 2 > sum(kept) and first < 8:
            expected[label, VOTES[first]] += 1
    write_table(tmp_path / "fer2013.csv", ("emotion", "pixels", "Usage"), own)
    (tmp_path / "fer2013new.csv").write_bytes(PUBLISHED.read_bytes())
    both = side_by_side(tmp_path)
    assert both.faults == []
    assert len(both.rows) == 35887
    found = {
        (mine, other): n
        for mine, row in both.table().items()
        for other, n in row.items()
        if n and other in EMOTIONS
    }
    assert found == dict(expected)
    assert both.agreement() == (sum(n for (a, b), n in expected.items() if a == b), expected.total())
    surest = both.disagreements(12)
    assert len(surest) == 12
    assert all(row.votes[EMOTIONS.index(row.face.emotion)] == 0 for row in surest)


def test_a_face_is_altered_as_a_training_alters_it():
    chosen = replace(with_size(recipe("synthetic")), seed=5)
    face = SyntheticFaces("train", 8)[3]
    crops = torch.from_numpy(Crops(chosen.width, chosen.height, chosen.channels, 0.1, 3, 5).of_face(face, 3))
    before = torch.random.get_rng_state()
    found = augmented_views(face, 3, chosen, 6)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(5)
    views = torch.randint(3, (6,))
    transform = augmentation("camera")
    for at, view in enumerate(views):
        wanted = transform(crops[view][None])[0].clamp(0, 1) * 255
        np.testing.assert_array_equal(found[at], wanted.round().numpy().astype(np.uint8))
    assert len({picture.tobytes() for picture in found}) == 6
    plain = augmented_views(face, 3, replace(chosen, augmentation="none", views=1), 1)
    np.testing.assert_array_equal(plain[0], crops[0].numpy())


def seen_in(name, folder):
    chosen, survey = recipe(name), Survey()
    chosen.open_data(DataRequest(folder, chosen.classes, {}, 0, chosen.options, survey=survey))
    return survey.seen


def test_two_faces_of_one_picture_are_no_repetition(own_data):
    root = own_data("affectnet")
    table = root / "training.csv"
    lines = table.read_text().splitlines()
    fields = lines[1].split(",")
    other = [fields[0], str(int(fields[1]) + 9), *fields[2:]]
    table.write_text("\n".join([*lines, ",".join(other)]) + "\n")
    assert repeats_of(seen_in("affectnet", root), EMOTIONS) == []
    table.write_text("\n".join([*lines, lines[1]]) + "\n")
    found = repeats_of(seen_in("affectnet", root), EMOTIONS)
    assert [len(repeat.copies) for repeat in found] == [2]
    assert (found[0].exact, found[0].apart, found[0].contradicting) == (True, False, False)


def test_repetitions_that_contradict_come_first(tmp_path):
    rows = fer2013_rows({"Training": 1, "PublicTest": 1, "PrivateTest": 1})
    training = rows[:7]
    extra = [
        (training[0][0], training[0][1], "Training"),  # the same once more
        (training[1][0], training[1][1], "PrivateTest"),  # in another split
        (training[3][0], training[2][1], "Training"),  # under another label
    ]
    write_table(tmp_path / "fer2013.csv", ("emotion", "pixels", "Usage"), rows + extra)
    found = repeats_of(seen_in("fer2013", tmp_path), EMOTIONS)
    assert [(repeat.contradicting, repeat.apart) for repeat in found] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert all(repeat.exact for repeat in found)


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (("fer2013new.csv",), "", "ferplus"),
        (("icml_face_data.csv",), "", "fer2013"),
        (("fer2013/fer2013.csv",), "", "fer2013"),
        (("train.csv",), "emotion,pixels\n", "fer2013"),
        (("train.csv", "train/happy/1.jpg"), "name,label\n", "folder"),
        (("PublicTest.csv",), "emotion,pixels,Usage\n", "fer2013"),
        (("Manually_Annotated_file_lists/training.csv",), "", "affectnet"),
        (("validation.csv",), "", "affectnet"),
        (("val_set/annotations/0_exp.npy",), "", "affectnet"),
        (("jaffe/KA.AN1.39.tiff",), "", "jaffe"),
        (("happy/1.jpg", "sad/2.jpg"), "", "folder"),
    ],
)  # fmt: skip
def test_which_recipe_reads_it(tmp_path, names, text, expected):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert recognize(tmp_path)[0] == expected


def test_classes_of_folders(tmp_path):
    def made(*names):
        for name in names:
            (tmp_path / name).mkdir(parents=True)
        return tmp_path

    assert classes_there(made("train/Happy", "train/bored", "val/SAD")) == ("happiness", "sadness", "bored")
    assert classes_there(tmp_path, "bored=neutral") == ("neutral", "happiness", "sadness")
    assert classes_there(made("train/bbox")) == ()  # a key of the answers cannot be a label
