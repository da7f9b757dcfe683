"""``fer-train compare``: two models, the same faces, one sentence."""

import json
import shutil

import numpy as np
import pytest
from scipy.stats import binom

from fer_edge.runtime.errors import DataError
from fer_edge.train.checkpoint.checkpoint import builtin_checkpoint
from fer_edge.train.evaluation.compare_command import compare_command as compare
from fer_edge.train.evaluation.comparison import comparison
from fer_edge.train.evaluation.evaluate_command import evaluate_command as evaluate
from fer_edge.train.evaluation.predictions import Predictions
from support.paths import DEMO_BUNDLE


def with_mistakes(wrong, count=100, **more):
    """Two classes in turn; the faces in ``wrong`` get the other one."""
    labels = np.eye(2, dtype=np.float32)[np.arange(count) % 2]
    answers = labels.copy()
    answers[list(wrong)] = answers[list(wrong), ::-1]
    given = {"model": "m", "classes": ("neutral", "happy"), "probabilities": answers * 0.8 + 0.1, "labels": labels,
             "names": [str(n) for n in range(count)], "crops": np.zeros((count, 1, 4, 4), np.uint8),
             "source": "drawn", "data_sha256": "00"}  # fmt: skip
    return Predictions(**{**given, **more})


def test_a_better_model_is_called_better_and_a_worse_one_worse():
    poor, good = with_mistakes(range(30), title="poor"), with_mistakes(range(28, 32), title="good")
    found = comparison(poor, good)
    # 28 faces only the good one, 2 only the poor one: twice the lower tail of a fair coin.
    assert (found["mcnemar"]["only_first"], found["mcnemar"]["only_second"]) == (2, 28)
    assert found["mcnemar"]["p_value"] == pytest.approx(2 * binom.cdf(2, 30, 0.5), rel=1e-5)
    assert found["difference"]["accuracy"] == pytest.approx(0.26)
    low, high = found["difference"]["interval"]
    # The normal interval of a paired difference: 0.26 +- 1.96 sqrt((0.30 - 0.26^2) / 100).
    assert (low, high) == (pytest.approx(0.26 - 0.0945, abs=0.015), pytest.approx(0.26 + 0.0945, abs=0.015))
    assert found["verdict"] == "better"
    assert found["sentences"][0].startswith(
        "good is better than poor: 96.0 % of 100 faces are right instead of 70.0 % (+26.0 points"
    )
    back = comparison(good, poor)
    assert back["verdict"] == "worse"
    assert back["sentences"][0].startswith("poor is worse than good: 70.0 %")
    assert back["difference"]["interval"][1] < 0


def test_a_difference_that_may_be_chance_is_not_called_one():
    found = comparison(with_mistakes(range(10), title="a"), with_mistakes(range(4, 11), title="b"))
    assert found["verdict"] == "not-distinguishable"
    assert (
        "a and b are not distinguishable on these 100 faces: 90.0 % and 93.0 % are right"
        in found["sentences"][0]
    )


def test_few_disagreements_on_one_side_are_not_sold_as_a_difference():
    found = comparison(with_mistakes([], title="a"), with_mistakes(range(5), title="b"))
    # Five to nothing: 2 / 2**5, though no resample of these faces can ever favor b.
    assert found["mcnemar"]["p_value"] == pytest.approx(2 / 32)
    low, high = found["difference"]["interval"]
    assert low < -0.05 < 0 <= high
    assert found["verdict"] == "not-distinguishable"


def test_equal_models_are_told_apart_by_name_only():
    found = comparison(with_mistakes([3]), with_mistakes([3]))
    assert [model["title"] for model in found["models"]] == ["m (1)", "m (2)"]
    assert found["verdict"] == "not-distinguishable"
    assert "right on exactly the same of 100 faces (99.0 %)" in found["sentences"][0]
    assert found["mcnemar"]["p_value"] == 1


def test_the_size_is_said_where_it_is_known_and_times_never():
    slow = with_mistakes([], title="slow", seconds_a_face=0.004, size_bytes=4_000_000)
    fast = with_mistakes([], title="fast", seconds_a_face=0.001, size_bytes=500_000)
    found = comparison(slow, fast)
    assert found["sentences"][1:] == ["The file of fast has 0.12 times the size: 500 kB instead of 4.0 MB."]
    assert "seconds" not in json.dumps(found)
    assert comparison(with_mistakes([]), fast)["size_ratio"] is None


def test_several_models_are_compared_with_the_first_and_corrected():
    first = with_mistakes(range(12), title="first")
    others = [with_mistakes(range(end), title=f"to {end}") for end in (4, 6, 12)]  # 8, 6 and no faces better
    found = comparison(first, *others)
    alone = [2 / 2**8, 2 / 2**6, 1.0]
    assert [one["mcnemar"]["p_value"] for one in found["comparisons"]] == pytest.approx(alone)
    # Holm: the smallest times three, the next times two, the last as it is.
    adjusted = [one["mcnemar"]["p_adjusted"] for one in found["comparisons"]]
    assert adjusted == pytest.approx([6 / 2**8, 4 / 2**6, 1.0])
    # Alone the second would be called better: 2 / 2**6 = 0.031.
    verdicts = [one["verdict"] for one in found["comparisons"]]
    assert verdicts == ["better", "not-distinguishable", "not-distinguishable"]
    assert comparison(first, others[1])["verdict"] == "better"
    assert found["confidence"] == pytest.approx(1 - 0.05 / 3, abs=1e-6)
    wide, narrow = (
        f["comparisons"][0]["difference"]["interval"] for f in (found, comparison(first, others[0]))
    )
    assert wide[0] <= narrow[0] < narrow[1] <= wide[1]
    assert wide != narrow
    assert "3 models are compared with the first: p-values are Holm's" in found["sentences"][0]
    assert "verdict" not in found


def test_spellings_of_a_label_are_the_same_label():
    other = with_mistakes([0], classes=("neutral", "happiness"))
    assert comparison(with_mistakes([1]), other)["mcnemar"]["both_right"] == 98


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data_sha256": "11"}, "not asked about the same faces"),
        ({"names": [str(n) for n in range(100)][::-1]}, "not asked about the same faces"),
        ({"classes": ("neutral", "anger")}, "other labels"),
    ],
)
def test_other_faces_or_labels_are_refused(change, said):
    with pytest.raises(DataError, match=said):
        comparison(with_mistakes([]), with_mistakes([], **change))


def test_two_variants_of_a_bundle_and_their_files_say_the_same(call, tmp_path, folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("--data", folder, "--json")
    code, out, err = call(
        compare,
        DEMO_BUNDLE,
        DEMO_BUNDLE,
        "--variant",
        "tflite-fp32,tflite-int8",
        *words,
        "--out",
        tmp_path / "live",
    )
    assert code == 0, err
    live = json.loads(out)
    assert [model["title"] for model in live["models"]] == [
        f"{DEMO_BUNDLE} tflite-fp32",
        f"{DEMO_BUNDLE} tflite-int8",
    ]
    assert live["size_ratio"] < 0.5
    fp32, int8 = (DEMO_BUNDLE / f"fer-mini-{word}.tflite" for word in ("fp32", "int8"))
    assert live["times"] == [f"Times: fer-bench compare {fp32} {int8}"]
    for variant in ("tflite-fp32", "tflite-int8"):
        assert call(evaluate, DEMO_BUNDLE, "--variant", variant, *words, "--out", tmp_path / variant)[0] == 0
    files = [tmp_path / name / "evaluation.json" for name in ("tflite-fp32", "tflite-int8")]
    code, out, err = call(compare, *files, "--json", "--out", tmp_path / "later")
    assert code == 0, err
    later = json.loads(out)
    assert [model["title"] for model in later["models"]] == ["tflite-fp32", "tflite-int8"]
    named = {"report", "times", "models", "comparisons", "first", "second", "sentences"}
    assert {key: later[key] for key in live.keys() - named} == {key: live[key] for key in live.keys() - named}
    assert [model["figures"] for model in later["models"]] == [model["figures"] for model in live["models"]]


def test_two_runs_are_named_by_their_paths(call, tmp_path, folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for run in ("runs/a", "runs/b"):
        (tmp_path / run).mkdir(parents=True)
        shutil.copy(builtin_checkpoint(), tmp_path / run / "best.safetensors")
    words = ("--data", folder, "--limit", 4, "--json")
    code, out, err = call(compare, "runs/a", tmp_path / "runs/b/best.safetensors", "runs/b", *words)
    assert code == 0, err
    found = json.loads(out)
    assert [m["title"] for m in found["models"]] == ["runs/a", "runs/b/best.safetensors", "runs/b"]
    assert "runs/a and runs/b are right on exactly the same of 4 faces" in " ".join(found["sentences"])
    assert "fer-export" in found["times"][0]
    assert sorted(path.name for path in (tmp_path / "comparison").glob("confusion-*.png")) == [
        "confusion-1.png", "confusion-2.png", "confusion-3.png",
    ]  # fmt: skip
    assert call(compare, "runs/a", "runs/b", *words)[0] == 0
    assert len(list((tmp_path / "comparison").glob("confusion-*.png"))) == 2


def test_a_checkpoint_against_its_artifact(call, tmp_path):
    artifact = DEMO_BUNDLE / "fer-mini-fp32.tflite"
    code, out, err = call(
        compare, builtin_checkpoint(), artifact, "--recipe", "synthetic", "--limit", 16, "--out", tmp_path
    )
    assert code == 0, err
    assert "right on exactly the same of 16 faces" in out
    assert "times as long" not in out
    assert {path.name for path in tmp_path.iterdir()} == {
        "comparison.html", "comparison.json", "per-class.png", "confusion-1.png", "confusion-2.png",
    }  # fmt: skip


def test_a_file_and_a_model_need_the_same_faces(call, tmp_path, folder):
    evaluated = tmp_path / "e"
    assert call(evaluate, DEMO_BUNDLE, "--data", folder, "--limit", 8, "--out", evaluated)[0] == 0
    words = (evaluated / "evaluation.json", DEMO_BUNDLE, "--data", folder, "--out", tmp_path / "c")
    code, out, err = call(compare, *words, "--limit", 8)
    assert code == 0, err
    assert "exactly the same of 8 faces" in out
    code, _, err = call(compare, *words, "--limit", 7)
    assert (code, "not asked about the same faces" in err) == (1, True), err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((DEMO_BUNDLE,), 2, "SECOND"),
        ((DEMO_BUNDLE, DEMO_BUNDLE), 2, "Give --data"),
        ((DEMO_BUNDLE, "absent", "--recipe", "synthetic"), 1, "absent does not exist"),
        ((DEMO_BUNDLE, DEMO_BUNDLE, "--recipe", "synthetic", "--variant", "tflite-fp32,tflite-int8,tflite-fp32"), 2, "3 values for 2 bundles"),
        (("a.json", "b.json"), 1, "a.json cannot be read"),
        (("a.json", "b.json", "--data", "x"), 2, "leave --data and --recipe out"),
    ],
)  # fmt: skip
def test_a_bad_call_of_compare_is_one_sentence(call, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    found, out, err = call(compare, *words, "--json")
    assert (found, said in err) == (code, True), err
    assert json.loads(out)["error"]["exit_code"] == code
    assert not (tmp_path / "comparison").exists()
