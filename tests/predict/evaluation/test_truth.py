"""The truth in every form, as programs write it."""

import json

import pytest

from fer_edge.predict.evaluation.truth import read_truth
from fer_edge.predict.evaluation.truth.form import TrueFace
from fer_edge.runtime.errors import FerEdgeError

# The first pictures of wider_face_val_bbx_gt.txt have this form; a picture without faces has one line of zeros.
WIDER = """0--Parade/0_Parade_marchingband_1_465.jpg
2
345 211 4 4 2 0 0 0 2 0
331 126 3 3 0 0 0 1 0 0
0--Parade/0_Parade_Parade_0_452.jpg
0
0 0 0 0 0 0 0 0 0 0
1--Handshaking/1_a.jpg
1
10 20 0 5 0 0 0 0 0 0
"""
COCO = {
    "info": {"description": "as a labeling program exports it"},
    "images": [{"id": 7, "file_name": "a.jpg", "width": 90, "height": 80}, {"id": 9, "file_name": "b.jpg"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 2, "bbox": [10, 20.5, 30, 40], "area": 1200, "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 1, "segmentation": []},
    ],
    "categories": [{"id": 1, "name": "face", "supercategory": "person"}, {"id": 2, "name": "Happy"}],
}


def read(tmp_path, name, content):
    place = tmp_path / name
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_truth(place)


def test_wider_face(tmp_path):
    assert read(tmp_path, "wider_face_val_bbx_gt.txt", WIDER) == {
        "0--Parade/0_Parade_marchingband_1_465.jpg": [
            TrueFace((345, 211, 349, 215)),
            TrueFace((331, 126, 334, 129), ignored=True),
        ],
        "0--Parade/0_Parade_Parade_0_452.jpg": [],
        "1--Handshaking/1_a.jpg": [],
    }


def test_coco(tmp_path):
    assert read(tmp_path, "instances_val.json", json.dumps(COCO)) == {
        "a.jpg": [TrueFace((10, 20.5, 40, 60.5), "happiness"), TrueFace((1, 2, 4, 6), None, ignored=True)],
        "b.jpg": [],
    }


def test_prediction_json(tmp_path):
    document = {
        "images": [
            {
                "file_name": "a.jpg",
                "threshold": 0.5,
                "faces": [
                    {"face_id": 1, "happiness": 0.2, "sad": 0.7, "bbox": ["1", "2", "30", "40"]},
                    {"bbox": [1, 2, 3, 4.5], "emotion": "angry", "probabilities": {"fear": 1}},
                    {"bbox": [1, 2, 3, 4], "ignored": True},
                ],
            },
            {"file_name": "b.jpg", "faces": []},
        ]
    }
    assert read(tmp_path, "t.json", json.dumps(document)) == {
        "a.jpg": [
            TrueFace((1, 2, 30, 40), "sadness"),
            TrueFace((1, 2, 3, 4.5), "anger"),
            TrueFace((1, 2, 3, 4), ignored=True),
        ],
        "b.jpg": [],
    }


def test_csv(tmp_path):
    text = '\ufefffile_name,x0,y0,x1,y1,emotion\r\n"a, b.jpg",1,2,3,4,happy\r\n"a, b.jpg",5,6,7.5,8,\r\nc.jpg,,,,,\r\n\'=d.jpg,1,2,3,4,fear\r\n'
    assert read(tmp_path, "t.csv", text) == {
        "a, b.jpg": [TrueFace((1, 2, 3, 4), "happiness"), TrueFace((5, 6, 7.5, 8))],
        "c.jpg": [],
        "=d.jpg": [TrueFace((1, 2, 3, 4), "fear")],
    }
    sized = "file_name,x,y,width,height\na.jpg,1,2,3,4\n"
    assert read(tmp_path, "t.csv", sized) == {"a.jpg": [TrueFace((1, 2, 4, 6))]}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.json", b"", "not JSON"),
        ("t.json", b"[]", "images is None"),
        ("t.json", b'{"images": [{"faces": []}]}', r"images\[0\].file_name"),
        (
            "t.json",
            b'{"images": [{"file_name": "a", "faces": [{"bbox": [1, 2, 1, 3]}]}]}',
            r"faces\[0\].bbox",
        ),
        (
            "t.json",
            b'{"images": [{"file_name": "a", "faces": []}, {"file_name": "a", "faces": []}]}',
            "each picture once",
        ),
        ("t.json", b'{"images": []}', "names no picture"),
        ("t.json", b'{"images": NaN}', "NaN"),
        ("t.json", b"\xff", "UTF-8"),
        ("c.json", json.dumps(COCO | {"categories": []}).encode(), "category_id 2"),
        ("c.json", json.dumps(COCO | {"images": COCO["images"] * 2}).encode(), "same id or file_name"),
        (
            "c.json",
            json.dumps(COCO | {"annotations": [{"image_id": 7, "category_id": 1, "bbox": [1, 2]}]}).encode(),
            "bbox",
        ),
        ("t.csv", b"name,x\na,1\n", "the columns are"),
        ("t.csv", b"file_name,x0,y0,x1,y1\na,1,2,x,4\n", "line 2"),
        ("t.csv", b"file_name,x0,y0,x1,y1\na,5,2,1,4\n", "no area"),
        ("t.csv", b"file_name,x0,y0,x1,y1\na,1,2,nan,4\n", "finite"),
        ("t.csv", b"file_name,x0,y0,x1,y1\n,1,2,3,4\n", "file_name is empty"),
        ("t.csv", b"\xff\xfe", "UTF-8"),
        ("w.txt", b"a.jpg\n2\n1 2 3 4\n", "line 3"),
        ("w.txt", b"a.jpg\n1\n1 2 3\n", "line 3"),
        ("w.txt", b"a.jpg\n1\n1 2 3 4\na.jpg\n1\n1 2 3 4\n", "again"),
        ("notes.txt", b"hello\nworld\n", "no form of the truth"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, content, words):
    with pytest.raises(FerEdgeError, match=words) as raised:
        read(tmp_path, name, content)
    assert "\n" not in str(raised.value)


def test_no_file(tmp_path):
    with pytest.raises(FerEdgeError, match="cannot read"):
        read_truth(tmp_path / "none.json")
    with pytest.raises(FerEdgeError, match="cannot read"):
        read_truth(tmp_path)
