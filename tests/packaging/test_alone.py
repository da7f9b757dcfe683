"""Every module imported, and every command's ``--help`` with nothing of ours imported before."""

import ast
import importlib
import json

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
EACH = """
import sys, traceback
for name in sys.argv[1:]:
    try:
        __import__(name)
    except BaseException:
        print(f"{name}: {traceback.format_exc(limit=-1)}", flush=True)
print("all tried")
"""


def modules():
    for path in sorted((SOURCES / "fer_edge").rglob("*.py")):
        name = path.relative_to(SOURCES).with_suffix("").as_posix().replace("/", ".")
        yield name.removesuffix(".__init__")


@pytest.mark.slow
def test_every_module_can_be_imported():
    """That each may be the first one follows from ``test_circles``: none leads to a module that has only begun."""
    names = list(modules())
    assert "fer_edge.runtime" in names
    done = python("-c", EACH, *names, check=True)
    assert done.stdout == "all tried\n"


def subcommands():
    """(module of the command, words before ``--help``), read from the commands' own tables."""
    for module in COMMANDS:
        yield module, ()
        main = importlib.import_module(module).main
        for name in main.subcommands:
            yield module, (name,)


# Other people's libraries once, ours in a fork each: as new as a process of its own, in a tenth of the time.
FORKS = """
import json, os, runpy, sys
import click, numpy, rich.console, rich.markup, rich.table
for number, (module, *words) in enumerate(json.loads(sys.argv[1])):
    assert not any(each == "fer_edge" or each.startswith("fer_edge.") for each in sys.modules)
    child = os.fork()
    if not child:
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{number}.{name}", os.O_WRONLY | os.O_CREAT), stream)
        sys.argv, code = [module, *words], 70
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code or 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status))
"""
ASKED = [(module, *words, option) for module, words in subcommands() for option in ("--help", "--version")]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """(exit code, standard output, standard error) of each command line, nothing of ours imported before."""
    folder = tmp_path_factory.mktemp("asked")
    done = python("-P", "-c", FORKS, json.dumps(ASKED), cwd=folder, env=environment(COLUMNS=100), check=True)
    codes = map(int, done.stdout.split())
    texts = (
        [(folder / f"{at}.{end}").read_text("utf-8") for end in ("out", "err")] for at in range(len(ASKED))
    )
    return {words: (code, *text) for words, code, text in zip(ASKED, codes, texts, strict=True)}


@pytest.mark.parametrize(("module", "words"), list(subcommands()), ids=str)
def test_every_help_in_a_process_of_its_own(answers, module, words):
    code, text, complaint = answers[module, *words, "--help"]
    assert (code, complaint) == (0, "")
    assert text.startswith("Usage: ")
    assert "Example:" in text


@pytest.mark.parametrize(("module", "words"), list(subcommands()), ids=str)
def test_every_version_names_the_whole_command(answers, module, words):
    code, text, complaint = answers[module, *words, "--version"]
    name = importlib.import_module(module).main.name
    assert (code, complaint) == (0, "")
    assert text.split()[:-1] == [name, *words]


def test_no_data_set_imports_a_recipe():
    """Recipes import data sets; the reverse is a circle that only some first imports survive."""
    for path in (SOURCES / "fer_edge/train/datasets").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("fer_edge.train.recipes"), path
