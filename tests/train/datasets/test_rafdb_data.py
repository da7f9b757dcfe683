"""RAF-DB as its owners ship the basic emotions."""

import pytest

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS

LIST = "EmoLabel/list_patition_label.txt"
# The owners' readme: 1 Surprise, 2 Fear, 3 Disgust, 4 Happiness, 5 Sadness, 6 Anger, 7 Neutral.
OF_CODE = {
    "1": "surprise", "2": "fear", "3": "disgust", "4": "happiness", "5": "sadness", "6": "anger", "7": "neutral",
}  # fmt: skip


def told(splits, split):
    faces = splits[split]
    return {faces.name(at): EMOTIONS[int(faces[at].label.argmax())] for at in range(len(faces))}


def test_names_say_the_split_and_codes_the_emotion(drawn_data, open_recipe):
    folder, notes = drawn_data("rafdb"), []
    splits = open_recipe("rafdb", folder, notes=notes)
    assert list(splits) == ["train", "validation", "test"]
    listed = dict(line.split() for line in (folder / LIST).read_text().splitlines())
    found = {name: emotion for split in splits for name, emotion in told(splits, split).items()}
    assert found == {name: OF_CODE[code] for name, code in listed.items()}
    assert all(name.startswith("test_") for name in told(splits, "test"))
    assert len(splits["test"]) == 7
    assert len(splits["train"]) + len(splits["validation"]) == 28
    assert any("no validation split" in note for note in notes)
    assert (splits["test"][0].frame.width, splits["test"][0].box) == (100, (0, 0, 100, 100))


@pytest.mark.parametrize("place", ["basic", "flat", "list"])
def test_where_copies_have_it(own_data, open_recipe, drawn_data, place, tmp_path):
    folder = own_data("rafdb")
    given = tmp_path
    if place == "basic":
        folder.rename(tmp_path / "basic")
    elif place == "flat":  # list and aligned/ side by side
        (folder / LIST).rename(folder / "list_patition_label.txt")
        (folder / "Image/aligned").rename(folder / "aligned")
        given = folder
    else:
        given = folder / LIST
    as_shipped = open_recipe("rafdb", drawn_data("rafdb"))
    assert open_recipe("rafdb", given)["train"].sha256() == as_shipped["train"].sha256()


def test_faults_are_named_and_may_be_dropped(own_data, open_recipe):
    folder = own_data("rafdb")
    (folder / "Image/aligned/train_00003_aligned.jpg").unlink()
    lines = (folder / LIST).read_text().splitlines()
    lines[4], lines[5], lines[6] = "train_00005.jpg 9", "train_00006.jpg", "../train_00007.jpg 1"
    (folder / LIST).write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as refused:
        open_recipe("rafdb", folder)
    said = str(refused.value)
    assert "Image/aligned/train_00003_aligned.jpg, of list_patition_label.txt line 3" in said
    assert "line 5: code '9'; allowed: 1 to 7; the compound emotions are not read" in said
    assert "line 6: 'train_00006.jpg' is no line such as 'train_00001.jpg 5'" in said
    assert "line 7: '../train_00007.jpg 1' is no line" in said
    splits = open_recipe("rafdb", folder, faulty="drop")
    assert len(splits["train"]) + len(splits["validation"]) == 24


def test_nothing_there(tmp_path, open_recipe):
    with pytest.raises(DataError, match=r"EmoLabel/list_patition_label\.txt, with Image/aligned/"):
        open_recipe("rafdb", tmp_path)
