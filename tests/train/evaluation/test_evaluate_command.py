"""``fer-train evaluate`` as people and scripts call it."""

import json
import shutil

import numpy as np
import pytest
import torch

from fer_edge.faces.pictures import read_picture, save_picture
from fer_edge.runtime import Contract, load
from fer_edge.runtime.camera import prepare, upright
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.checkpoint.checkpoint import (
    ARCH_KEY,
    builtin_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.data.arrays import load as load_arrays
from fer_edge.train.data.faces import Crops
from fer_edge.train.evaluation.document import read
from fer_edge.train.evaluation.evaluate_command import evaluate_command as evaluate
from fer_edge.train.evaluation.evaluated_model import open_model
from fer_edge.train.evaluation.predictions import inference_time, probabilities
from fer_edge.train.models import resolve
from support.paths import DEMO_BUNDLE, SOURCES

FILES = {
    "report.html",
    "evaluation.json",
    "confidence.png",
    "confusion.png",
    "examples.png",
    "per-class.png",
    "reliability.png",
}


def test_a_checkpoint_on_drawn_faces_answers_as_the_training_evaluates(call, tmp_path):
    code, out, err = call(
        evaluate, builtin_checkpoint(), "--recipe", "synthetic", "--limit", 24, "--json", "--out", tmp_path
    )
    assert code == 0, err
    told = json.loads(out)
    assert told["figures"]["faces"] == 24
    assert told["inference"]["seconds_a_face"] > 0
    assert "one thread" in told["inference"]["how"]
    assert {path.name for path in tmp_path.iterdir()} == FILES
    # The training's own way: crops in an array, batches through the network.
    checkpoint = read_checkpoint(builtin_checkpoint())
    contract = checkpoint.contract
    crops = Crops.of(contract.input, margin=contract.camera.crop_margin, views=1, seed=0)
    arrays = load_arrays(SyntheticFaces("test", 24), crops, range(8), workers=1)
    network = load_weights(resolve("fer_mini", num_classes=8, channels=1), checkpoint)
    expected = probabilities(network, arrays.crops[:, 0], contract)
    found = read(tmp_path / "evaluation.json")
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    np.testing.assert_array_equal(found.labels, arrays.labels)
    assert found.names[0] == SyntheticFaces("test", 24).name(0)
    assert found.data_sha256 == SyntheticFaces("test", 24).sha256()
    seconds, how = inference_time(open_model(builtin_checkpoint()), arrays.crops[:8, 0])
    assert seconds > 0
    assert how.startswith("median of 8 faces after 5 warm-up runs, one face a call, one thread")


def test_an_artifact_on_a_folder_answers_as_the_runtime_does(call, tmp_path, folder):
    words = (
        "--data",
        folder,
        "--variant",
        "tflite-int8",
        "--engine",
        "litert",
        "--threads",
        2,
        "--out",
        tmp_path,
    )
    code, out, err = call(evaluate, DEMO_BUNDLE, *words)
    assert code == 0, err
    assert "fer-mini tflite-int8" in out
    assert str(tmp_path / "report.html") in out
    found = read(tmp_path / "evaluation.json")
    assert "2 threads" in found.timing
    model = load(DEMO_BUNDLE, variant="tflite-int8")
    for name, row in zip(found.names, found.probabilities, strict=True):
        tensor = prepare(read_picture(folder / name), model.contract)
        np.testing.assert_allclose(row, model.run(tensor), atol=1e-6)
    truth = [found.classes[at] for at in found.truth]
    assert [
        {"Happy": "happiness", "sad": "sadness"}.get(n.split("/")[0], n.split("/")[0]) for n in found.names
    ] == truth


def test_without_the_time_two_runs_give_the_same_bytes(call, tmp_path, folder):
    for name in ("one", "other"):
        code, _, err = call(
            evaluate,
            DEMO_BUNDLE / "fer-mini-fp32.tflite",
            "--data",
            folder,
            "--no-timing",
            "--out",
            tmp_path / name,
        )
        assert code == 0, err
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name
    assert json.loads((tmp_path / "one" / "evaluation.json").read_text())["inference"] is None


def test_the_folder_of_a_training_stands_for_its_weights(call, tmp_path, folder):
    shutil.copy(builtin_checkpoint(), tmp_path / "best.safetensors")
    code, out, err = call(
        evaluate, tmp_path, "--data", folder, "--limit", 5, "--json", "--out", tmp_path / "out"
    )
    assert code == 0, err
    assert json.loads(out)["figures"]["faces"] == 5


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """A checkpoint with four labels, one of them in another spelling, and without weights worth the name."""
    base = read_checkpoint(builtin_checkpoint()).contract
    contract = Contract.build(
        model="four", labels=("happy", "neutral", "anger", "fear"), input=base.input, camera=base.camera,
        normalization=base.normalization, quantization=base.quantization, output=base.output,
    )  # fmt: skip
    torch.manual_seed(0)
    state = resolve("fer_mini", num_classes=4, channels=1).state_dict()
    state = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    path = tmp_path_factory.mktemp("four") / "best.safetensors"
    write_checkpoint(path, state, contract, {ARCH_KEY: "fer_mini"})
    return path


def test_classes_that_the_model_does_not_know_are_named(call, tmp_path, four, folder):
    code, _, err = call(evaluate, four, "--data", folder, "--out", tmp_path / "out")
    assert code == 1
    assert "does not know: sadness" in err
    assert "happy, neutral, anger, fear" in err
    assert not (tmp_path / "out").exists()
    code, out, err = call(
        evaluate, four, "--data", folder, "--skip-unknown", "--json", "--out", tmp_path / "out"
    )
    assert code == 0, err
    told = json.loads(out)["figures"]["per_class"]
    assert {name: entry["faces"] for name, entry in told.items()} == {
        "happy": 4,
        "neutral": 4,
        "anger": 4,
        "fear": 0,
    }


def test_a_recipe_leaves_out_what_is_not_known(call, tmp_path, four):
    words = ("--recipe", "synthetic", "--limit", 6, "--out", tmp_path)
    code, _, err = call(evaluate, four, *words)
    assert code == 1
    assert "surprise, sadness, disgust, contempt" in err
    code, out, err = call(evaluate, four, *words, "--skip-unknown", "--split", "validation", "--json")
    assert code == 0, err
    assert json.loads(out)["data"]["source"] == "synthetic validation"


def test_a_recipe_reads_its_data_set_and_only_the_classes_asked_for(call, tmp_path, folder):
    for split in ("train", "validation"):
        for place in folder.iterdir():
            # Each picture in one split only: the recipe refuses what stands in two.
            chosen = sorted(place.iterdir())[slice(0, 2) if split == "train" else slice(2, 4)]
            (tmp_path / "data" / split / place.name).mkdir(parents=True)
            for picture in chosen:
                shutil.copy(picture, tmp_path / "data" / split / place.name / picture.name)
    words = (
        "--recipe",
        "folder",
        "--data",
        tmp_path / "data",
        "--classes",
        "happy,sad,angry",
        "--out",
        tmp_path / "out",
    )
    code, out, err = call(evaluate, builtin_checkpoint(), *words, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["data"]["source"] == "folder validation"
    assert told["figures"]["faces"] == 6
    code, _, err = call(evaluate, builtin_checkpoint(), *words, "--split", "test")
    assert (code, "no split 'test' in this data; there are: train, validation" in err) == (1, True), err


def test_only_some_classes_of_a_folder(call, tmp_path, folder, four):
    code, out, err = call(
        evaluate, four, "--data", folder, "--classes", "happy,angry", "--json", "--out", tmp_path / "out"
    )
    assert code == 0, err
    assert json.loads(out)["figures"]["faces"] == 8
    code, _, err = call(evaluate, four, "--data", folder, "--classes", "fear", "--out", tmp_path / "no")
    assert (code, "no pictures of fear; there are neutral, happiness, sadness, anger" in err) == (1, True), (
        err
    )


def without_contract(path):
    write_checkpoint(path, read_checkpoint(builtin_checkpoint()).state)
    return path


def of_a_stranger(path):
    checkpoint = read_checkpoint(builtin_checkpoint())
    write_checkpoint(path, checkpoint.state, checkpoint.contract, {ARCH_KEY: "somewhere.net:build"})
    return path


@pytest.mark.parametrize(
    ("model", "words", "code", "said"),
    [
        (lambda p: p / "absent.safetensors", ("--recipe", "synthetic"), 1, "no such file"),
        (lambda p: p / "absent", ("--recipe", "synthetic"), 1, "does not exist"),
        (lambda p: without_contract(p / "a.safetensors"), ("--recipe", "synthetic"), 1, "holds no contract"),
        (lambda p: of_a_stranger(p / "a.safetensors"), ("--recipe", "synthetic"), 1, "add --arch somewhere.net:build"),
        (lambda _: builtin_checkpoint(), ("--recipe", "synthetic", "--arch", "vgg11"), 1, "is fer_mini, not vgg11"),
        (lambda _: builtin_checkpoint(), ("--recipe", "synthetic", "--variant", "onnx-fp32"), 1, "runs in PyTorch"),
        (lambda _: builtin_checkpoint(), (), 2, "Give --data"),
        (lambda _: builtin_checkpoint(), ("--data", "nowhere"), 1, "nowhere"),
        (lambda _: builtin_checkpoint(), ("--data", "x", "--split", "test"), 2, "--split and --set"),
        (lambda _: builtin_checkpoint(), ("--recipe", "synthetik"), 2, "synthetic"),
        (lambda _: builtin_checkpoint(), ("--recipe", "synthetic", "--set", "a=1"), 2, "'a'"),
        (lambda _: builtin_checkpoint(), ("--recipe", "synthetic", "--set", "a"), 2, "KEY=VALUE"),
        (lambda _: builtin_checkpoint(), ("--recipe", "folder"), 1, "needs --data"),
        (lambda _: builtin_checkpoint(), ("--recipe", "synthetic", "--limit", "0"), 2, "--limit"),
        (lambda _: DEMO_BUNDLE, ("--recipe", "synthetic", "--variant", "tflite-fp16"), 1, "tflite-fp16"),
        (lambda _: DEMO_BUNDLE, ("--recipe", "synthetic", "--engine", "onnxruntime"), 1, "no fp32 artifact"),
    ],
)  # fmt: skip
def test_a_bad_call_is_one_sentence_and_writes_nothing(call, tmp_path, monkeypatch, model, words, code, said):
    monkeypatch.chdir(tmp_path)
    given = model(tmp_path)
    found, out, err = call(evaluate, given, *words, "--json")
    assert (found, said in err) == (code, True), err
    assert json.loads(out)["error"]["exit_code"] == code
    assert "Traceback" not in err
    assert not (tmp_path / "evaluation").exists()


def test_a_missing_engine_is_a_sentence_with_the_command(run_command, tmp_path, folder):
    """In a fresh interpreter that cannot import the library."""
    (tmp_path / "site").mkdir()
    hide = "import sys\nsys.modules['ai_edge_litert'] = None\nsys.modules['tflite_runtime'] = None\n"
    (tmp_path / "site" / "sitecustomize.py").write_text(hide)
    artifact = DEMO_BUNDLE / "fer-mini-fp32.tflite"
    done = run_command(
        "fer_edge.train.cli", "evaluate", artifact, "--data", folder, "--out", tmp_path / "out",
        PYTHONPATH=f"{SOURCES}:{tmp_path / 'site'}",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "is not installed: pip install -e '.[tflite]'" in done.stderr
    assert not (tmp_path / "out").exists()


def test_loose_and_broken_pictures_are_named(call, tmp_path, folder):
    crops = tmp_path / "crops"
    shutil.copytree(folder, crops)
    shutil.copy(crops / "sad" / "2.png", crops / "loose.png")
    code, _, err = call(evaluate, builtin_checkpoint(), "--data", crops, "--out", tmp_path / "out")
    assert (code, "outside class folders, such as loose.png" in err) == (1, True), err
    (crops / "loose.png").unlink()
    (crops / "sad" / "2.png").write_bytes(b"no picture")
    code, _, err = call(evaluate, builtin_checkpoint(), "--data", crops, "--out", tmp_path / "out")
    assert (code, "sad/2.png" in err) == (1, True), err
    assert not (tmp_path / "out").exists()


def test_folders_of_other_names_and_what_lies_between_them(call, tmp_path):
    faces = SyntheticFaces("test", 16)
    for at in range(16):
        place = tmp_path / "data" / str(int(faces[at].label.argmax()))
        place.mkdir(parents=True, exist_ok=True)
        save_picture(place / f"{at}.png", upright(faces[at].frame))
    (tmp_path / "data/0/list.txt").write_text("")
    words = (
        evaluate,
        builtin_checkpoint(),
        "--data",
        tmp_path / "data",
        "--no-timing",
        "--out",
        tmp_path / "out",
    )
    assert call(*words)[0] == 1
    code, _, err = call(*words, "--map", "0")
    assert (code, "--map: map '0' is not FOLDER=CLASS" in err) == (2, True), err
    code, out, err = call(
        *words, "--json", "--map", "0=neutral,1=happy", "--map", "2=surprise", "--skip-unknown"
    )
    assert code == 0, err
    assert json.loads(out)["figures"]["faces"] == 6
    assert (
        "11 files left out (2 of class 3, 2 of class 4, 2 of class 5, 2 of class 6, 2 of class 7, 1 .txt)"
        in err
    )
