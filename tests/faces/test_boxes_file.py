"""``--faces FILE``: the form of the prediction JSON, and every way to miss it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.faces.boxes_file import boxes_of, read_boxes
from fer_edge.runtime.errors import FerEdgeError, PictureError


def write(tmp_path, document):
    path = tmp_path / "faces.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def one(bbox):
    return {"images": [{"file_name": "a.jpg", "faces": [{"bbox": bbox}]}]}


def test_the_prediction_json_of_the_interface(tmp_path):
    document = """{"images": [{"file_name": "test.jpg", "threshold": 0.5,
             "faces": [{"face_id": 1, "bbox": ["104", "22", "195", "113"]},
                       {"face_id": 2, "happiness": 0.97, "bbox": ["109", "160", "192", "243"]}]},
             {"file_name": "sub/empty.jpg", "faces": []}]}"""
    boxes = read_boxes(write(tmp_path, document))
    assert boxes == {"test.jpg": [(104, 22, 195, 113), (109, 160, 192, 243)], "sub/empty.jpg": []}
    assert boxes_of(boxes, "sub/empty.jpg") == []
    with pytest.raises(PictureError, match="not in the faces file"):
        boxes_of(boxes, "other.jpg")


def test_numbers_may_be_numbers(tmp_path):
    assert read_boxes(write(tmp_path, one([-1.5, "2", 30, "40.25"]))) == {"a.jpg": [(-1.5, 2, 30, 40.25)]}


@pytest.mark.parametrize(
    "bbox",
    [
        ["1", "2", "3"],
        ["1", "2", "3", "4", "5"],
        ["1", "2", "one", "4"],
        ["5", "2", "3", "4"],
        ["1", "2", "1", "4"],
        ["1", "2", "nan", "4"],
        ["1", "2", "inf", "4"],
        [1, 2, 10**400, 4],
        [1, 2, True, 4],
        [1, 2, None, 4],
        "1 2 3 4",
        {},
    ],
)
def test_boxes_without_area(tmp_path, bbox):
    with pytest.raises(FerEdgeError, match="bbox"):
        read_boxes(write(tmp_path, one(bbox)))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "not JSON"),
        ("[]", "images"),
        ("{}", "images"),
        ('{"images": [3]}', r"images\[0\]"),
        ('{"images": [{"file_name": "a"}]}', "faces"),
        ('{"images": [{"faces": []}]}', "file_name"),
        ('{"images": [{"file_name": "a", "faces": [{}]}]}', "lacks bbox"),
        (
            '{"images": [{"file_name": "a", "faces": []}, {"file_name": "a", "faces": []}]}',
            "each picture once",
        ),
        ("[" * 100_000, "nested|JSON"),
    ],
)
def test_other_forms_are_sentences(tmp_path, document, words):
    with pytest.raises(FerEdgeError, match=words) as caught:
        read_boxes(write(tmp_path, document))
    assert "\n" not in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(FerEdgeError, match="cannot be read"):
        read_boxes(tmp_path / "none.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["images", "faces", "bbox", "file_name"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_gives_boxes_or_a_sentence(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps({"images": value}))
    try:
        assert isinstance(read_boxes(path), dict)
    except FerEdgeError:
        return
