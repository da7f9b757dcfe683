"""The scalar reference and the tiny artifacts are plain modules beside the tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def golden() -> Path:
    return Path(__file__).parents[1] / "golden" / "camera"
