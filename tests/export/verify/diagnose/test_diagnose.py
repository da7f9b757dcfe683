"""``fer-verify diagnose``: a made mistake is named, a right dump is right, and what nobody listed is "none of these"."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from fer_edge.export.mistakes.catalog import BY_NAME, RIGHT
from fer_edge.export.mistakes.preparation import Preparation, make_tensor
from fer_edge.export.parity.answers import run_tensors
from fer_edge.export.verify.diagnose.answers import ANSWERS
from fer_edge.export.verify.diagnose.candidates import Bounds, Candidate, rivals
from fer_edge.export.verify.diagnose.diagnose import diagnose_with
from fer_edge.export.verify.diagnose.record import REMEDIES, TITLES, UNSURE
from fer_edge.export.verify.diagnose.report import text
from fer_edge.runtime import load
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.dump import DOCUMENT, Dump, StoredTensor
from fer_edge.runtime.golden import store_frame
from fer_edge.runtime.model import softmax
from fer_edge.synthetic import render_face
from fer_edge.synthetic.camera import as_frame
from support.paths import DEMO_BUNDLE

VARIANT = "torchscript-fp32"
FACE = (108.0, 70.0, 195.0, 180.0)


class Phone:
    """Somebody's app around a bundle: dumps what it did to a photograph of a face."""

    def __init__(self, bundle):
        self.model = load(bundle, variant=VARIANT)
        self.contract = self.model.contract
        frame = as_frame(np.random.default_rng(8), data.astronaut()[:360, 80:400], "nv21")
        assert frame.rotation in (90, 270)
        self.preparation = Preparation(store_frame(frame), frame.rotation, FACE, self.contract)

    def dump(self, *mistakes, parts="ftp", answers=lambda row: row, tensor=None, **changes):
        """The text of a dump of an app that makes these mistakes and writes these parts of what it has."""
        steps = replace(RIGHT, **{BY_NAME[name].step: name for name in mistakes})
        fed = self.preparation.tensor(steps) if tensor is None else tensor
        row = answers(self.model.run(fed).astype(np.float64))
        found = Dump(
            frame=self.preparation.frame if "f" in parts else None,
            rotation=self.preparation.rotation,
            mirror=False,
            box=FACE,
            tensor=StoredTensor("float32", fed.tobytes()) if "t" in parts else None,
            probabilities={VARIANT: tuple(row.tolist())} if "p" in parts else None,
            contract_sha256=self.contract.sha256,
            device="Somebody's phone",
        )
        return DOCUMENT.write(replace(found, **changes))


@pytest.fixture(scope="module")
def phone(foreign_bundle):
    return Phone(foreign_bundle)


@pytest.fixture
def diagnose(foreign_bundle, verify, tmp_path):
    """``diagnose(text)``: exit code, document, texts."""

    def run(text, *arguments):
        place = tmp_path / "phone.json"
        place.write_text(text)
        return verify("diagnose", foreign_bundle, "--dump", place, *arguments)

    return run


@pytest.fixture(scope="module")
def judge(phone, foreign_bundle):
    """``judge(text)``: the diagnosis, with the artifact asked in this process."""

    def ask(tensors):
        return {name: run_tensors(phone.model, rows).astype(np.float64) for name, rows in tensors.items()}

    return lambda text: diagnose_with(ask, open_bundle(foreign_bundle), Dump.parse(text))


@pytest.mark.parametrize("parts", ["ft", "fp", "tp", "ftp"])
def test_a_right_dump_is_right(phone, judge, parts):
    found = judge(phone.dump(parts=parts))
    assert (found.verdict, found.mistakes, found.exit_code) == ("right", (), 0)


def test_the_command_asks_in_a_child_and_ends_with_0_or_3(phone, diagnose):
    code, document, _ = diagnose(phone.dump(), "--json")
    assert (code, document["verdict"], document["mistakes"]) == (0, "right", [])
    code, document, texts = diagnose(phone.dump("mirrored", parts="fp"), "--json")
    assert (code, document["exit_code"]) == (3, 3)
    assert [one["name"] for one in document["mistakes"]] == ["mirrored"]
    assert TITLES["mirrored"] in texts.err


@pytest.mark.parametrize(
    "made",
    [
        ("rotation-ignored",), ("limited-range",), ("uv-swapped",), ("box-squared",), ("resize-opencv-linear",), ("big-endian",),
        ("signed-bytes",), ("not-normalized",), ("mirrored", "resize-pillow-bilinear"), ("bt709", "whole-picture"),
    ],
    ids="+".join,
)  # fmt: skip
def test_the_made_mistake_is_named_from_the_tensor(phone, judge, made):
    found = judge(phone.dump(*made, parts="ft"))
    assert set(found.mistakes) == set(made)
    (question,) = (one for one in found.questions if one.name == "input")
    assert question.ranking[0].distance < 0.01


@pytest.mark.parametrize(
    "made", [("rotation-ignored",), ("zero-to-one",), ("mirrored", "zero-to-one")], ids="+".join
)
def test_and_from_the_answers_alone(phone, judge, made):
    assert set(judge(phone.dump(*made, parts="fp")).mistakes) == set(made)


@pytest.mark.parametrize(
    "made", ["not-normalized", "zero-to-one", "big-endian", "never-written", "standardized"]
)
def test_and_from_the_tensor_without_its_frame(phone, judge, made):
    assert judge(phone.dump(made, parts="t")).mistakes == (made,)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("softmax-twice", lambda row: softmax(row).astype(np.float64)),
        ("sigmoid-added", lambda row: 1 / (1 + np.exp(-row))),
        ("logits", lambda row: np.log(row) + 3),
        ("log-probabilities", np.log),
        ("percent", lambda row: row * 100),
        ("labels-reversed", lambda row: row[::-1]),
        ("labels-permuted", lambda row: row[[1, 0, 2]]),
        ("only-the-first", lambda row: np.where(row == row.max(), row, 0)),
        ("other-file", lambda row: (row + 0.2) / 1.6),
    ],
)
def test_mistakes_behind_the_engine(phone, judge, name, change):
    found = judge(phone.dump(answers=change)).mistakes
    # With three labels the name of another order may say the same.
    assert len(found) == 1
    assert found[0] == name or (name.startswith("labels-") and found[0].startswith("labels-"))


def test_a_mistake_on_each_side_of_the_engine(phone, judge):
    text = phone.dump("mirrored", answers=lambda row: softmax(row).astype(np.float64))
    assert judge(text).mistakes == ("mirrored", "softmax-twice")


def test_what_nobody_listed_is_none_of_these(phone, judge):
    gamma = 255 * (phone.preparation.scaled() / 255) ** 2.2
    tensor = make_tensor(np.rint(gamma).astype(np.float32), RIGHT, phone.contract)
    found = judge(phone.dump(tensor=tensor, parts="ft"))
    assert (found.verdict, found.mistakes, found.exit_code) == ("none-of-these", (), 3)


SHOWN, RIGHT_ROW, FAR = (0.2, 0.3, 0.5), (0.6, 0.3, 0.1), (0.05, 0.9, 0.05)


@pytest.fixture
def by_answers(phone, foreign_bundle):
    """``by_answers(rows)``: the diagnosis of ``SHOWN`` where the artifact answers so to what the frame may have become."""

    def run(rows):
        text = phone.dump(parts="fp", probabilities={VARIANT: SHOWN})
        return diagnose_with(
            lambda tensors: {name: rows(len(each)) for name, each in tensors.items()},
            open_bundle(foreign_bundle),
            Dump.parse(text),
        )

    return run


def test_answers_that_many_mistakes_explain_name_none(by_answers):
    def alike(count):
        rows = np.tile(SHOWN, (count, 1)) + np.random.default_rng(0).normal(0, 1e-5, (count, 3))
        return np.vstack([[RIGHT_ROW], rows[1:]])

    found = by_answers(alike)
    assert (found.verdict, found.mistakes, found.exit_code) == ("none-of-these", (), 3)
    assert UNSURE in found.questions[-1].note
    assert "Dump the tensor as well" in text(found, 80)


@pytest.mark.parametrize(("off", "verdict"), [(1e-5, "mistake"), (5e-3, "none-of-these")])
def test_a_pair_is_named_from_answers_only_where_it_gives_them_exactly(by_answers, off, verdict):
    def last(count):
        rows = np.tile(FAR, (count, 1)) + np.linspace(0, 0.01, count)[:, None]
        rows[0] = RIGHT_ROW
        if count > 100:  # all pairs, not single mistakes
            rows[-1] = np.add(SHOWN, (off, -off, 0))
        return rows

    found = by_answers(last)
    assert found.verdict == verdict
    assert len(found.mistakes) == (2 if verdict == "mistake" else 0)


def test_rivals_are_as_near_with_no_more_mistakes_at_other_steps():
    bounds, step = Bounds(0.02, 0.5), {"a": "one", "a2": "one", "b": "two", "c": "three"}.__getitem__
    best = Candidate(("a",), 0.03, 0)
    near, other = Candidate(("b",), 0.09, 0), Candidate(("c",), 0.091, 0)
    same_step, right, pair = (
        Candidate(("a2",), 0.03, 0),
        Candidate((), 0.03, 0),
        Candidate(("b", "c"), 0.03, 0),
    )
    assert rivals([best, near, other, same_step, right, pair], best, bounds, step) == [near]


def test_another_contract_is_a_stale_file_and_another_variant_is_told(phone, judge):
    assert judge(phone.dump(contract_sha256="0" * 64)).mistakes == ("stale-contract",)
    stranger = {"torchscript-fp16": (0.2, 0.3, 0.5)}
    assert judge(phone.dump(parts="ft", probabilities=stranger)).mistakes == ("unknown-variant",)


def test_answers_that_are_not_finite_and_a_tensor_of_another_size(phone, judge):
    text = phone.dump(probabilities={VARIANT: (None, 0.5, 0.5)}, parts="f")
    assert judge(text).mistakes == ("answers-not-finite",)
    assert judge(phone.dump(tensor=phone.preparation.tensor(), parts="fp", probabilities={VARIANT: (0.5, 0.5)})).mistakes == (
        "answers-of-other-length",
    )  # fmt: skip
    short = replace(Dump.parse(phone.dump()), tensor=StoredTensor("float32", bytes(40)))
    assert judge(DOCUMENT.write(short)).mistakes == ("tensor-of-other-size",)


@pytest.mark.parametrize("parts", ["ftp", "fp"])
def test_the_answers_of_another_file_of_the_bundle(parts):
    bundle = open_bundle(DEMO_BUNDLE)
    models = {name: load(DEMO_BUNDLE, variant=name) for name in ("tflite-fp32", "tflite-int8")}
    # A face to which the two files answer clearly apart, by 0.04.
    face, contract = render_face(25, camera="nv21"), models["tflite-fp32"].contract
    given = Preparation(store_frame(face.frame), face.frame.rotation, tuple(map(float, face.box)), contract)
    fed = given.tensor()
    dump = Dump(
        frame=given.frame,
        rotation=given.rotation,
        mirror=False,
        box=given.box,
        tensor=StoredTensor("float32", fed.tobytes()) if "t" in parts else None,
        probabilities={"tflite-fp32": tuple(models["tflite-int8"].run(fed).tolist())},
        contract_sha256=contract.sha256,
        device="",
    )
    found = diagnose_with(
        lambda tensors: {
            name: run_tensors(models[name], rows).astype(np.float64) for name, rows in tensors.items()
        },
        bundle,
        dump,
    )
    assert found.mistakes == ("answers-of-other-variant",)
    assert "tflite-int8" in found.questions[-1].note


def test_a_box_in_shares_and_a_mirror_of_its_own(phone, judge):
    shares = tuple(value / side for value, side in zip(FACE, (320, 360) * 2, strict=True))
    assert "box-in-shares" in judge(phone.dump(box=shares)).mistakes
    mirrored = (320 - FACE[2], FACE[1], 320 - FACE[0], FACE[3])
    assert judge(phone.dump("mirrored", mirror=True, box=mirrored)).mistakes == (
        "mirror-of-its-own",
        "mirrored",
    )


def test_the_table_fits_80_columns(phone, diagnose, monkeypatch):
    monkeypatch.setattr("fer_edge.console.output.Output.width", 80)
    code, _, texts = diagnose(phone.dump("rotation-ignored", "limited-range"))
    assert code == 3
    table = texts.out.partition("Most likely")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "Somebody's phone" in table
    assert "sensor rotation not applied" in table


def broken(text, change):
    document = json.loads(text)
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.update(extra=1), "extra"),
        (lambda one: one.update(schema="fer-edge-dump/2"), "schema"),
        (lambda one: one.update(rotation=45), "rotation"),
        (lambda one: one.update(box=[1, 2, 3]), "box"),
        (lambda one: one.update(box=[0, 0, 1e300, 5]), "box"),
        (lambda one: one.update(tensor=None, probabilities=None), "probabilities"),
        (lambda one: one.update(probabilities={f"v{n}": [0.5] for n in range(101)}), "at most 100 variants"),
        (lambda one: one["frame"].update(width=1 << 30), "size"),
        (lambda one: one["frame"]["y"].update(data=base64.b64encode(b"short").decode()), "plane y"),
        (lambda one: one["tensor"].update(dtype="float64"), "dtype"),
        (lambda one: one.update(contract_sha256="../../etc/passwd"), "contract_sha256"),
    ],
)
def test_a_dump_that_is_none_is_exit_1_and_one_sentence(phone, diagnose, change, said):
    code, _, texts = diagnose(broken(phone.dump(), change), "--json")
    assert code == 1
    assert said in texts.err
    assert "Traceback" not in texts.err


def test_a_missing_dump_is_exit_1(foreign_bundle, verify, tmp_path):
    code, _, texts = verify("diagnose", foreign_bundle, "--dump", tmp_path / "nothing.json")
    assert code == 1
    assert "nothing.json" in texts.err


def test_every_name_has_words():
    assert set(TITLES) == set(REMEDIES)
    assert all(TITLES[name] and REMEDIES[name] for name in TITLES)
    assert not set(BY_NAME) & {one.name for one in ANSWERS}
