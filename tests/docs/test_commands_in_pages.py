"""Command lines in the documentation: each is one that its command understands."""

import re
import shlex

import click
import pytest

from fer_edge.bench.commands.bench import main as fer_bench
from fer_edge.console.output import Output
from fer_edge.export.cli import main as fer_export
from fer_edge.export.verify.cli import main as fer_verify
from fer_edge.predict.cli import main as fer_predict
from fer_edge.train.cli import main as fer_train
from support.paths import ROOT

COMMANDS = {
    "fer-bench": fer_bench,
    "fer-export": fer_export,
    "fer-predict": fer_predict,
    "fer-train": fer_train,
    "fer-verify": fer_verify,
}
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "examples/*", "*_demo/**/README.md", "docs/ci/*.yml", "Makefile")
    for path in ROOT.glob(pattern)
    if path.is_file() and path.name != "CHANGELOG.md" and "node_modules" not in path.parts
)
SEPARATORS = {"&&", "||", "|", ";", "\\"}
REDIRECTIONS = {">", "<", ">>"}


def commands_in(text):
    """Words of each command line that begins a line, a YAML step, or what follows ``&&`` and ``|``."""
    text = re.sub(r"\\\n\s*", " ", text)
    for line in re.findall(
        r"^[ \t'@]*(?:- run: |run: |python \S+\.py .*\| )?(fer-[a-z]+ .*|.*[|&] fer-[a-z]+ .*)$",
        text,
        re.MULTILINE,
    ):
        yield from split(line)


def split(line):
    reader = shlex.shlex(line.replace("$(BIN)/", "").rstrip(" '\\"), posix=True, punctuation_chars="|&;<>")
    reader.whitespace_split = True
    words = list(reader)
    while words:
        end = next((at for at, word in enumerate(words) if word in SEPARATORS), len(words))
        command, words = words[:end], words[end + 1 :]
        redirected = next((at for at, word in enumerate(command) if word in REDIRECTIONS), len(command))
        if command and command[0] in COMMANDS and "..." not in command:
            yield command[:redirected]


def found_in_pages():
    for page in PAGES:
        text = page.read_text("utf-8")
        blocks = re.findall(r"^ *```\w*\n(.*?)^ *```|((?:^ {4,}.*\n)+)", text, re.MULTILINE | re.DOTALL)
        code = "\n".join("\n".join(block) for block in blocks) if page.suffix == ".md" else text
        for words in commands_in(code):
            yield pytest.param(words, id=f"{page.relative_to(ROOT)}: {' '.join(words)[:60]}")


def understood(words):
    try:
        COMMANDS[words[0]].make_context(words[0], words[1:], obj=Output())
    except click.exceptions.Exit:
        return  # --help, --version


@pytest.mark.parametrize("words", list(found_in_pages()))
def test_a_command_of_a_page_is_understood(words):
    understood(words)


def test_there_are_pages_of_all_commands():
    found = [param.values[0][0] for param in found_in_pages()]
    assert set(found) == set(COMMANDS)
    assert len(found) > 45


@pytest.mark.parametrize(
    "line", ["fer-export --formt tflite", "fer-predict a.jpg --variant tflite-fp31", "fer-bench compare a"]
)
def test_a_wrong_one_is_not_understood(line):
    with pytest.raises(click.UsageError):
        understood(line.split())


def test_lines_are_read_as_a_shell_reads_them():
    text = "fer-predict - --json < a.jpg > b.json   # a comment\ncurl -s x | fer-predict - \\\n   --json\n- run: fer-verify b && fer-bench"
    assert list(commands_in(text)) == [
        ["fer-predict", "-", "--json"], ["fer-predict", "-", "--json"], ["fer-verify", "b"], ["fer-bench"],
    ]  # fmt: skip
