"""AffectNet in both of its layouts."""

import csv
import shutil

import numpy as np
import pytest

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from support import data_layouts

ORDER = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("layout", ["affectnet", "affectnet-sets"])
def test_eight_codes_in_their_order_and_the_rest_dropped(drawn_data, open_recipe, layout):
    splits = open_recipe("affectnet", drawn_data(layout))
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 16, "validation": 8}
    found = sorted(EMOTIONS[int(splits["validation"][at].label.argmax())] for at in range(8))
    assert found == sorted(ORDER)


def test_the_box_is_the_tables(drawn_data, open_recipe):
    faces = open_recipe("affectnet", drawn_data("affectnet"))["train"]
    row = rows_of(drawn_data("affectnet") / "training.csv")[1]
    x, y, width, height = map(int, row[1:5])
    assert faces.name(0) == row[0]
    assert faces[0].box == (x, y, x + width, y + height)
    assert (faces[0].frame.width, faces[0].frame.height) == (120, 120)
    assert faces[0].label.tolist() == [float(name == ORDER[int(row[6])]) for name in EMOTIONS]


def test_the_whole_crop_is_the_box_in_the_newer_layout(drawn_data, open_recipe):
    faces = open_recipe("affectnet", drawn_data("affectnet-sets"))["train"]
    at = next(at for at in range(len(faces)) if faces.name(at) == "train_set/images/10.jpg")
    assert faces[at].box == (0, 0, 224, 224)
    assert faces[at].label.argmax() == EMOTIONS.index("sadness")


def test_a_table_without_its_header(tmp_path, drawn_data, open_recipe):
    folder = data_layouts.affectnet_tables(tmp_path, header=False)
    assert rows_of(folder / "validation.csv")[0][0] != "subDirectory_filePath"
    assert (
        open_recipe("affectnet", folder)["validation"].sha256()
        == open_recipe("affectnet", drawn_data("affectnet"))["validation"].sha256()
    )


def test_annotations_may_be_numbers(own_data, open_recipe):
    folder = own_data("affectnet-sets")
    before = open_recipe("affectnet", folder)["train"].sha256()
    for at in range(16):
        np.save(folder / f"train_set/annotations/{at}_exp.npy", np.array([at % 8], np.int64))
    assert open_recipe("affectnet", folder)["train"].sha256() == before


def test_dropped_codes_need_no_picture_and_no_box(own_data, open_recipe):
    folder = own_data("affectnet")
    rows = rows_of(folder / "training.csv")
    rows += [("9/none.jpg", "NULL", "NULL", "NULL", "NULL", "", str(code), "-2", "-2") for code in (8, 9, 10)]
    data_layouts.write_table(folder / "training.csv", rows[0], rows[1:])
    assert len(open_recipe("affectnet", folder)["train"]) == 16


def test_every_fault_of_the_tables_is_named_at_once(own_data, open_recipe):
    folder = own_data("affectnet")
    rows = rows_of(folder / "training.csv")
    images = folder / "Manually_Annotated_Images"
    (images / rows[1][0]).unlink()
    (images / rows[2][0]).write_bytes(b"\xff\xd8\xff nothing")
    rows[3][6] = "11"
    rows[4][3] = "0"
    rows[5] = rows[5][:-1]
    rows[6][0] = "../training.csv"
    rows[7][1], rows[7][2] = "500", "500"
    rows = [row for row in rows if row[6:7] != ["7"]]
    data_layouts.write_table(folder / "training.csv", rows[0], rows[1:])
    with pytest.raises(DataError) as refused:
        open_recipe("affectnet", folder)
    for part in (
        f"Manually_Annotated_Images/{rows[1][0]}, of training.csv line 2",
        f"Manually_Annotated_Images/{rows[2][0]} cannot be decoded",
        "line 4: expression '11'; allowed: 0 to 10",
        "line 5: face_x, face_y, face_width, face_height are no box",
        "line 6: 8 fields; 9 are needed",
        "line 7: subDirectory_filePath '../training.csv'",
        "lies outside its 120x120 picture",
        "no contempt in train",
    ):
        assert part in str(refused.value), refused.value


def test_every_fault_of_the_sets_is_named_at_once(own_data, open_recipe):
    folder = own_data("affectnet-sets")
    (folder / "train_set/images/0.jpg").unlink()
    (folder / "train_set/annotations/1_exp.npy").unlink()
    (folder / "train_set/images/2.jpg").write_bytes(b"nothing")
    (folder / "train_set/annotations/3_exp.npy").write_bytes(b"nothing")
    np.save(folder / "train_set/annotations/4_exp.npy", np.array("12"))
    np.save(folder / "train_set/annotations/5_exp.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    shutil.copy(folder / "train_set/images/6.jpg", folder / "val_set/images/6.jpg")
    shutil.rmtree(folder / "val_set/annotations")
    with pytest.raises(DataError) as refused:
        open_recipe("affectnet", folder)
    for part in (
        "train_set/images/0.jpg, of 0_exp.npy",
        "train_set/annotations/1_exp.npy, of train_set/images/1.jpg",
        "train_set/images/2.jpg cannot be decoded",
        *(f"train_set/annotations/{at}_exp.npy is no single number from 0 to 10" for at in (3, 4, 5)),
        "the folder val_set/annotations",
    ):
        assert part in str(refused.value), refused.value


def test_an_image_in_both_sets(own_data, open_recipe):
    folder = own_data("affectnet-sets")
    shutil.copy(folder / "train_set/images/6.jpg", folder / "val_set/images/6.jpg")
    with pytest.raises(DataError, match=r"train: train_set/images/6.jpg is validation: val_set/images/6.jpg"):
        open_recipe("affectnet", folder, overlap="refuse")
    notes = []
    open_recipe("affectnet", folder, notes=notes)
    assert "1 of the 16 pictures of train stand in validation too" in notes[0]


def test_faulty_faces_go_where_that_is_asked_for(own_data, open_recipe):
    """Copies of AffectNet have files that are missing or broken: three of 16 faces here."""
    folder = own_data("affectnet")
    rows = (folder / "training.csv").read_text().splitlines()
    paths = [folder / "Manually_Annotated_Images" / row.split(",")[0] for row in rows]
    paths[1].unlink()
    paths[2].write_bytes(paths[2].read_bytes()[:200])
    rows[3] = rows[3].replace(",", ",x", 1)
    (folder / "training.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError, match="3 faults"):
        open_recipe("affectnet", folder)
    notes, left_out = [], []
    assert len(open_recipe("affectnet", folder, faulty="drop", notes=notes, left_out=left_out)["train"]) == 13
    assert notes == ["faulty faces are left out: 1 missing files, 1 malformed rows, 1 unreadable images"]
    assert len(left_out) == 3


def test_a_picture_with_two_faces_has_two_rows(own_data, open_recipe):
    folder = own_data("affectnet")
    rows = (folder / "training.csv").read_text().splitlines()
    (folder / "training.csv").write_text("\n".join([*rows, rows[1]]) + "\n")
    faces = open_recipe("affectnet", folder)["train"]
    names = [faces.name(at) for at in range(len(faces))]
    assert len(faces) == 17
    assert len(set(names)) == 17
    assert names[16] == f"{names[0]} (line {len(rows) + 1})"


def test_the_folders_of_the_owners_archives(own_data, open_recipe):
    folder = own_data("affectnet")
    expected = open_recipe("affectnet", folder)["train"].sha256()
    (folder / "Manually_Annotated_file_lists").mkdir()
    for name in ("training.csv", "validation.csv"):
        (folder / name).rename(folder / "Manually_Annotated_file_lists" / name)
    inner = folder / "Manually_Annotated"
    inner.mkdir()
    (folder / "Manually_Annotated_Images").rename(inner / "Manually_Annotated_Images")
    assert open_recipe("affectnet", folder)["train"].sha256() == expected


def test_a_named_table_is_the_one_that_is_read(own_data, open_recipe):
    folder = own_data("affectnet")
    rows = (folder / "training.csv").read_text().splitlines()
    (folder / "mine.csv").write_text("\n".join(rows[:-5]) + "\n")
    assert len(open_recipe("affectnet", folder / "mine.csv")["train"]) == 14


def test_neither_layout(tmp_path, open_recipe):
    with pytest.raises(
        DataError, match=r"training.csv and validation.csv with Manually_Annotated_Images/, or train_set/"
    ):
        open_recipe("affectnet", tmp_path)
