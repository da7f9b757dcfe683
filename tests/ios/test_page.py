"""The code on the pages is that of files, which are compiled where there is a compiler for them."""

import re

import pytest

from support.paths import ROOT

FENCE = re.compile(r"^```(swift|kotlin|dart|typescript|objc)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOLDERS = ("ios_demo/Sources", "ios_demo/Tests", "examples/cross_platform")


def stripped(text):
    """Without indentation and the marks of comments, in which the sources show how they are called."""
    return "\n".join(line.strip().removeprefix("///").strip() for line in text.splitlines())


@pytest.mark.parametrize("page", ["ios.md", "cross-platform.md"])
def test_code_on_the_page_is_code_of_a_file(page):
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.*")) if file.is_file()]
    texts = [stripped(file.read_text()) for file in files]
    fences = FENCE.findall((ROOT / "docs" / page).read_text())
    assert fences
    for _, fence in fences:
        assert any(stripped(fence) in text for text in texts), fence
