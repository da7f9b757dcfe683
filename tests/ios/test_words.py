"""Swift's words are those of the Python description."""

import re
import runpy

import pytest

from fer_edge.runtime.contract import DTYPES, LAYOUTS, OUTPUT_KINDS
from fer_edge.runtime.formats import INTERFACES
from fer_edge.runtime.golden import ERROR_WORDS
from fer_edge.runtime.verification import VERDICTS
from support.paths import ROOT

GENERATED = runpy.run_path(str(ROOT / "ios_demo/generate_words.py"))
CORE = GENERATED["CORE"]


def test_the_generated_words_are_up_to_date():
    assert GENERATED["WORDS"].read_text() == GENERATED["words"](), "run: python ios_demo/generate_words.py"


def words_of(enumeration, file):
    body = (CORE / file).read_text().partition(f"enum {enumeration}:")[2].partition("\n}")[0]
    cases = re.findall(r'^    case (\w+)(?: = "(.*)")?$', body, re.MULTILINE)
    return sorted(word or name for name, word in cases)


@pytest.mark.parametrize(
    ("enumeration", "file", "expected"),
    [
        ("Layout", "Bundle/Contract.swift", LAYOUTS),
        ("ElementType", "Bundle/Contract.swift", DTYPES),
        ("Interface", "Bundle/Contract.swift", INTERFACES),
        ("OutputKind", "Bundle/Contract.swift", OUTPUT_KINDS),
        ("Verdict", "Bundle/Manifest.swift", VERDICTS),
        ("FramePart", "FerEdgeError.swift", (*ERROR_WORDS, "bgra", "format")),
    ],
)
def test_swift_has_a_case_for_each_word_of_the_documents(enumeration, file, expected):
    assert words_of(enumeration, file) == sorted(expected)


def test_swift_refuses_with_the_codes_of_typescript():
    errors = (ROOT / "web_demo/core/src/errors.ts").read_text()
    for fault in ("DocumentFault", "BundleFault"):
        union = errors.partition(f"type {fault} =")[2].partition(";")[0]
        assert words_of(fault, "FerEdgeError.swift") == sorted(re.findall(r'"(.*?)"', union))
