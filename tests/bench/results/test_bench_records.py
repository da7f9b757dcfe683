"""``fer-edge-bench/1``: what is written is read back, untrusted text is refused with the member's name."""

import json
from copy import deepcopy

import hypothesis
import pytest
from hypothesis import strategies as st

from fer_edge.bench.results.records import Artifact, Block, Record, Result, pick, read, write
from fer_edge.runtime.errors import DataError, FerEdgeError

APP = {
    "schema": "fer-edge-bench/1",
    "bundle_sha256": "0" * 64,
    "environment": {"device": "a phone", "sdk": 34},
    "records": [
        {
            "variant": "tflite-fp32",
            "engine": "LiteRT 1.4.0",
            "threads": 2,
            "stage": "whole",
            "unit": "seconds",
            "samples": [0.01, 0.012, 1],
            "trusted": False,
            "reasons": ["an emulator"],
        }
    ],
}
"""As the app's benchmark activity writes it: the mandatory members only."""


def altered(path, value):
    document = deepcopy(APP)
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document)


def full():
    record = Record(
        "tflite-int8", "litert 2", 1, "inference", (0.001, 0.002, 0.003), subject="A",
        blocks=(Block(0, 0, 2, 0.5), Block(1, 4, 1, 7.25)),
    )  # fmt: skip
    artifact = Artifact(
        "tflite-int8",
        "litert 2",
        1,
        "m.tflite",
        "f" * 64,
        12,
        "pass",
        0.9,
        (5, 6),
        (4,),
        (3,),
        0.01,
        "A",
        {"x": [1]},
    )
    return Result(
        {"cpu": "c"}, (record,), target="adb:1", mode={"name": "quick"}, artifacts=(artifact,), complete=False,
        extra={"more": {}},
    )  # fmt: skip


def test_the_apps_document_is_read():
    found = Result.parse(json.dumps(APP))
    assert found.records[0].samples == (0.01, 0.012, 1.0)
    assert found.records[0].name == "tflite-fp32"
    assert not found.trusted
    assert found.reasons == ("an emulator",)
    assert found.target == "host"
    assert found.complete


def test_what_is_written_is_read_back(tmp_path):
    result = full()
    write(tmp_path / "r.json", result)
    assert read(tmp_path / "r.json") == result
    assert (tmp_path / "r.json").read_text() == result.to_json()
    assert list(tmp_path.iterdir()) == [tmp_path / "r.json"]


def test_the_members_that_others_rely_on_are_there():
    document = json.loads(full().to_json())
    assert {"schema", "bundle_sha256", "environment", "records"} <= set(document)
    assert set(APP["records"][0]) <= set(document["records"][0])


def test_samples_keep_their_nanoseconds_and_their_order():
    record = Record("v", "e", 1, "inference", (0.000123456, 0.000001))
    found = Result.parse(Result({}, (record,)).to_json())
    assert found.records[0].samples == (0.000123456, 0.000001)


def test_samples_by_block():
    assert [(block.generation, samples) for block, samples in full().records[0].split()] == [
        (0, (0.001, 0.002)),
        (1, (0.003,)),
    ]
    alone = Record("v", "e", 1, "load", (1.0, 2.0))
    assert [samples for _, samples in alone.split()] == [(1.0, 2.0)]


def test_facts_of_a_record():
    result = full()
    assert result.artifact(result.records[0]) == result.artifacts[0]
    assert pick(result.records, stage="inference", threads=1) == [result.records[0]]
    assert pick(result.records, stage="load") == []


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (["schema"], "fer-edge-bench/2", "schema"),
        (["schema"], KeyError, "schema"),
        (["bundle_sha256"], "short", "bundle_sha256"),
        (["environment"], [], "environment"),
        (["surprise"], 1, "surprise"),
        (["complete"], "yes", "complete"),
        (["records"], {}, "records"),
        (["records", 0, "surprise"], 1, "surprise"),
        (["records", 0, "samples"], [], "samples"),
        (["records", 0, "samples"], [0.1, -0.1], r"samples\[1\]"),
        (["records", 0, "samples"], [0.1, "0.2"], r"samples\[1\]"),
        (["records", 0, "samples"], [True], r"samples\[0\]"),
        (["records", 0, "samples"], [10**400], r"samples\[0\]"),
        (["records", 0, "samples"], [1e308], r"samples\[0\]"),
        (["records", 0, "threads"], 0, "threads"),
        (["records", 0, "threads"], True, "threads"),
        (["records", 0, "stage"], "inferense", "did you mean inference"),
        (["records", 0, "unit"], "milliseconds", "unit"),
        (["records", 0, "trusted"], True, "trusted"),
        (["records", 0, "reasons"], [], "trusted"),
        (["records", 0, "reasons"], [""], "reasons"),
        (["records", 0, "variant"], KeyError, "variant"),
        (["records", 0, "blocks"], [[0, 0, 2, 0.0]], "blocks"),
        (["records", 0, "blocks"], [[0, 0, -1, 0.0]], "blocks"),
        (["records", 0, "blocks"], [[0, 0, 3]], "blocks"),
        (["artifacts"], [{}], "artifacts"),
    ],
)
def test_a_wrong_member_is_named(path, value, word):
    with pytest.raises(DataError, match=word):
        Result.parse(altered(path, value))


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"schema": NaN}', '{"a": 1, "a": 2}', "[" * 5000, b"\xff\xfe", "{}x"]
)
def test_what_is_no_document_is_refused(text):
    with pytest.raises(DataError, match="benchmark result"):
        Result.parse(text)


def test_a_stage_comes_once():
    document = deepcopy(APP)
    document["records"] *= 2
    with pytest.raises(DataError, match="once"):
        Result.parse(json.dumps(document))


def test_a_file_is_named_in_its_faults(tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError, match=r"bad\.json"):
        read(tmp_path / "bad.json")
    with pytest.raises(FerEdgeError, match=r"none\.json"):
        read(tmp_path / "none.json")
    with pytest.raises(FerEdgeError, match="cannot write"):
        write(tmp_path / "no" / "r.json", full())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@hypothesis.given(st.sampled_from(["schema", "bundle_sha256", "records", "artifacts", "target"]), JSON)
def test_hostile_values_never_leave_as_anything_but_a_sentence(member, value):
    hypothesis.assume(value not in ([], None) and not isinstance(value, str))
    with pytest.raises(DataError) as caught:
        Result.parse(json.dumps({**APP, member: value}))
    assert str(caught.value).isprintable()
