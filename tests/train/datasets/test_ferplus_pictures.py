"""FER+ as the pictures and lists that its own scripts make."""

import numpy as np
import pytest

from fer_edge.runtime.camera import scaled
from fer_edge.runtime.errors import DataError

LIST = "data/FER2013Train/label.csv"


@pytest.mark.parametrize("labels", ["distribution", "majority"])
def test_the_same_faces_and_labels_as_from_the_tables(drawn_data, open_recipe, labels):
    tables = open_recipe("ferplus", drawn_data("ferplus"), labels=labels)
    pictures = open_recipe("ferplus", drawn_data("ferplus-pictures"), labels=labels)
    for split in ("train", "validation", "test"):
        assert len(tables[split]) == len(pictures[split]) > 0
        for at in range(len(tables[split])):
            expected, found = tables[split][at], pictures[split][at]
            assert pictures[split].name(at).endswith(f"/{tables[split].name(at)}")
            np.testing.assert_array_equal(found.label, expected.label)
            np.testing.assert_array_equal(scaled(found.frame, 48, 48), scaled(expected.frame, 48, 48))
            assert (found.box, found.clear) == (expected.box, expected.clear)


def test_of_one_name_twice_the_last_line_counts(own_data, open_recipe):
    folder = own_data("ferplus-pictures")
    lines = (folder / LIST).read_text().splitlines()
    name = lines[0].split(",")[0]
    (folder / LIST).write_text("\n".join([f'{name},"(0, 0, 40, 44)",0,0,0,0,0,0,9,0,1,0', *lines]) + "\n")
    before = open_recipe("ferplus", folder)["train"]
    (folder / LIST).write_text("\n".join([*lines, f'{name},"(0, 0, 40, 44)",0,0,0,0,0,0,9,0,1,0']) + "\n")
    after = open_recipe("ferplus", folder)["train"]
    assert len(before) == len(after)
    assert (before.name(0), before[0].box) == (f"FER2013Train/{name}", (0, 0, 48, 48))
    assert after[0].box == (0, 0, 40, 44)
    assert after[0].label.tolist() == [0, 0, 0, 0, 0, 0, 1, 0]


def test_faults(own_data, open_recipe):
    folder = own_data("ferplus-pictures")
    lines = (folder / LIST).read_text().splitlines()
    gone = lines[0].split(",")[0]
    (folder / "data/FER2013Train" / gone).unlink()
    lines[1], lines[2] = lines[1].replace("(0, 0, 48, 48)", "(0, 0, 0, 48)"), lines[2].rsplit(",", 1)[0]
    lines[3] = lines[3].replace(lines[3].split(",")[0], "../x.png")
    (folder / LIST).write_text("\n".join(lines) + "\n")
    (folder / "data/FER2013Test/label.csv").unlink()
    with pytest.raises(DataError) as refused:
        open_recipe("ferplus", folder)
    said = str(refused.value)
    assert f"FER2013Train/{gone}, of FER2013Train/label.csv line 1" in said
    assert "line 2: box '(0, 0, 0, 48)'; left, top, right and bottom are needed" in said
    assert "line 3: 11 fields; 12 are needed" in said
    assert "line 4: '../x.png' is no name of a picture" in said
    assert "FER2013Test/label.csv" in said
