"""Cameras: words, sentences, and a made device in place of a real one."""

import itertools
import threading

import numpy as np
import pytest

from fer_edge.predict.sources import cameras
from fer_edge.predict.sources.cameras import CAMERAS, Camera, list_cameras, open_camera
from fer_edge.predict.sources.source import SourceOptions
from fer_edge.runtime.errors import PictureError


class Device:
    """Gives blue pictures whose first pixel counts; each waits until it is allowed to come."""

    def __init__(self, count):
        self.allowed = threading.Semaphore(0)
        self.count, self.given, self.released = count, 0, False

    def read(self):
        self.allowed.acquire()
        if self.given == self.count:
            return False, None
        picture = np.zeros((4, 6, 3), np.uint8)
        picture[:, :, 0] = 200
        picture[0, 0] = self.given
        self.given += 1
        return True, picture

    def release(self):
        self.released = True


@pytest.mark.parametrize("word", ["camera:0", "0", "12", "camera", "webcam", "Camera:3", "/dev/video2"])
def test_words_of_cameras(word):
    assert CAMERAS.recognizes(word, "absent")
    assert not CAMERAS.recognizes(word, "file")
    assert not CAMERAS.recognizes(word, "folder")


@pytest.mark.parametrize("word", ["camera:x", "1234", "camera0x", ":", "", "/dev/video", "cameras", "-1"])
def test_words_of_none(word):
    assert not CAMERAS.recognizes(word, "absent")


def test_pictures_are_numbered_timed_and_in_red_green_blue():
    device, times = Device(3), iter([100.0, 100.25, 101.0])
    source = Camera("camera:0", device, clock=lambda: next(times))
    found = []
    device.allowed.release()
    for picture in source:
        found.append(picture)
        device.allowed.release()
    assert [picture.frame for picture in found] == [0, 1, 2]
    assert [picture.time_seconds for picture in found] == [0.0, 0.25, 1.0]
    assert found[0].pixels[3, 3].tolist() == [0, 0, 200]
    assert device.released
    assert source.is_live


def test_what_came_meanwhile_is_passed_over():
    """Five pictures come while the first one is looked at: the next one is the fifth of them."""
    device = Device(6)
    frames = iter(Camera("camera:0", device, clock=lambda: float(device.given)))
    device.allowed.release()
    assert next(frames).frame == 0
    for _ in range(6):
        device.allowed.release()
    while device.given < 6:
        pass
    seen = [picture.frame for picture in frames]
    assert seen[-1] == 5
    assert len(seen) < 5


def test_one_picture_in_each_span():
    device, times = Device(5), iter([0.0, 0.4, 0.9, 1.1, 2.5])
    found = []
    device.allowed.release()
    source = Camera("0", device, every_nanos=10**9, clock=lambda: next(times))
    taken = iter(source)
    reader = threading.Thread(target=lambda: found.extend(picture.time_seconds for picture in taken))
    reader.start()
    while reader.is_alive():
        device.allowed.release()
        reader.join(0.02)
    assert found[0] == 0.0
    assert all(later - sooner >= 0.5 for sooner, later in itertools.pairwise(found))


def test_a_camera_that_gives_nothing_is_a_sentence(monkeypatch):
    monkeypatch.setattr(cameras, "_PATIENCE_SECONDS", 0.05)
    device = Device(1)
    with pytest.raises(PictureError, match="camera:0 gave no picture for") as caught:
        list(Camera("camera:0", device))
    assert caught.value.code == "camera"
    assert device.released
    device.allowed.release()


def devices(folder, **names):
    for number, (name, index) in names.items():
        (folder / number).mkdir()
        (folder / number / "name").write_text(f"{name}\n")
        (folder / number / "index").write_text(f"{index}\n")


@pytest.fixture
def linux(tmp_path, monkeypatch):
    monkeypatch.setattr(cameras.sys, "platform", "linux")
    monkeypatch.setattr(cameras, "_SYSTEM", tmp_path)
    return tmp_path


def test_a_camera_that_is_not_there_names_those_that_are(linux):
    devices(
        linux, video0=("Integrated Camera", 0), video1=("Integrated Camera", 1), video10=("USB \x1b[31m", 0)
    )
    assert list_cameras() == {0: "Integrated Camera", 10: "USB \\x1b[31m"}
    with pytest.raises(PictureError) as caught:
        open_camera(7)
    assert str(caught.value) == (
        "camera:7 is not there; there are: camera:0 (Integrated Camera), camera:10 (USB \\x1b[31m)"
    )


def test_a_machine_without_cameras_says_so(linux):
    with pytest.raises(PictureError, match="camera:0 is not there; this machine has no camera"):
        CAMERAS.open("0", SourceOptions())


def test_a_camera_that_cannot_be_opened_is_a_sentence(linux):
    devices(linux, video99=("Somebody's", 0))
    with pytest.raises(
        PictureError, match=r"camera:99 \(Somebody's\) cannot be opened: another program uses it"
    ):
        open_camera(99)
