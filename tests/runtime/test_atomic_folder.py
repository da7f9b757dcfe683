import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from fer_edge.runtime import BundleError, atomic_folder
from fer_edge.runtime.atomic_folder import clean, previous_path, publish, recover, staging_path, swap


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
    staging_path(target).mkdir()
    (staging_path(target) / "file").write_text("new")


def only(target):
    return [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.fixture(params=["swap", "two renames"])
def way(request, monkeypatch):
    if request.param == "two renames":
        monkeypatch.setattr(atomic_folder, "swap", cannot)
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
    assert staging_path(link) == staging_path(target)
    make_new(link)
    publish(link)
    assert link.is_symlink()
    assert (target / "file").read_text() == "new"


def test_swap_exchanges_in_one_step(target):
    make_new(target)
    if not swap(staging_path(target), target):
        pytest.skip("this file system cannot exchange two names")
    assert (target / "file").read_text() == "new"
    assert (staging_path(target) / "file").read_text() == "old"


def test_swap_with_nothing_is_an_error_and_changes_nothing(target):
    with pytest.raises(OSError, match="No such file"):
        swap(staging_path(target), target)
    assert (target / "file").read_text() == "old"


@pytest.mark.parametrize("step", range(3))
def test_a_run_killed_at_any_rename_loses_nothing(target, monkeypatch, step):
    """Steps: before the first rename, between the two, and before the old folder is removed."""
    monkeypatch.setattr(atomic_folder, "swap", cannot)
    make_new(target)
    kept_rename, kept_remove, count = type(target).rename, atomic_folder._remove, iter(range(9))

    def rename(path, other):
        if next(count) == step:
            raise Killed
        return kept_rename(path, other)

    def remove(folder):
        raise Killed

    monkeypatch.setattr(type(target), "rename", rename)
    monkeypatch.setattr(atomic_folder, "_remove", remove)
    with pytest.raises(Killed):
        publish(target)
    monkeypatch.setattr(type(target), "rename", kept_rename)
    monkeypatch.setattr(atomic_folder, "_remove", kept_remove)
    recover(target)
    assert (target / "file").read_text() == ("new" if step == 2 else "old")
    clean(target)
    assert only(target)


def test_a_rename_that_is_refused_leaves_the_old_one(target, monkeypatch):
    monkeypatch.setattr(atomic_folder, "swap", cannot)
    with pytest.raises(BundleError, match="cannot put the new bundle"):
        publish(target)  # there is no staging folder
    assert (target / "file").read_text() == "old"
    assert only(target)


def test_recover_leaves_a_whole_target_alone(target):
    previous_path(target).mkdir()
    recover(target)
    assert (target / "file").read_text() == "old"


def test_clean_removes_leftovers_of_any_kind(target, tmp_path):
    make_new(target)
    (tmp_path / "precious").mkdir()
    previous_path(target).symlink_to(tmp_path / "precious")
    clean(target)
    assert (tmp_path / "precious").is_dir()
    assert not staging_path(target).exists()
    assert not os.path.lexists(previous_path(target))


@pytest.fixture
def as_nobody():
    """A folder of a user whom permissions bind (the suite may run as root, whom they do not)."""
    folder = Path(tempfile.mkdtemp(prefix="fer-edge-exchange-"))
    if os.geteuid():
        yield folder
    else:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
        yield folder
        os.seteuid(0)
    subprocess.run(["chmod", "-R", "u+rwx", folder], check=True)
    shutil.rmtree(folder)


def test_a_write_protected_old_bundle_is_replaced_and_removed(as_nobody, way):
    target = as_nobody / "bundle"
    (target / "golden").mkdir(parents=True)
    (target / "golden" / "case").write_text("old")
    (target / "golden").chmod(0o555)
    target.chmod(0o555)
    make_new(target)
    assert publish(target) == []
    assert (target / "file").read_text() == "new"
    assert only(target)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that another user cannot remove")
def test_what_cannot_be_removed_is_named_and_stands_in_nobodys_way(as_nobody, way):
    target = as_nobody / "bundle"
    (target / "mine").mkdir(parents=True)
    os.seteuid(0)
    (target / "mine" / "file").write_text("root's")
    os.chown(target / "mine", 0, 0)
    os.seteuid(65534)
    for turn in range(2):
        clean(target)
        make_new(target)
        kept = publish(target)
        assert (target / "file").read_text() == "new"
        assert len(kept) == 1 - turn
    (left,) = clean(target)
    assert left.parent == as_nobody
    os.seteuid(0)
    os.chown(left / "mine", 65534, 65534)
    os.seteuid(65534)
    assert clean(target) == []
    assert only(target)
