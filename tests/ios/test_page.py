"""The Swift on the pages is Swift that `make swift` compiles."""

import re
import textwrap

import pytest

from support.paths import ROOT

SOURCES = sorted((ROOT / "ios_demo").glob("*/**/*.swift"))
FENCE = re.compile(r"^```swift\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def compiled():
    """Lines of all files, without indentation, and of what the sources show as an example."""
    for file in SOURCES:
        yield "\n".join(line.strip().removeprefix("/// ").strip() for line in file.read_text().splitlines())


@pytest.mark.parametrize("page", ["ios.md", "cross-platform.md"])
def test_code_on_the_page_is_code_of_the_package(page):
    fences = FENCE.findall((ROOT / "docs" / page).read_text())
    assert fences
    texts = list(compiled())
    for fence in fences:
        lines = "\n".join(line.strip().removeprefix("/// ") for line in textwrap.dedent(fence).splitlines())
        assert any(lines in text for text in texts), fence
