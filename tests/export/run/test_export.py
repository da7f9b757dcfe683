"""fer-export on somebody's small network: what is written, what is refused, and with which exit code."""

import json
import pickle
import re
import zipfile
from pathlib import Path

import pytest
import torch

from fer_edge.runtime import load
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.verification import ParityLimit

FAST = ("--format", "torchscript", "--parity-inputs", "16", "--json")


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_bundle_holds_what_its_manifest_lists_and_nothing_else(foreign_bundle):
    bundle = open_bundle(foreign_bundle)
    assert bundle.check_files() == []
    assert bundle.find_unlisted() == []
    names = set(bundle.manifest.files)
    assert {
        "README.md",
        "labels.txt",
        "reference.safetensors",
        "reference.safetensors.contract.json",
    } <= names
    assert sum(name.startswith("golden/") for name in names) == 5
    (artifact,) = bundle.manifest.artifacts
    assert artifact.path == "tiny-fp32.pt"
    assert artifact.parity.verdict == "pass"
    assert artifact.parity.inputs == 16
    assert (foreign_bundle / "labels.txt").read_text() == "happiness\nsadness\nneutral\n"
    assert load(foreign_bundle).contract.labels == ("happiness", "sadness", "neutral")


def test_nothing_of_this_machine_is_in_any_file(foreign_bundle, foreign):
    words = [str(foreign).encode(), str(foreign_bundle.parent).encode(), b"/tmp/", b"Traceback"]
    for name, data in snapshot(foreign_bundle).items():
        assert not any(word in data for word in words), name


def test_the_card_says_what_to_ship_and_has_a_section_a_language(foreign_bundle):
    card = (foreign_bundle / "README.md").read_text()
    for word in (
        "**`tiny-fp32.pt`**",
        "## Kotlin",
        "## Swift",
        "## JavaScript",
        'variant="torchscript-fp32"',
    ):
        assert word in card


def test_a_refusal_names_the_worst_input_the_limit_and_a_next_step(tmp_path, export, foreign_options):
    wrong = ("weights.pth", *foreign_options, "--arch-arg", "fault=wrong", *FAST, "--out", tmp_path / "out")
    code, document, texts = export(*wrong)
    assert code == 3
    (variant,) = document["variants"]
    assert re.search(r"differs by 0.\d+ \(input \d+ of 16, .+?\), allowed is 0.0001", variant["reason"])
    assert "not faithful: layer head" in variant["reason"]
    assert "take another format" in texts.err
    code, document, _ = export(*wrong, "--max-abs", "1", "--min-agreement", "0")
    # Limits of one's own are about the answers; what the file is not, it is not.
    assert code == 3
    (variant,) = document["variants"]
    assert variant["parity"]["limit"] == {"max_abs": 1.0, "top1_agreement": 0.0}
    assert "not faithful" in variant["reason"]
    assert "not good enough" not in variant["reason"]


def test_limits_of_ones_own_are_kept_for_whoever_checks_again(tmp_path, export, verify, foreign_options):
    out = tmp_path / "out"
    code, _, _ = export(
        "weights.pth", *foreign_options, *FAST, "--max-abs", "0.5", "--min-agreement", "0.9", "--out", out
    )
    assert code == 0
    manifest = open_bundle(out).manifest
    assert manifest.extra["limits"] == {"max_abs": 0.5, "min_agreement": 0.9}
    assert manifest.artifacts[0].parity.limit == ParityLimit(0.5, 0.9)
    assert "(0.5)" in (out / "README.md").read_text()
    code, document, _ = verify(out, "--json", "--arch", "somebodys_net:tiny")
    assert code == 0
    assert document["artifacts"][0]["parity"]["limit"]["max_abs"] == 0.5


@pytest.mark.slow
def test_twice_is_the_same_bytes_whatever_surrounds_it(
    foreign_bundle, foreign, tmp_path, run_command, foreign_options
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in ("somebodys_net.py", "weights.pth"):
        (elsewhere / file).write_bytes((foreign / file).read_bytes())
    (elsewhere / "weights.pth").rename(elsewhere / "another name.pth")
    arguments = ("another name.pth", *foreign_options, *FAST[:4], "--out", elsewhere / "out")
    surroundings = {
        "PYTHONHASHSEED": "77", "TZ": "Asia/Kolkata", "LANG": "de_DE.UTF-8", "OMP_NUM_THREADS": "2", "USER": "x",
    }  # fmt: skip
    made = run_command("fer_edge.export.cli", *arguments, cwd=elsewhere, **surroundings)
    assert made.returncode == 0, made.stderr
    assert snapshot(elsewhere / "out") == snapshot(foreign_bundle)


def test_replaces_a_bundle_and_leaves_nothing_beside_it(foreign_bundle, tmp_path, export, foreign_options):
    out = tmp_path / "bundle"
    for name, data in snapshot(foreign_bundle).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    dead = tmp_path / ".bundle.fer-edge-staging-0123456789abcdef"
    (dead / "work").mkdir(parents=True)
    code, document, _ = export("weights.pth", *foreign_options, *FAST, "--name", "other", "--out", out)
    assert code == 0
    assert document["bundle"] == str(out)
    assert open_bundle(out).manifest.model == "other"
    assert not (out / "tiny-fp32.pt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize(
    "what", ["somebody's folder", "a bundle with a note in it", "a file", "the current folder"]
)
def test_other_peoples_files_are_not_touched(
    what, foreign_bundle, foreign, tmp_path, export, foreign_options
):
    out = tmp_path / "out"
    if what == "a file":
        out.write_text("mine")
    elif what == "the current folder":
        out = Path()
    else:
        out.mkdir()
        (out / "note.txt").write_text("mine")
        if what == "a bundle with a note in it":
            for name, data in snapshot(foreign_bundle).items():
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).write_bytes(data)
    before = snapshot(out) if out.is_dir() else out.read_bytes()
    code, _, texts = export("weights.pth", *foreign_options, *FAST, "--out", out)
    assert code == 1
    assert "--out" in texts.err
    assert (snapshot(out) if out.is_dir() else out.read_bytes()) == before


def test_a_link_to_a_bundle_stays_a_link(foreign_bundle, tmp_path, export, foreign_options):
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    code, _, _ = export("weights.pth", *foreign_options, *FAST, "--out", link)
    assert code == 0
    assert link.is_symlink()
    assert snapshot(real) == snapshot(foreign_bundle)


def test_parity_that_fails_is_exit_3_and_leaves_the_file_out(tmp_path, export, foreign_options):
    out = tmp_path / "out"
    wrong = ("weights.pth", *foreign_options, "--arch-arg", "fault=wrong", *FAST, "--out", out)
    code, document, texts = export(*wrong)
    assert code == 3
    assert not out.exists()
    assert document["variants"][0]["parity"]["verdict"] == "fail"
    assert document["variants"][0]["status"] == "left out"
    assert "torchscript-fp32: not faithful: layer head" in texts.err
    assert "; not good enough: a probability differs by" in texts.err
    code, document, _ = export(*wrong, "--keep-failed")
    assert code == 3
    assert open_bundle(out).artifact("torchscript-fp32").parity.verdict == "fail"


def test_an_original_that_does_not_react_proves_nothing(tmp_path, export, verify, foreign_options):
    out = tmp_path / "out"
    constant = ("weights.pth", *foreign_options, "--arch-arg", "fault=constant", *FAST, "--out", out)
    code, document, _ = export(*constant)
    assert code == 3
    assert "does not react to its input" in document["error"]["message"]
    assert "--allow-insensitive" in document["error"]["message"]
    assert not out.exists()
    code, document, texts = export(*constant, "--allow-insensitive")
    assert code == 0
    assert texts.err.count("does not react to its input") == 1
    assert len(document["warnings"]) == 1
    artifact = open_bundle(out).artifact("torchscript-fp32")
    assert artifact.parity.verdict == "not-run"
    code, _, _ = verify(out, "--arch", foreign_options[1], "--arch-arg", "fault=constant")
    assert code == 0


def test_probabilities_declared_as_logits_are_refused_with_the_advice(tmp_path, export, foreign_options):
    softmax = (
        "weights.pth",
        *foreign_options,
        "--arch-arg",
        "fault=distribution",
        *FAST,
        "--out",
        tmp_path / "out",
    )
    code, _, texts = export(*softmax)
    assert code == 1
    assert "--output probabilities" in texts.err
    code, _, _ = export(*softmax, "--output", "probabilities")
    assert code == 0
    code, _, texts = export(
        "weights.pth", *foreign_options, *FAST, "--output", "probabilities", "--out", tmp_path / "b"
    )
    assert code == 1
    assert "--output logits" in texts.err


def test_the_selected_output_is_exported_recorded_and_verified(tmp_path, export, verify, foreign_options):
    out = tmp_path / "out"
    pair = ("--arch-arg", "fault=tuple")
    code, _, texts = export(
        "weights.pth", *foreign_options, *pair, "--output-index", "0", *FAST, "--out", out
    )
    assert code == 0, texts.err
    assert open_bundle(out).manifest.extra["output"] == {"index": 0}
    code, document, _ = verify(out, "--arch", foreign_options[1], *pair, "--json")
    assert code == 0
    assert document["artifacts"][0]["parity"]["verdict"] == "pass"
    # The reference weights say it too, to whoever exports them again.
    code, _, texts = export(
        out / "reference.safetensors", "--arch", foreign_options[1], *pair, *FAST, "--out", tmp_path / "again"
    )
    assert code == 0, texts.err


def test_no_child_converts_what_the_original_forbids(tmp_path, export, foreign_options):
    hot = ("weights.pth", *foreign_options, "--arch-arg", "fault=hot", "--parity-inputs", "16", "--json")
    formats = ("--format", "onnx", "--precision", "fp32,fp16")
    code, document, texts = export(*hot, *formats, "--out", tmp_path / "out")
    assert code == 3
    status = {entry["variant"]: (entry["status"], entry["seconds"] is None) for entry in document["variants"]}
    assert status == {
        "onnx-fp32": ("written", False),
        "onnx-fp16": ("left out", True),
    }
    assert "forward of Tiny" in texts.err
    bundle = open_bundle(tmp_path / "out")
    assert "float16 ends at 65,504" in bundle.manifest.extra["warnings"][0]
    assert "float16 ends at 65,504" in (tmp_path / "out" / "README.md").read_text()


def test_a_module_that_returns_something_else_is_one_sentence(tmp_path, export, foreign_options):
    code, document, texts = export(
        "weights.pth", *foreign_options, "--arch-arg", "fault=tuple", *FAST, "--out", tmp_path / "out"
    )
    assert code == 1
    assert "returns a tuple of 2 (0: 1x3 float32" in document["error"]["message"]
    assert "--output-index 0" in document["error"]["message"]
    assert "Traceback" not in texts.err


def test_a_converter_that_refuses_is_exit_1_without_paths(tmp_path, export, foreign_options):
    code, document, texts = export(
        "weights.pth", *foreign_options, "--arch-arg", "fault=refuse", *FAST, "--out", tmp_path / "out"
    )
    assert code == 1
    assert document["variants"][0]["status"] == "failed"
    assert "secret" not in document["variants"][0]["reason"]
    assert "place.py" in document["variants"][0]["reason"]
    assert "Traceback" not in texts.err


@pytest.mark.slow
def test_a_converter_that_aborts_costs_its_row_and_no_other(tmp_path, export, foreign_options):
    out = tmp_path / "out"
    code, document, _ = export(
        "weights.pth", *foreign_options, "--arch-arg", "fault=abort", "--format", "torchscript,onnx",
        "--parity-inputs", "16", "--json", "--out", out,
    )  # fmt: skip
    assert code == 1
    torchscript, onnx = document["variants"]
    assert torchscript["status"] == "failed"
    assert "SIGABRT" in torchscript["reason"]
    assert onnx["status"] == "written"
    assert onnx["parity"]["verdict"] == "pass"
    assert [entry.variant for entry in open_bundle(out).manifest.skipped] == ["torchscript-fp32"]


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_a_pickle_that_runs_code_runs_nothing(tmp_path, export, foreign, foreign_options):
    (tmp_path / "bomb.pth").write_bytes(pickle.dumps({"features.0.weight": Bomb()}))
    torch.save({"features.0.weight": Bomb()}, tmp_path / "zip.pth")
    assert zipfile.is_zipfile(tmp_path / "zip.pth")
    for name in ("bomb.pth", "zip.pth"):
        code, document, texts = export(tmp_path / name, *foreign_options, *FAST, "--out", tmp_path / "out")
        assert code == 1
        assert document["error"]["exit_code"] == 1
        assert "Traceback" not in texts.err
    assert not (foreign / "exploded").exists()
    assert not (tmp_path / "out").exists()


def test_weights_that_do_not_fit_are_all_named(tmp_path, export, foreign, foreign_options):
    state = torch.load(foreign / "weights.pth", weights_only=True)
    state["head.weight"] = state["head.weight"][:2]
    state["surplus"] = state.pop("head.bias")
    torch.save(state, tmp_path / "weights.pth")
    code, _, texts = export(tmp_path / "weights.pth", *foreign_options, *FAST, "--out", tmp_path / "out")
    assert code == 1
    for word in ("head.weight", "surplus", "head.bias"):
        assert word in texts.err


def test_nan_in_a_weight_is_named_with_its_index(tmp_path, export, foreign, foreign_options):
    state = torch.load(foreign / "weights.pth", weights_only=True)
    state["head.weight"][1, 2] = float("nan")
    torch.save(state, tmp_path / "weights.pth")
    code, _, texts = export(tmp_path / "weights.pth", *foreign_options, *FAST, "--out", tmp_path / "out")
    assert code == 1
    assert "head.weight" in texts.err


def test_own_reference_weights_need_no_module_named_by_the_file(foreign_bundle, tmp_path, export):
    code, _, texts = export(foreign_bundle / "reference.safetensors", *FAST, "--out", tmp_path / "out")
    assert code == 2
    assert "--arch" in texts.err
    code, document, _ = export(
        foreign_bundle / "reference.safetensors",
        "--arch",
        "somebodys_net:tiny",
        *FAST,
        "--out",
        tmp_path / "out",
    )
    assert code == 0
    assert json.dumps(document["variants"][0]["parity"]["verdict"]) == '"pass"'
