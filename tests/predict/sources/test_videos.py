"""Videos: their frames, times and rotation, and what is wrong with them; each decoded in a process of its own."""

import os
import sys

import numpy as np
import pytest

from fer_edge.predict.sources.source import SourceOptions
from fer_edge.predict.sources.video_decoder import Decoder
from fer_edge.predict.sources.videos import FEW, VIDEOS, parse_span
from fer_edge.runtime.errors import FerEdgeError, PictureError
from support.made_videos import find, gray_video, stretch, turn


def pictures(path, every_nanos=0):
    return list(VIDEOS.open(str(path), SourceOptions(every_nanos=every_nanos)))


def failure(picture):
    with pytest.raises(PictureError) as caught:
        picture.fetch()
    return caught.value


@pytest.fixture
def video(tmp_path):
    """Two seconds, ever brighter."""
    return gray_video(tmp_path / "film.mp4", range(20, 220, 10))


@pytest.mark.parametrize(
    ("name", "code"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "FFV1"), ("a.webm", "VP80")]
)
def test_every_frame_comes_with_its_number_and_time(tmp_path, name, code):
    found = pictures(gray_video(tmp_path / name, range(20, 220, 10), code=code))
    assert [picture.frame for picture in found] == list(range(20))
    assert [picture.time_seconds for picture in found] == pytest.approx(
        [turn / 10 for turn in range(20)], abs=0.002
    )
    assert {(picture.file_name, picture.source) for picture in found} == {(name, str(tmp_path / name))}
    brightness = [int(picture.pixels[30, 40, 1]) for picture in found]
    assert brightness == pytest.approx(list(range(20, 220, 10)), abs=6)
    assert found[0].pixels.shape == (48, 64, 3)
    assert found[0].pixels.dtype == np.uint8


def test_pixels_are_red_green_blue(tmp_path):
    import cv2

    writer = cv2.VideoWriter(
        str(tmp_path / "red.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"FFV1"), 10, (64, 48)
    )
    writer.write(np.full((48, 64, 3), (0, 0, 250), np.uint8))  # OpenCV's order
    writer.release()
    (picture,) = pictures(tmp_path / "red.avi")
    assert picture.pixels[20, 20] == pytest.approx((250, 0, 0), abs=4)


def test_one_frame_in_each_span(video):
    found = pictures(video, 500_000_000)
    assert [picture.frame for picture in found] == [0, 5, 10, 15]
    assert [picture.time_seconds for picture in found] == pytest.approx([0, 0.5, 1, 1.5])


@pytest.mark.parametrize(("degrees", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_a_phones_rotation_is_respected(video, degrees, corner):
    """The white corner of the top left goes to the top right, bottom right, bottom left."""
    turn(video, degrees)
    picture = pictures(video)[0]
    assert picture.pixels.shape == ((48, 64, 3) if degrees == 180 else (64, 48, 3))
    assert int(picture.pixels[corner][0]) > 200
    others = [(0, 0), (0, -1), (-1, -1), (-1, 0)]
    assert [int(picture.pixels[place][0]) > 200 for place in others] == [place == corner for place in others]


def test_uneven_frames_have_their_own_times(tmp_path):
    """mp4v at 10 a second counts 10240 ticks a second: frames of 0.1 s and of 0.4 s."""
    path = gray_video(tmp_path / "film.mp4", range(20, 100, 10))
    stretch(path, [1024, 1024, 4096, 1024, 1024, 4096, 1024, 1024])
    times = [picture.time_seconds for picture in pictures(path)]
    assert times == pytest.approx([0, 0.1, 0.2, 0.6, 0.7, 0.8, 1.2, 1.3], abs=0.002)


def test_the_number_of_frames_is_known_before(video):
    options = SourceOptions()
    source = VIDEOS.open(str(video), options)
    assert source.total == 20
    assert len(list(source)) == 20
    assert VIDEOS.open(str(video), SourceOptions(every_nanos=500_000_000)).total == 4
    many = [VIDEOS.open(str(video), options) for _ in range(FEW)]
    assert many[-1].total is None


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty", "is empty; allowed: MP4"),
        (b"hello", "unknown-format", "is no video; allowed: MP4"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "unknown-format", "is no video"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "unknown-format", "is no video"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "broken", "it cannot be opened"),
        (b"\x1aE\xdf\xa3" + bytes(500), "broken", "it cannot be opened"),
    ],
    ids=["empty", "text", "playlist", "list-of-files", "head-of-mp4", "zeros-as-mkv"],
)
def test_what_is_no_video_is_one_failure(tmp_path, content, code, words):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    (picture,) = pictures(path)
    error = failure(picture)
    assert error.code == code
    assert words in str(error)
    assert str(path) in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_video_that_ends_early_gives_its_frames_and_then_says_so(tmp_path, share):
    whole = gray_video(tmp_path / "film.avi", range(20, 220, 4), code="MJPG").read_bytes()
    (tmp_path / "film.avi").write_bytes(whole[: int(share * len(whole))])
    *frames, last = pictures(tmp_path / "film.avi")
    assert 10 <= len(frames) < 50
    assert all(frame.pixels is not None for frame in frames)
    error = failure(last)
    assert error.code == "truncated"
    assert " s of 5.0 s" in str(error)


def test_faults_in_the_middle_are_told(tmp_path):
    path = gray_video(tmp_path / "film.mp4", [turn * 83 % 255 for turn in range(40)])
    data = bytearray(path.read_bytes())
    start, end = find(data, b"mdat")
    for at in range(start + 200, end, 211):
        data[at] ^= 0xFF
    path.write_bytes(data)
    *frames, last = pictures(path)
    assert frames
    assert failure(last).code in {"broken", "truncated"}
    assert "is damaged" in str(failure(last))
    assert "FFmpeg: " in str(failure(last))


def test_too_large_frames_are_refused_before_they_are_decoded(tmp_path):
    """A Y4M header is all there is of it: 1.6 gigapixels."""
    path = tmp_path / "film.y4m"
    path.write_bytes(b"YUV4MPEG2 W40000 H40000 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(100))
    (picture,) = pictures(path)
    assert failure(picture).code in {"too-large", "broken"}


@pytest.mark.skipif(sys.platform != "linux", reason="sends a signal to the decoder")
def test_a_decoder_that_is_killed_is_a_failure(video):
    decoder = Decoder(video, 0)
    os.kill(decoder._process.pid, 11)
    list(decoder)
    assert decoder.fault().code == "crashed"
    decoder.close()


def test_a_video_that_is_left_early_leaves_no_process(video):
    source = VIDEOS.open(str(video), SourceOptions())
    frames = iter(source)
    next(frames)
    frames.close()
    decoder = Decoder(video, 0)
    decoder.close()
    assert decoder._process is None


def test_a_folder_with_a_module_of_a_librarys_name_is_harmless(video, tmp_path, monkeypatch):
    (tmp_path / "cv2.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    assert len(pictures(video)) == 20


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("0.5s", 500_000_000), ("500ms", 500_000_000), ("2", 2_000_000_000), (" 1.5 S", 1_500_000_000)],
)
def test_spans(text, nanos):
    assert parse_span(text) == nanos


@pytest.mark.parametrize("text", ["", "s", "0", "-1s", "0.1ms", "1h", "nan", "inf", "1e99s"])
def test_what_is_no_span(text):
    with pytest.raises(FerEdgeError, match="is no span of time; allowed"):
        parse_span(text)
