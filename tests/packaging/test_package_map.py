"""The layout: what is importable lies below src/fer_edge, and the links at the top lead there."""

import re
from pathlib import Path

import pytest

import fer_edge
from support.paths import ROOT, SOURCES

PACKAGE = SOURCES / "fer_edge"
ROOMS = (
    "bench", "console", "export", "faces", "predict", "runtime", "stats", "synthetic", "train",
    "web_page",
)  # fmt: skip


def test_the_package_holds_the_rooms_of_the_design():
    assert {entry.name for entry in PACKAGE.iterdir()} - {"__pycache__"} == {"__init__.py", *ROOMS}


def test_every_folder_with_code_is_a_package():
    """A module in a folder without __init__.py would run from the repository and be missing in the wheel."""
    folders = {module.parent for module in PACKAGE.rglob("*.py")}
    lacking = [
        folder.relative_to(ROOT).as_posix() for folder in folders if not (folder / "__init__.py").exists()
    ]
    assert sorted(lacking) == []


@pytest.mark.parametrize("name", ["export", "runtime", "train"])
def test_links_at_the_top_lead_to_the_rooms(name):
    link = ROOT / name
    assert link.is_symlink()
    assert link.readlink() == Path("src/fer_edge") / name


def test_the_version_is_the_only_one():
    assert fer_edge.__version__ == "0.1.0"
    assert "version = attr: fer_edge.__version__" in (ROOT / "setup.cfg").read_text(encoding="utf-8")


def test_constraints_name_no_place():
    """Versions only: no host, no local path, no local version of one machine's build."""
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, equals, version = line.partition("==")
        assert equals, line
        assert name.replace("-", "").replace("_", "").replace(".", "").isalnum(), line
        assert version.replace(".", "").isalnum(), line


def test_paths_that_the_documentation_names_exist():
    """Those with a folder and an ending; placeholders are written <name>."""
    dead = []
    for page in (ROOT / "CONTRIBUTING.md", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        quoted = " ".join(re.findall(r"`([^`]+)`", text))
        for path in re.findall(r"(?<![\w./<-])[a-z_]+/[\w/.-]+\.(?:py|cfg|toml|md|css)(?![\w<])", quoted):
            if not any((place / path).exists() for place in (ROOT, PACKAGE)):
                dead.append(f"{page.name}: {path}")
    assert dead == []
