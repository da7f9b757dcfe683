"""The page is well formed, holds all it shows, and equal answers give equal bytes."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
from PIL import Image

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.evaluation.compare_page import write as write_comparison
from fer_edge.train.evaluation.document import read
from fer_edge.train.evaluation.predictions import Predictions
from fer_edge.train.evaluation.report_page import write_report

VOID = {"meta", "img", "br"}
PICTURES = ["confidence.png", "confusion.png", "examples.png", "per-class.png", "reliability.png"]
HISTORY = [
    {"epoch": n, "train_loss": 2 / n, "validation_loss": 2.5 / n, "validation_accuracy": 1 - 1 / n}
    for n in (1, 2)
]


def answers(count=40, channels=1, seed=0, **more):
    rng = np.random.default_rng(seed)
    labels = np.eye(8, dtype=np.float32)[np.arange(count) % 8]
    powers = np.exp(rng.normal(size=(count, 8)) + 2 * labels)
    given = {
        "model": "m",
        "classes": EMOTIONS,
        "probabilities": (powers / powers.sum(1, keepdims=True)).astype(np.float32),
        "labels": labels,
        "names": [f"face {number}" for number in range(count)],
        "crops": rng.integers(0, 256, (count, channels, 12, 10), np.uint8),
        "source": "noise",
        "data_sha256": "ab" * 32,
    }
    return Predictions(**{**given, **more})


class Reader(HTMLParser):
    """Insists that tags close in order; collects text and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.attributes = [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data if self.open and self.open[-1] != "style" else ""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    predictions = answers(title="<b>bold</b> & co", names=[f"<script>{n}</script>" for n in range(40)], history=HISTORY,
                      seconds_a_face=0.00123, timing="one thread", size_bytes=753_000)  # fmt: skip
    return predictions, write_report(predictions, folder)


def test_the_page_is_well_formed_and_takes_nothing_from_outside(written):
    page = Reader(written[1].read_text("utf-8"))
    assert "<b>bold</b> & co" in page.text
    assert "script" not in {tag for tag, *_ in page.attributes}
    sources = [
        value for _, name, value in page.attributes if name in {"src", "href", "srcset", "action", "data"}
    ]
    assert sources
    assert all(value.startswith("data:image/png;base64,") for value in sources)
    style = re.search(r"<style>(.*?)</style>", written[1].read_text("utf-8"), re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_shows_every_picture_that_lies_beside_it(written):
    text = written[1].read_text("utf-8")
    found = sorted(path.name for path in written[1].parent.glob("*.png"))
    assert found == sorted([*PICTURES, "history.png"])
    for name in found:
        data = (written[1].parent / name).read_bytes()
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert picture.width >= 1000
            assert "Software" not in picture.info
        # Example faces stand on the page one by one, so that a phone shows them large enough.
        assert name == "examples.png" or base64.b64encode(data).decode() in text


def test_the_page_names_the_figures(written):
    page = Reader(written[1].read_text("utf-8"))
    told = json.loads((written[1].parent / "evaluation.json").read_text("utf-8"))["figures"]
    for share in (told["top1"], told["top2"], told["macro_f1"], told["ece"]):
        assert f"{100 * share:.1f} %" in page.text
    assert "1.23 ms" in page.text
    assert "753 kB" in page.text
    assert page.text.count("truth: ") == min(12, int((~written[0].right).sum()))


def test_equal_answers_give_equal_bytes_whatever_the_user_has_set(tmp_path):
    write_report(answers(history=HISTORY), tmp_path / "one")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.dpi": 30}):
        write_report(answers(history=HISTORY), tmp_path / "other")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(["report.html", "evaluation.json", "history.png", *PICTURES])
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name


def test_what_an_earlier_report_left_does_not_stay(tmp_path):
    (tmp_path / "history.png").write_bytes(b"old")
    (tmp_path / "mine.txt").write_text("mine")
    write_report(answers(count=3, channels=3), tmp_path)
    assert not (tmp_path / "history.png").exists()
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_all_right_and_all_wrong_are_pages_too(tmp_path):
    labels = np.eye(8, dtype=np.float32)[:5]
    for probabilities in (labels, labels[:, ::-1].copy()):
        page = write_report(answers(count=5, labels=labels, probabilities=probabilities), tmp_path)
        assert "None." in Reader(page.read_text("utf-8")).text


def test_answers_are_read_back_to_the_bit(written):
    predictions, page = written
    found = read(page.parent / "evaluation.json")
    assert found.probabilities.tobytes() == predictions.probabilities.tobytes()
    assert found.labels.tobytes() == predictions.labels.tobytes()
    assert (found.classes, list(found.names), found.title) == (
        predictions.classes,
        predictions.names,
        predictions.title,
    )
    assert (found.seconds_a_face, found.size_bytes) == (predictions.seconds_a_face, predictions.size_bytes)
    assert not found.pictured


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema="fer-edge-training/1"), "fer-edge-evaluation/1 is expected"),
        (lambda d: d.update(surprise=1), "surprise"),
        (lambda d: d.pop("answers"), "its keys"),
        (lambda d: d["answers"]["names"].pop(), "shape"),
        (lambda d: d["answers"]["probabilities"][0].append(0.5), "breaks the schema"),
        (lambda d: d["answers"]["labels"][0].__setitem__(0, None), "finite"),
        (lambda d: d["answers"].update(names=[], labels=[], probabilities=[]), "at least one face"),
        (lambda d: d["inference"].update(seconds_a_face=-1.0), "seconds_a_face"),
        (lambda d: d.update(inference=[1]), "breaks the schema"),
    ],
)
def test_an_evaluation_that_breaks_its_schema_is_one_sentence(written, tmp_path, change, said):
    found = json.loads((written[1].parent / "evaluation.json").read_text("utf-8"))
    change(found)
    (tmp_path / "evaluation.json").write_text(json.dumps(found))
    with pytest.raises(DataError) as error:
        read(tmp_path / "evaluation.json")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"[]", b"\xff\xfe"])
def test_a_file_that_is_no_evaluation_is_one_sentence(tmp_path, content):
    (tmp_path / "evaluation.json").write_bytes(content)
    with pytest.raises(DataError):
        read(tmp_path / "evaluation.json")
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "absent.json")


def test_the_comparison_is_well_formed_and_repeats(tmp_path):
    first = answers(title="a <i>")
    second = replace(answers(seed=3, title="b"), crops=first.crops)
    page, _ = write_comparison((first, second), tmp_path / "one")
    write_comparison((first, second), tmp_path / "other")
    text = Reader(page.read_text("utf-8")).text
    assert "b against a <i>" in text
    assert "Faces on which only one is right" in text
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes(), path.name
