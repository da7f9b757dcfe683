"""The documentation holds every sentence, and every sentence can be filled in."""

import string

import pytest

from fer_edge.bench.targets.errors import SENTENCES, DeviceError, last_line
from support.paths import ROOT

TEXT = (ROOT / "docs" / "devices.md").read_text()


def test_the_table_is_the_list():
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{kind}` | {sentence.replace('|', chr(92) + '|')} |" for kind, sentence in SENTENCES.items()
    ]


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_sentence_is_filled_in(kind):
    names = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[kind]) if name and name != "during"}
    said = str(DeviceError(kind, stage="run", **dict.fromkeys(names, 7)))
    assert "{" not in said
    assert said[0].islower() or said[0].isdigit() or said.startswith("--")
    assert ("during the run" in said) == ("{during}" in SENTENCES[kind])


def test_a_strangers_last_line_is_one_printable_line():
    assert last_line("a\n\x1b[31mred\n\n") == "\\x1b[31mred"
    assert last_line(" \n") == "it said nothing"
    assert len(last_line("x" * 999)) == 200
