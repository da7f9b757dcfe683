"""setup.cfg against the disk: what is listed is there, what is there is listed, and the links lead to it."""

import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMESPACE = (
    "android_demo",
    "benchmarks",
    "console",
    "export",
    "faces",
    "predict",
    "runtime",
    "stats",
    "train",
)


SCRIPTS = ROOT / "benchmarks" / "figures"
"""Run from the repository, never installed."""


def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser["options"]


def listed_map():
    lines = setup_cfg()["package_dir"].strip().splitlines()
    return dict(tuple(part.strip() for part in line.split("=")) for line in lines)


def packages_on_disk():
    found = {}
    for name in NAMESPACE:
        for marker in sorted((ROOT / name).rglob("__init__.py")):
            folder = marker.parent.relative_to(ROOT)
            found["fer_edge." + ".".join(folder.parts)] = folder.as_posix()
    return found


def test_every_package_on_disk_is_listed():
    assert listed_map() == packages_on_disk(), "update package_dir (and packages) in setup.cfg"


def test_both_lists_are_equal_and_sorted():
    packages = setup_cfg()["packages"].split()
    assert packages == sorted(listed_map())


def test_every_folder_with_code_is_a_package():
    """A module in a folder without __init__.py would run from the repository and be missing in the wheel."""
    tops = [ROOT / name for name in NAMESPACE if (ROOT / name / "__init__.py").exists()]
    folders = {module.parent for top in tops for module in top.rglob("*.py")} - {SCRIPTS}
    lacking = [
        folder.relative_to(ROOT).as_posix() for folder in folders if not (folder / "__init__.py").exists()
    ]
    assert sorted(lacking) == []


@pytest.mark.parametrize("name", NAMESPACE)
def test_links_lead_to_the_folders(name):
    link = ROOT / "src" / "fer_edge" / name
    assert link.is_symlink()
    assert link.readlink() == Path("../..") / name
    assert link.resolve() == (ROOT / name).resolve()


def test_the_namespace_has_no_code_of_its_own():
    assert {entry.name for entry in (ROOT / "src" / "fer_edge").iterdir()} - {"__pycache__"} == set(NAMESPACE)


def test_constraints_name_no_place():
    """Versions only: no host, no local path, no local version of one machine's build."""
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, equals, version = line.partition("==")
        assert equals, line
        assert name.replace("-", "").replace("_", "").replace(".", "").isalnum(), line
        assert version.replace(".", "").isalnum(), line
