import pytest

from fer_edge.runtime import FerEdgeError
from fer_edge.runtime.atomic import write_bytes, write_text


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "file"
    write_bytes(path, b"one")
    write_bytes(str(path), b"two")
    assert path.read_bytes() == b"two"
    write_text(path, "drei\nvier\r\n\u00fc")
    assert path.read_bytes() == "drei\nvier\r\n\u00fc".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_mode_is_the_umasks(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_bytes(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == plain.stat().st_mode


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(FerEdgeError, match=r"cannot write .*file: No such file or directory"):
        write_bytes(tmp_path / "no" / "file", b"")


def test_a_target_that_is_a_folder_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FerEdgeError, match="cannot write"):
        write_bytes(tmp_path / "folder", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
