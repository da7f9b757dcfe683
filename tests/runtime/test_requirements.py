"""What to install is what setup.cfg says, and it is asked for before the work."""

import configparser
import re
import sys

import pytest

from fer_edge.runtime import requirements
from fer_edge.runtime.errors import MissingExtra
from fer_edge.runtime.extras import need
from support.paths import ROOT


def stated(extra):
    """Requirements of an extra by reading setup.cfg line by line."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    found = []
    for line in parser["options.extras_require"][extra].split():
        if line.startswith("fer-edge["):
            for inner in line.removeprefix("fer-edge[").rstrip("]").split(","):
                found += stated(inner)
        else:
            found.append(line)
    return found


def unordered(requirement):
    """``a<5,>=4`` and ``a>=4,<5`` are the same."""
    return "".join(sorted(requirement.replace(",", "")))


@pytest.mark.parametrize("extra", ["stats", "predict", "bench", "train", "coreml"])
def test_the_requirements_are_those_of_setup_cfg(extra):
    found = requirements.requirements(extra)
    assert {unordered(text) for text in found.values()} == {unordered(text) for text in stated(extra)}


@pytest.mark.parametrize(
    "module", ["cv2", "PIL.Image", "skimage", "ai_edge_litert.interpreter", "scipy.stats"]
)
def test_every_module_has_its_distribution(module):
    names = [re.split(r"[<>=\[]", text)[0] for text in stated("all")]
    assert requirements.distribution_of(module) in names


def test_a_checkout_names_its_extra_and_an_installation_the_requirements(monkeypatch):
    assert requirements.install_command("scipy", "stats") == "pip install -e '.[stats]' in the checkout"
    monkeypatch.setattr(requirements, "is_checkout", lambda: False)
    assert requirements.install_command("scipy.stats", "stats") == "pip install 'scipy>=1.11'"
    assert requirements.install_command("PIL", "predict") == "pip install 'pillow>=10.3'"


def test_a_package_that_is_not_installed_at_all_still_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(requirements, "is_checkout", lambda: False)
    monkeypatch.setattr(requirements, "PACKAGE", "no-such-distribution-here")
    assert requirements.install_command("cv2", "predict") == "pip install opencv-python"


def test_need_finds_what_is_missing_without_importing_the_rest(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)  # what Python itself takes for "not installed"
    before = set(sys.modules)
    with pytest.raises(MissingExtra, match="scipy is not installed"):
        need("bench", "jinja2", "matplotlib", "scipy")
    assert set(sys.modules) - before <= {"fer_edge.runtime.requirements"}
    need("bench", "jinja2", "matplotlib")
