"""The documentation site: it builds without a warning, knows every public name, and asks no other place for anything."""

import re
import shutil
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from fer_edge import runtime
from support.paths import ROOT
from support.processes import environment, python


def build(folder, site):
    """A strict build: warnings are its failure."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install '.[docs]'")
    words = ("-m", "mkdocs", "build", "--strict", "--site-dir", site)
    return python(*words, cwd=folder, env=environment(NO_MKDOCS_2_WARNING="1"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "built"
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {page.relative_to(site).as_posix(): page.read_text("utf-8") for page in site.rglob("*.html")}


class Fetched(HTMLParser):
    """What a browser fetches by itself for a page."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in {"script", "img", "iframe", "source", "video"}:
            self.addresses.append(given.get("src"))
        if tag == "link" and given.get("rel") != "canonical":
            self.addresses.append(given.get("href"))


def test_nothing_comes_from_another_place(pages):
    for name, text in pages.items():
        fetched = Fetched()
        fetched.feed(text)
        outside = [
            found for found in fetched.addresses if found and (urlsplit(found).scheme or found[:2] == "//")
        ]
        assert outside == [], name


def test_no_style_sheet_fetches_from_another_place(site):
    for sheet in site.rglob("*.css"):
        assert re.findall(r"url\(['\"]?(?:https?:)?//[^)]*|@import[^;]*", sheet.read_text("utf-8")) == []


def test_the_python_page_has_every_public_name(pages):
    anchors = set(re.findall(r'id="fer_edge\.runtime\.([A-Za-z]+)"', pages["api/index.html"]))
    assert anchors >= set(runtime.__all__)


def test_every_page_is_in_the_navigation(pages):
    """A strict build says so too; this names the pages that a reader of the first one can reach."""
    reached = set(re.findall(r'<a href="([\w/-]*)" class="md-nav__link', pages["index.html"]))
    written = {name.removesuffix("index.html") for name in pages if not name.startswith(("files/", "404"))}
    assert written - reached - {""} == set()


def test_no_role_of_another_tool_is_left(pages):
    assert re.findall(r":(?:func|meth|class|mod):", pages["api/index.html"]) == []


def test_links_to_other_places_are_listed(site):
    listed = (site / "external-links.txt").read_text("utf-8").splitlines()
    assert any(line.startswith("https://semver.org") and line.endswith("CHANGELOG.md") for line in listed)


@pytest.fixture
def copy(tmp_path):
    """The checkout with documentation that a test may spoil."""
    root = tmp_path / "checkout"
    root.mkdir()
    for entry in ROOT.iterdir():
        if entry.name in {"README.md", "mkdocs.yml"}:
            shutil.copy2(entry, root / entry.name)
        elif entry.name not in {"docs", "build"}:
            (root / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "docs", root / "docs")
    return root


DEAD = {
    "docs/bench.md": ["[x](no-such-page.md)", "[x](training.md#no-such-part)"],
    "docs/lonely.md": ["# In no part of the navigation"],
    "README.md": ["[x](src/no_such_file.py)", "![x](docs/images/none.png)", "A paragraph\n- no list"],
}
"""Page -> lines, each of which a strict build refuses."""


def test_dead_links_and_pages_out_of_reach_fail_the_build(copy, tmp_path):
    for page, lines in DEAD.items():
        with (copy / page).open("a", encoding="utf-8") as file:
            file.write("\n\n".join(["", *lines, ""]))
    done = build(copy, tmp_path / "site")
    assert done.returncode == 1
    for named in (
        "no-such-page.md",
        "no-such-part",
        "lonely.md",
        "src/no_such_file.py",
        "docs/images/none.png",
    ):
        assert named in done.stderr
