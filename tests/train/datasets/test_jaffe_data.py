"""JAFFE in its published layout, and what is wrong with it when it is not."""

import pickle
import re
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.jaffe import read_ratings
from support import data_layouts

HEADER = "# HAP SAD SUR ANG DIS FEA PIC"


def names(splits):
    return {split: [faces.name(at) for at in range(len(faces))] for split, faces in splits.items()}


def persons(splits):
    return {split: {name[:2] for name in found} for split, found in names(splits).items()}


def test_persons_are_kept_apart(drawn_data, open_recipe):
    splits = open_recipe("jaffe", drawn_data("jaffe"))
    found = persons(splits)
    assert all(len(people) == 1 for people in found.values())
    assert set.union(*found.values()) == {"KA", "KL", "KM"}
    assert sum(map(len, splits.values())) == 21


def test_another_seed_holds_other_persons_out(drawn_data, open_recipe):
    held = {
        next(iter(persons(open_recipe("jaffe", drawn_data("jaffe"), seed=seed))["test"])) for seed in range(8)
    }
    assert len(held) > 1


def test_images_are_kept_apart_when_persons_are_not(drawn_data, open_recipe):
    found = names(open_recipe("jaffe", drawn_data("jaffe"), split="image"))
    everything = [name for split in found.values() for name in split]
    assert len(everything) == len(set(everything)) == 21
    assert {len(found[split]) for split in ("validation", "test")} == {2}


def test_takes_that_look_alike_stay_together(own_data, open_recipe):
    folder = own_data("jaffe")
    for number, picture in enumerate(sorted(folder.glob("K?.??1.*.tiff"))):
        shutil.copy(picture, folder / f"{picture.name[:5]}9.{500 + number}.tiff")
    table = (folder / "README_FIRST.txt").read_text()
    extra = "\n".join(
        f"{line[:-1]}9"
        for line in table.splitlines()
        if re.fullmatch(r"\d+ .* K.-..1", line) and len(line.split()) == 8
    )
    (folder / "more.txt").write_text(f"{HEADER}\n{extra}\n")
    for split in names(open_recipe("jaffe", folder, split="image")).values():
        assert {name[:5] for name in split if name[5] == "1"} == {
            name[:5] for name in split if name[5] == "9"
        }


def test_the_label_is_the_normalized_rating(own_data, open_recipe):
    folder = own_data("jaffe")
    path = folder / "README_FIRST.txt"
    path.write_text(re.sub(r"\n4 .* KA-AN1", "\n4 1.50 2.00 1.25 4.75 3.00 2.50 KA-AN1", path.read_text()))
    for faces in open_recipe("jaffe", folder).values():
        for at in range(len(faces)):
            if faces.name(at).startswith("KA.AN1"):
                # HAP SAD SUR ANG DIS FEA over their sum 15, in the order of FER+.
                np.testing.assert_allclose(
                    faces[at].label, np.array([0, 1.5, 1.25, 2, 4.75, 3, 2.5, 0]) / 15, atol=1e-7
                )
                assert EMOTIONS[int(faces[at].label.argmax())] == "anger"
                assert faces[at].clear
                return
    pytest.fail("KA.AN1 is in no split")


@pytest.mark.parametrize(
    ("prose", "name"), [(True, "README_FIRST.txt"), (False, "ratings"), (False, "a/b/table.md")]
)
def test_the_table_may_stand_anywhere(tmp_path, prose, name):
    (tmp_path / "a/b").mkdir(parents=True)
    data_layouts.jaffe(tmp_path, persons=("KA",), prose=prose, name=name)
    faults = Faults("data")
    ratings = read_ratings(tmp_path, faults)
    assert not faults.count()
    assert len(ratings) == 7
    assert set(ratings) == {f"KA-{pose}1" for pose in ("HA", "SA", "SU", "AN", "DI", "FE", "NE")}
    assert all(len(values) == 6 for values in ratings.values())


def test_the_owners_own_slips_are_known(own_data, open_recipe):
    folder = own_data("jaffe")
    shutil.copy(folder / "KM.HA1.15.tiff", folder / "YM.HA2.53.tiff")
    (folder / "KM.HA1.15.tiff").unlink()
    path = folder / "README_FIRST.txt"
    text = path.read_text().replace("KM-HA1", "YN-HA2")
    path.write_text(text.replace(HEADER, f"{HEADER}\n99 4.1 1.2 1.3 1.4 1.5 1.6 KM-DI2"))
    found = [name for split in names(open_recipe("jaffe", folder)).values() for name in split]
    assert "YM.HA2.53.tiff" in found


def test_classes_that_are_not_asked_for_are_left_out(drawn_data, open_recipe):
    splits = open_recipe("jaffe", drawn_data("jaffe"), classes=("happiness", "sadness"))
    for faces in splits.values():
        for at in range(len(faces)):
            assert faces[at].label.argmax() in (1, 3)
            assert abs(faces[at].label.sum() - 1) < 1e-6
            assert faces[at].label[[0, 2, 4, 5, 6, 7]].sum() == 0


def test_it_travels_to_other_processes_and_repeats(drawn_data, open_recipe):
    splits = open_recipe("jaffe", drawn_data("jaffe"))
    again = pickle.loads(pickle.dumps(splits["train"]))
    assert (
        again.sha256()
        == splits["train"].sha256()
        == open_recipe("jaffe", drawn_data("jaffe"))["train"].sha256()
    )
    assert again[0].frame.planes[0].tobytes() == splits["train"][0].frame.planes[0].tobytes()
    assert splits["train"].sha256() != splits["validation"].sha256()


def test_every_fault_is_named_at_once(own_data, open_recipe):
    folder = own_data("jaffe")
    (folder / "KA.AN1.4.tiff").write_bytes(b"II*\0nonsense")
    (folder / "KA.DI1.5.tiff").unlink()
    (folder / "portrait.tiff").write_bytes(b"")
    path = folder / "README_FIRST.txt"
    text = path.read_text()
    path.write_text(
        re.sub(
            r"\n1 .* KA-HA1\n",
            "\n1 4.0 five 1.0 1.0 1.0 1.0 KA-HA1\n",
            re.sub(r"\n2 .* KA-SA1\n", "\n", text),
        )
    )
    with pytest.raises(DataError) as refused:
        open_recipe("jaffe", folder)
    message = str(refused.value)
    for part in (
        "6 faults",
        "the picture of KA-DI1",
        "the rating of KA-SA1, which KA.SA1.2.tiff needs",
        "the rating of KA-HA1, which KA.HA1.1.tiff needs",
        "is no '<number> <six ratings> <PIC>': '1 4.0 five",
        "portrait.tiff; expected a name like KA.AN1.39.tiff",
        "KA.AN1.4.tiff cannot be decoded",
    ):
        assert part in message, message


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda text: text.replace("# HAP", "HAPPY"), "the rating table"),
        (lambda text: re.sub(r"\n3 \S+", "\n3 7.25", text), "outside 1 to 5"),
        (lambda text: re.sub(r"(\n3 .*)", r"\1\n3 1.0 1.0 1.0 1.0 1.0 1.0 KA-SU1", text), "other ratings"),
    ],
)
def test_faults_of_the_table(own_data, open_recipe, change, part):
    folder = own_data("jaffe")
    path = folder / "README_FIRST.txt"
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=part):
        open_recipe("jaffe", folder)


def test_a_picture_filed_under_two_persons_is_a_person_in_two_splits(own_data, open_recipe):
    folder = own_data("jaffe")
    shutil.copy(folder / "KA.AN1.4.tiff", folder / "KL.AN1.11.tiff")
    with pytest.raises(DataError, match=r"persons in two splits \(1\):\n +KA and KL share a picture"):
        open_recipe("jaffe", folder)


def test_one_person_cannot_be_divided_by_person(tmp_path, open_recipe):
    data_layouts.jaffe(tmp_path, persons=("KA",))
    with pytest.raises(DataError, match="no validation split by person"):
        open_recipe("jaffe", tmp_path)


def test_an_unknown_split_is_told_the_known_ones(drawn_data, open_recipe):
    with pytest.raises(DataError, match="split=pose is unknown; allowed: split=person, split=image"):
        open_recipe("jaffe", drawn_data("jaffe"), split="pose")


@given(
    st.lists(st.lists(st.integers(100, 500), min_size=6, max_size=6), min_size=1, max_size=5),
    st.text(max_size=40),
)
def test_prose_around_the_table_does_not_matter(tmp_path_factory, rows, prose):
    folder = tmp_path_factory.mktemp("prose")
    prose = prose.replace("-", " ").replace("#", " ")
    table = "\n".join(
        f"{at} {' '.join(f'{value / 100:.2f}' for value in row)} KA-AN{at}" for at, row in enumerate(rows, 1)
    )
    (folder / "text").write_bytes(
        f"{prose}\n{HEADER}\n\n{table}\nthe end\n{prose}\n".encode("utf-8", "replace")
    )
    faults = Faults("data")
    assert read_ratings(folder, faults) == {
        f"KA-AN{at}": tuple(value / 100 for value in row) for at, row in enumerate(rows, 1)
    }
    assert not faults.count()


@pytest.mark.parametrize(
    "prose",
    ["See KA-AN1 for an angry face.", "The 2 raters of KA-AN1", "213 pictures of 10 women, as KA-AN1"],
)
def test_prose_behind_the_table_may_name_a_picture(own_data, open_recipe, prose):
    folder = own_data("jaffe")
    expected = open_recipe("jaffe", folder)["train"].sha256()
    path = folder / "README_FIRST.txt"
    path.write_text(re.sub(r"(KM-NE1\n)", rf"\g<1>{prose}\n", path.read_text()))
    assert open_recipe("jaffe", folder)["train"].sha256() == expected


def test_a_rating_that_is_missing_is_not_replaced_by_the_running_number(own_data, open_recipe):
    folder = own_data("jaffe")
    path = folder / "README_FIRST.txt"
    text = path.read_text()
    path.write_text(re.sub(r"\n3 \S+ ", "\n3 ", text))
    with pytest.raises(DataError, match="is no '<number> <six ratings> <PIC>': '3 "):
        open_recipe("jaffe", folder)
    path.write_text(re.sub(r"(?m)^\d+ (.* K[ALM]-[A-Z]{2}1)$", r"\1", text))
    splits = open_recipe("jaffe", folder)
    path.write_text(text)
    assert splits["train"].sha256() == open_recipe("jaffe", folder)["train"].sha256()


def test_a_picture_filed_under_two_persons_obeys_overlap(own_data, open_recipe):
    folder = own_data("jaffe")
    first, second = sorted(folder.glob("K[AL].AN1.*.tiff"))
    shutil.copy(first, second)
    with pytest.raises(DataError, match="persons in two splits"):
        open_recipe("jaffe", folder)
    notes = []
    kept = open_recipe("jaffe", folder, overlap="keep", notes=notes)
    assert sum(map(len, kept.values())) == 21
    assert len(notes) == 1
    assert "they are kept" in notes[0]
    assert sum(map(len, open_recipe("jaffe", folder, overlap="drop").values())) == 20
