"""Every module imported by itself, and every command's ``--help``, each with nothing of ours imported before."""

import ast
import importlib

import pytest

from support.paths import SOURCES
from support.processes import environment, python

COMMANDS = (
    "fer_edge.train.cli",
    "fer_edge.export.cli",
    "fer_edge.export.verify.cli",
    "fer_edge.predict.cli",
    "fer_edge.bench.commands.bench",
)
# Other people's libraries once, ours in a fork each: as new as a process of its own, in a hundredth of the time.
FORKS = """
import gc, os, sys, traceback
import numpy, torch, lightning.pytorch, torchmetrics.classification, torchvision.transforms.v2, click
gc.freeze()  # a collector that looked at all of it in each fork would copy it there
for name in sys.argv[1:]:
    assert not any(each == "fer_edge" or each.startswith("fer_edge.") for each in sys.modules)
    child = os.fork()
    if not child:
        try:
            __import__(name)
        except BaseException:
            print(f"{name}: {traceback.format_exc(limit=-1)}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
print("all tried")
"""


def modules():
    for path in sorted((SOURCES / "fer_edge").rglob("*.py")):
        name = path.relative_to(SOURCES).with_suffix("").as_posix().replace("/", ".")
        yield name.removesuffix(".__init__")


@pytest.mark.slow
def test_every_module_can_be_the_first_import():
    names = list(modules())
    assert "fer_edge.runtime" in names
    done = python("-c", FORKS, *names, check=True)
    assert done.stdout == "all tried\n"


def subcommands():
    """(module of the command, words before ``--help``), read from the commands' own tables."""
    for module in COMMANDS:
        yield module, ()
        main = importlib.import_module(module).main
        for name in main.subcommands:
            yield module, (name,)


@pytest.mark.parametrize(("module", "words"), list(subcommands()), ids=str)
def test_every_help_in_a_process_of_its_own(module, words):
    done = python("-m", module, *words, "--help", env=environment(COLUMNS=100))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")
    assert "Example:" in done.stdout


@pytest.mark.parametrize(("module", "words"), list(subcommands()), ids=str)
def test_every_version_names_the_whole_command(module, words):
    done = python("-m", module, *words, "--version")
    name = importlib.import_module(module).main.name
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:-1] == [name, *words]


def test_no_data_set_imports_a_recipe():
    """Recipes import data sets; the reverse is a circle that only some first imports survive."""
    for path in (SOURCES / "fer_edge/train/datasets").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("fer_edge.train.recipes"), path
