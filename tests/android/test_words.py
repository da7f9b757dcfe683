"""Kotlin's words are those of the Python description."""

import re
import runpy

import pytest

from fer_edge.runtime.contract import DTYPES, LAYOUTS, OUTPUT_KINDS
from fer_edge.runtime.formats import INTERFACES
from support.paths import ROOT

GENERATED = runpy.run_path(str(ROOT / "android_demo/generate_words.py"))


def test_the_generated_words_are_up_to_date():
    assert GENERATED["WORDS"].read_text() == GENERATED["words"](), (
        "run: python android_demo/generate_words.py"
    )


@pytest.mark.parametrize(
    ("enum", "expected"),
    [("Layout", LAYOUTS), ("ElementType", DTYPES), ("Interface", INTERFACES), ("OutputKind", OUTPUT_KINDS)],
)
def test_kotlin_has_a_constant_for_each_word_of_the_contract(enum, expected):
    text = (GENERATED["CORE"] / "Contract.kt").read_text()
    body = text.partition(f"enum class {enum}")[2].partition("\n}")[0]
    found = re.findall(r"^    ([A-Z][A-Z0-9]+)(?:\(.*\))?,$", body, re.MULTILINE)
    assert sorted(found) == sorted(word.upper() for word in expected)
