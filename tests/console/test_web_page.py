"""The built page as Python finds it: listed, compared with its hashes, or one sentence with the command that builds it."""

import json

import pytest

from fer_edge.console import web_page
from fer_edge.console.web_page import LIST, open_web_page, pack
from fer_edge.runtime.errors import FerEdgeError
from support.pages import write_built


@pytest.fixture
def page(tmp_path):
    pack(write_built(tmp_path / "dist"), tmp_path / "page")
    return tmp_path / "page"


def test_a_packed_page_lists_every_file(page):
    opened = open_web_page(page)
    assert list(opened.files) == ["assets/page-1a2b.js", "index.html", "litert/engine.wasm"]
    assert opened.files["index.html"].bytes == (page / "index.html").stat().st_size


def test_packing_again_replaces_and_gives_the_same_bytes(page, tmp_path):
    before = (page / LIST).read_bytes()
    (page / "left-over.js").write_text("old")
    pack(tmp_path / "dist", page)
    assert (page / LIST).read_bytes() == before
    assert not (page / "left-over.js").exists()


def test_a_copy_holds_the_same_files(page, tmp_path):
    (tmp_path / "copy").mkdir()
    open_web_page(page).copy(tmp_path / "copy")
    assert open_web_page(tmp_path / "copy").files == open_web_page(page).files


def test_the_policy_is_the_page_s_own(page):
    assert (
        open_web_page(page).content_security_policy
        == "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"
    )


def test_a_page_that_was_not_built_is_a_sentence_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(web_page, "built_folder", lambda: tmp_path / "nothing")
    with pytest.raises(FerEdgeError, match=r"^the web page is not built: .*: make web$"):
        open_web_page()


def test_a_missing_file_is_named(page):
    (page / "litert/engine.wasm").unlink()
    with pytest.raises(FerEdgeError, match=r"lacks litert/engine\.wasm; build it again: make web"):
        open_web_page(page)


def test_a_changed_file_is_not_copied(page, tmp_path):
    (page / "index.html").write_text("another")
    (tmp_path / "copy").mkdir()
    with pytest.raises(FerEdgeError, match=r"index\.html was changed after it was built"):
        open_web_page(page).copy(tmp_path / "copy")


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a//b", "C:/x"])
def test_a_list_that_leads_out_is_refused(page, path):
    document = json.loads((page / LIST).read_text())
    document["files"][path] = {"sha256": "0" * 64, "bytes": 1}
    (page / LIST).write_text(json.dumps(document))
    with pytest.raises(FerEdgeError, match=r"page\.json"):
        open_web_page(page)


def test_a_page_without_a_policy_is_refused(page, tmp_path):
    (tmp_path / "dist/index.html").write_text("<!doctype html>")
    pack(tmp_path / "dist", page)
    with pytest.raises(FerEdgeError, match="no Content-Security-Policy"):
        _ = open_web_page(page).content_security_policy
