"""The scalar reference and the tiny artifacts are plain modules beside the tests."""

from pathlib import Path

import pytest

from support.paths import GOLDEN


@pytest.fixture(scope="session")
def golden() -> Path:
    return GOLDEN / "camera"
