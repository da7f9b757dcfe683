"""The support table: found by every name of a network, told in few words, and true of a sample that is exported again."""

import hashlib
import json
import textwrap
from importlib.metadata import PackageNotFoundError

import pytest

from fer_edge.export.supported import table
from fer_edge.runtime.variants import Variant
from fer_edge.train.models import ARCHITECTURES
from fer_edge.train.zoo.networks import NETWORKS as TRAINED
from support.paths import ROOT

ROWS = table.read_table()["networks"]
ROW = {
    "arch": "torchvision.models:squeezenet1_1",
    "key": "squeezenet1_1",
    "input": [64, 64, 3],
    "variants": {
        "onnx-fp32": {"status": "verified"},
        "onnx-int8": {"status": "refused", "reason": "not good enough"},
        "onnx-auto": {"status": "verified"},
        "tflite-int8": {"status": "note", "of_fp32_time": 0.5},
        "coreml-w8": {"status": "refused", "reason": "no"},
    },
}


@pytest.fixture
def stored(monkeypatch):
    monkeypatch.setattr(table, "read_table", lambda: {"tools": {"torch": "0.0.1"}, "networks": [ROW]})


@pytest.mark.parametrize(
    ("arch", "arch_args", "key"),
    [
        ("torchvision.models:resnet18", {}, "resnet18"),
        ("resnet18", {}, "resnet18"),
        ("timm:convnext_atto.d2_in1k", {}, "timm:convnext_atto"),
        ("somebody.net:Net", {}, "somebody.net:Net"),
        (
            "imported",
            {"steps": []},
            f"imported:{hashlib.sha256(json.dumps({'steps': []}).encode()).hexdigest()}",
        ),
    ],
)
def test_a_network_is_called_the_same_however_it_was_named(arch, arch_args, key):
    assert table.identify(arch, arch_args) == key


def test_a_row_names_what_was_refused_and_what_passes_instead(stored):
    said = table.describe(table.find_row("squeezenet1_1", {}))
    assert said == (
        "Support table (torchvision.models:squeezenet1_1 at 64x64x3, with other versions than here): 2 of 5 variants verified; "
        "with a note: tflite-int8; refused: onnx-int8 (onnx-auto passes), coreml-w8; time beside fp32: tflite-int8 0.50. "
        "docs/support.md has reasons and ways out."
    )


def test_versions_that_are_the_same_or_not_installed_are_no_matter(stored, monkeypatch):
    def version(_):
        raise PackageNotFoundError

    monkeypatch.setattr(table, "version", version)
    assert "other versions" not in table.describe(ROW)


def test_a_network_that_was_not_tried_has_no_row(stored):
    assert table.find_row("somebody.net:Net", {}) is None


def test_every_cell_has_a_word_and_every_refusal_a_reason():
    for row in ROWS:
        assert row.get("refused") or row["variants"].keys() >= {"onnx-fp32", "tflite-fp32"}, row["arch"]
        for name, cell in row.get("variants", {}).items():
            assert Variant.parse(name)
            assert cell["status"] in (table.VERIFIED, table.NOTE, table.REFUSED)
            assert cell["status"] != table.REFUSED or cell["reason"], (row["arch"], name)
            assert cell["status"] != table.VERIFIED or (cell["faithful"], cell["good"]) == ("pass", "pass")


def test_each_row_is_found_by_its_own_name_and_told_in_few_lines():
    keys = [row["key"] for row in ROWS if "key" in row]
    assert len(keys) == len(set(keys))
    for row in ROWS:
        if "variants" in row:
            assert table.find_row(row["arch"], row["arch_args"]) is row or row["kind"] == "fetched"
            lines = textwrap.wrap(table.describe(row), 80, break_long_words=False, break_on_hyphens=False)
            assert len(lines) <= 8
            assert max(map(len, lines)) <= 80


def test_the_table_holds_what_it_says_it_holds():
    tried = {row["arch"] for row in ROWS}
    assert tried >= {"fer_mini", *(network.name for network in TRAINED)}
    known = {entry.name for entry in ARCHITECTURES} | {network.name for network in TRAINED}
    assert all(":" in arch or arch in known for arch in tried)


def test_versions_are_those_of_the_constraints_or_the_page_says_which_changed():
    pinned = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
        if "==" in line
    )
    page = (ROOT / "docs" / "support.md").read_text(encoding="utf-8")
    for name, number in table.read_table()["tools"].items():
        assert f"{name} {number}" in page
        assert pinned[name] == number or f"{name} {pinned[name]}" in page.partition("Since then")[2]


def test_the_built_in_model_is_what_its_row_says(builtin_bundle):
    manifest = json.loads((builtin_bundle / "manifest.json").read_text())
    row = table.find_row("fer_mini", {})
    made = {entry["variant"]: entry for entry in manifest["artifacts"]}
    assert len(made) == 4
    for name, entry in made.items():
        assert row["variants"][name]["status"] == table.VERIFIED
        assert (entry["parity"]["verdict"], entry["faithful"]["verdict"]) == ("pass", "pass")
        # A container's own strings differ by a few bytes from one release of a converter to the next.
        assert entry["bytes"] == pytest.approx(row["variants"][name]["bytes"], rel=0.02)


SAMPLE = "timm:lcnet_050"


@pytest.mark.skipif(table.find_row(SAMPLE, {}) is None, reason="the stored table has no row of the sample")
@pytest.mark.slow
def test_a_sample_exports_as_its_row_says_and_the_command_shows_the_row(tmp_path, run_command):
    pytest.importorskip("timm")
    _write_weights(tmp_path / "weights.pth")
    words = (
        "weights.pth", "--arch", SAMPLE, "--labels", "a,b,c,d", "--input", "64x64x3", "--mean", "0.5", "--std", "0.5",
        "--format", "onnx,tflite", "--precision", "fp32", "--parity-inputs", "16", "--out", "bundle",
    )  # fmt: skip
    made = run_command("fer_edge.export.cli", *words, cwd=tmp_path)
    row = table.find_row(SAMPLE, {})
    assert (
        textwrap.fill(table.describe(row), 80, break_long_words=False, break_on_hyphens=False) in made.stderr
    )
    written = {
        entry["variant"]
        for entry in json.loads((tmp_path / "bundle" / "manifest.json").read_text())["artifacts"]
    }
    for name in ("onnx-fp32", "tflite-fp32"):  # smaller precisions hang on the weights, which are others here
        assert (name in written) == (row["variants"][name]["status"] != table.REFUSED), name


def _write_weights(path):
    """Random weights with statistics of noise and a head that says something."""
    import torch

    from fer_edge.train.models import resolve

    torch.manual_seed(0)
    network = resolve(SAMPLE, num_classes=4, channels=3).train()
    with torch.no_grad():
        for _ in range(20):
            network(torch.rand(16, 3, 64, 64) * 2 - 1)
        network.classifier.weight.mul_(10)
    torch.save(network.state_dict(), path)
