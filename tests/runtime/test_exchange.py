import os

import pytest

from fer_edge.runtime import BundleError
from fer_edge.runtime import exchange as exchange_module
from fer_edge.runtime.exchange import clean, previous, publish, recover, staging, swap


class Killed(BaseException):
    """Stands for a process that ends here: no handler of ours runs after it."""


def cannot(*_names):
    """A system without an exchange of names."""
    return False


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "file").write_text("old")
    return folder


def make_new(target):
    staging(target).mkdir()
    (staging(target) / "file").write_text("new")


def only(target):
    return [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.fixture(params=["swap", "two renames"])
def way(request, monkeypatch):
    if request.param == "two renames":
        monkeypatch.setattr(exchange_module, "swap", cannot)
    return request.param


def test_publish_replaces_and_leaves_nothing(target, way):
    make_new(target)
    publish(target)
    assert (target / "file").read_text() == "new"
    assert only(target)


def test_publish_where_nothing_was(tmp_path, way):
    target = tmp_path / "bundle"
    make_new(target)
    publish(target)
    assert (target / "file").read_text() == "new"
    assert only(target)


def test_publish_into_the_folder_that_a_link_names(target, tmp_path, way):
    link = tmp_path / "elsewhere" / "link"
    link.parent.mkdir()
    link.symlink_to(target)
    assert staging(link) == staging(target)
    make_new(link)
    publish(link)
    assert link.is_symlink()
    assert (target / "file").read_text() == "new"


def test_swap_exchanges_in_one_step(target):
    make_new(target)
    if not swap(staging(target), target):
        pytest.skip("this file system cannot exchange two names")
    assert (target / "file").read_text() == "new"
    assert (staging(target) / "file").read_text() == "old"


def test_swap_with_nothing_is_an_error_and_changes_nothing(target):
    with pytest.raises(OSError, match="No such file"):
        swap(staging(target), target)
    assert (target / "file").read_text() == "old"


@pytest.mark.parametrize("step", range(3))
def test_a_run_killed_at_any_rename_loses_nothing(target, monkeypatch, step):
    """Steps: before the first rename, between the two, and before the old folder is removed."""
    monkeypatch.setattr(exchange_module, "swap", cannot)
    make_new(target)
    kept_rename, kept_remove, count = type(target).rename, exchange_module._remove, iter(range(9))

    def rename(path, other):
        if next(count) == step:
            raise Killed
        return kept_rename(path, other)

    def remove(folder):
        raise Killed

    monkeypatch.setattr(type(target), "rename", rename)
    monkeypatch.setattr(exchange_module, "_remove", remove)
    with pytest.raises(Killed):
        publish(target)
    monkeypatch.setattr(type(target), "rename", kept_rename)
    monkeypatch.setattr(exchange_module, "_remove", kept_remove)
    recover(target)
    assert (target / "file").read_text() == ("new" if step == 2 else "old")
    clean(target)
    assert only(target)


def test_a_rename_that_is_refused_leaves_the_old_one(target, monkeypatch):
    monkeypatch.setattr(exchange_module, "swap", cannot)
    with pytest.raises(BundleError, match="cannot put the new bundle"):
        publish(target)  # there is no staging folder
    assert (target / "file").read_text() == "old"
    assert only(target)


def test_recover_leaves_a_whole_target_alone(target):
    previous(target).mkdir()
    recover(target)
    assert (target / "file").read_text() == "old"


def test_clean_removes_leftovers_of_any_kind(target, tmp_path):
    make_new(target)
    (tmp_path / "precious").mkdir()
    previous(target).symlink_to(tmp_path / "precious")
    clean(target)
    assert (tmp_path / "precious").is_dir()
    assert not staging(target).exists()
    assert not os.path.lexists(previous(target))
