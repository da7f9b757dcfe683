"""``fer-export --web DIR``: a folder with the page and the bundle, written whole, and never over somebody else's files."""

import json
import shutil

import pytest
from click.testing import CliRunner

from fer_edge.console import web_page
from fer_edge.console.web_page import open_web_page, pack
from fer_edge.export.bundle.web import refuse_without_browser_variant, write_site
from fer_edge.export.cli import main
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.errors import ExportError, FerEdgeError
from fer_edge.runtime.variants import Variant, legal_variants
from support.pages import write_built
from support.paths import DEMO_BUNDLE


@pytest.fixture(autouse=True)
def page(tmp_path, monkeypatch):
    pack(write_built(tmp_path / "dist"), tmp_path / "page")
    monkeypatch.setattr(web_page, "built_folder", lambda: tmp_path / "page")
    return tmp_path / "page"


@pytest.fixture
def site(tmp_path):
    return write_site(DEMO_BUNDLE, tmp_path / "site")


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_page_and_bundle_lie_in_one_folder(site, page):
    assert files(site) == {
        **files(page), **{f"bundle/{name}": data for name, data in files(DEMO_BUNDLE).items()},
    }  # fmt: skip
    assert open_bundle(site / "bundle").check_files() == []


def test_a_second_run_replaces_the_first_whole(site, page, tmp_path):
    (tmp_path / "dist/assets/page-1a2b.js").unlink()
    pack(tmp_path / "dist", page)
    write_site(DEMO_BUNDLE, site)
    assert not (site / "assets/page-1a2b.js").exists()
    assert [place.name for place in tmp_path.iterdir() if place.name.startswith(".")] == []


@pytest.mark.parametrize("place", ["thesis.txt", "bundle/thesis.txt", "assets/thesis.txt"])
def test_somebody_s_file_is_not_overwritten(site, place):
    (site / place).write_text("mine")
    with pytest.raises(ExportError, match=rf"^--web .* holds {place}; .* nothing was touched"):
        write_site(DEMO_BUNDLE, site)
    assert (site / place).read_text() == "mine"


def test_somebody_s_folder_is_not_overwritten(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("my page")
    with pytest.raises(ExportError, match="holds something else"):
        write_site(DEMO_BUNDLE, tmp_path / "site")
    assert (tmp_path / "site/index.html").read_text() == "my page"


def test_an_empty_folder_is_taken_and_a_file_is_not(tmp_path):
    (tmp_path / "empty").mkdir()
    write_site(DEMO_BUNDLE, tmp_path / "empty")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="is no folder"):
        write_site(DEMO_BUNDLE, tmp_path / "file")


def test_the_current_folder_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError, match="current folder"):
        write_site(DEMO_BUNDLE, tmp_path)


def test_a_bundle_without_a_variant_for_browsers_is_refused(tmp_path):
    bundle = shutil.copytree(DEMO_BUNDLE, tmp_path / "bundle")
    document = json.loads((bundle / "manifest.json").read_text())
    document["artifacts"] = []
    (bundle / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ExportError, match="no variant is none; allowed: tflite or onnx"):
        write_site(bundle, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_which_variants_browsers_run():
    refused = []
    for variant in legal_variants(every=True):
        try:
            refuse_without_browser_variant([variant])
        except ExportError:
            refused.append(variant.name)
    shown = [name for name in refused if name.startswith(("tflite", "onnx"))]
    assert shown == ["tflite-int8-qio"]
    refuse_without_browser_variant([Variant.parse("tflite-int8-qio"), Variant.parse("tflite-int8")])


def test_other_formats_alone_are_a_usage_error(tmp_path):
    found = CliRunner().invoke(main, ["--format", "coreml", "--web", str(tmp_path / "site")])
    assert found.exit_code == 2
    assert "browsers run no coreml" in found.stderr


def test_what_no_browser_runs_is_refused_before_the_work(tmp_path):
    asked = ["--format", "tflite", "--precision", "int8", "--quantized-io", "--web", str(tmp_path / "site")]
    found = CliRunner().invoke(main, [*asked, "--out", str(tmp_path / "bundle")])
    assert found.exit_code == 1
    assert "tflite-int8-qio is none; allowed:" in found.stderr
    assert not (tmp_path / "bundle").exists()


def test_a_page_that_was_not_built_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(web_page, "built_folder", lambda: tmp_path / "nothing")
    found = CliRunner().invoke(main, ["--web", str(tmp_path / "site"), "--out", str(tmp_path / "bundle")])
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: the web page is not built")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.slow
def test_the_command_writes_both(tmp_path):
    found = CliRunner().invoke(main, ["--web", str(tmp_path / "site"), "--out", str(tmp_path / "bundle")])
    assert found.exit_code == 0, found.stderr
    assert f"For browsers: {tmp_path / 'site'}" in found.stderr
    assert open_bundle(tmp_path / "site/bundle").sha256 == open_bundle(tmp_path / "bundle").sha256
    assert [artifact.variant for artifact in open_bundle(tmp_path / "bundle").manifest.artifacts] == [
        "tflite-fp32"
    ]
    assert open_web_page(tmp_path / "site").files


def test_a_changed_page_is_no_page_of_ours(site, page):
    (site / "page.json").write_text("{}")
    with pytest.raises(FerEdgeError, match="something else"):
        write_site(DEMO_BUNDLE, site)
