"""Where a bundle grows: leftovers and places that cannot be written."""

import pytest

from fer_edge.export.staging import staging
from fer_edge.runtime.errors import ExportError


def test_leftovers_are_found_whatever_the_bundle_is_called(tmp_path):
    target = tmp_path / "take[1]*"
    dead = tmp_path / ".take[1]*.fer-edge-staging-0123456789abcdef"
    (dead / "work").mkdir(parents=True)
    of_another = tmp_path / ".take1.fer-edge-staging-0123456789abcdef"
    of_another.mkdir()
    with staging(target) as folder:
        assert folder.parent == tmp_path
        assert not dead.exists()
    assert sorted(tmp_path.iterdir()) == [of_another]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("hello")
    with (
        pytest.raises(ExportError, match=r"nothing can be written to .*name a folder"),
        staging(tmp_path / "file" / "bundle"),
    ):
        pass
    assert (tmp_path / "file").read_text() == "hello"
