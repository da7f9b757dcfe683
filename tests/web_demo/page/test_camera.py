"""The page before a camera: Chromium's fake one, which plays a file, and cameras that fail in every way."""

import base64
import itertools
import json

import numpy as np
import pytest
from PIL import Image

from fer_edge.runtime import Frame, load
from support.browser import Browser
from support.video_files import on_camera, planes_of, write_y4m

FAKE = "--use-fake-device-for-media-stream"
ALLOW = "--use-fake-ui-for-media-stream"
FACE = "document.querySelectorAll('.face').length > 0"
OPEN = "document.querySelector('#camera').textContent.includes('Close')"
SETTLED = "parseFloat(document.querySelector('.figures dd')?.textContent) > 0 && " + FACE


@pytest.fixture(scope="session")
def seen(astronaut):
    return on_camera(Image.open(astronaut))


@pytest.fixture(scope="session")
def film(seen, tmp_path_factory):
    return write_y4m(tmp_path_factory.mktemp("film") / "full.y4m", [seen] * 5)


@pytest.fixture(scope="session")
def camera_browser(chromium, film):
    with Browser(chromium, FAKE, ALLOW, f"--use-file-for-fake-video-capture={film}") as browser:
        yield browser


@pytest.fixture
def page(camera_browser):
    page = camera_browser.page(permissions=["camera"])
    yield page
    page.close()


def fail_with(name):
    """A script that makes every camera fail."""
    return f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '{name}'));"


def start(page, address):
    page.open(address)
    page.click("#camera")
    page.wait(SETTLED)


def test_the_fake_camera_drives_the_page(page, address, seen, builtin_bundle):
    start(page, address)
    (face,) = page.faces
    assert face["first"].startswith("happiness")
    assert set(page.figures) == {
        "Frame rate",
        "Latency",
        "Face detector",
        "Camera path",
        "Network",
        "Pixels",
    }
    left, top, right, bottom = face["box"]
    assert abs(left - 246) < 12
    assert abs(top - 62) < 12
    assert 75 < right - left < 110
    assert 75 < bottom - top < 110
    assert page.watched["violations"] == []


def test_a_film_in_limited_range(chromium, address, seen, tmp_path):
    """Colors are right whatever the range: the browser's own conversion is taken for what is not full range."""
    film = write_y4m(tmp_path / "limited.y4m", [seen] * 5, full_range=False)
    with Browser(chromium, FAKE, ALLOW, f"--use-file-for-fake-video-capture={film}") as browser:
        page = browser.page(permissions=["camera"])
        start(page, address)
        # The cascade takes a helmet for a face at this contrast.
        assert page.faces[0]["first"].startswith("happiness")
        assert page.figures["Pixels"] == "converted"


@pytest.mark.parametrize("kind", ["I420", "NV12"])
def test_full_range_planes_go_through_the_camera_path_byte_by_byte(
    camera_browser, address, seen, builtin_bundle, kind
):
    y, u, v = planes_of(seen, full_range=True)
    chroma = u.tobytes() + v.tobytes() if kind == "I420" else np.stack((u, v), -1).tobytes()
    data = base64.b64encode(y.tobytes() + chroma).decode()
    planes = f"""
        const bytes = Uint8Array.from(atob("{data}"), (letter) => letter.charCodeAt(0));
        const RealFrame = VideoFrame;
        window.VideoFrame = function () {{
          return new RealFrame(bytes, {{
            format: "{kind}", codedWidth: 640, codedHeight: 480, timestamp: 1000 * performance.now(),
            colorSpace: {{ fullRange: true, matrix: "smpte170m", primaries: "smpte170m", transfer: "smpte170m" }},
          }});
        }};
    """
    page = camera_browser.page(permissions=["camera"], scripts=[planes])
    start(page, address)
    page.wait("document.querySelector('.figures').textContent.includes('as they came')")
    faces = page.faces
    frame = Frame.from_yuv420(
        y.tobytes(),
        u.tobytes(),
        v.tobytes(),
        width=640,
        height=480,
        y_row_stride=640,
        uv_row_stride=320,
        uv_pixel_stride=1,
    )
    model = load(builtin_bundle, variant="tflite-fp32")
    for face in faces:
        wanted = model.predict(frame, box=face["box"]).probabilities
        assert face["probabilities"] == pytest.approx(wanted, abs=1e-5)
    page.close()


def test_browsers_without_video_frames(camera_browser, address):
    page = camera_browser.page(permissions=["camera"], scripts=["delete window.VideoFrame;"])
    start(page, address)
    assert page.figures["Pixels"] == "converted"
    page.close()


def test_the_camera_is_given_back(page, address, astronaut):
    stream = "window.track = document.querySelector('video').srcObject.getTracks()[0]; track.readyState"
    start(page, address)
    assert page.evaluate(stream) == "live"
    page.click("#camera")
    page.wait(f"track.readyState === 'ended' && !({OPEN})")
    assert page.faces == []
    page.click("#camera")
    page.wait(SETTLED)
    assert page.evaluate(stream) == "live"
    page.choose(astronaut)
    assert page.evaluate("track.readyState") == "ended"
    assert page.faces[0]["box"] == [177, 66, 272, 161]


def test_a_hidden_page_gives_the_camera_back(page, address):
    start(page, address)
    page.evaluate("""
        window.track = document.querySelector('video').srcObject.getTracks()[0];
        Object.defineProperty(document, 'hidden', { value: true });
        document.dispatchEvent(new Event('visibilitychange'));
    """)
    assert page.evaluate("track.readyState") == "ended"
    assert page.problem == "The camera was released while this page was hidden. Open it again to go on."
    assert not page.evaluate(OPEN)


def test_an_unplugged_camera(page, address):
    start(page, address)
    page.evaluate(
        "document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    )
    assert page.problem.startswith("The camera was taken away")
    assert not page.evaluate(OPEN)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NotAllowedError", "The camera is not allowed for this page."),
        ("NotFoundError", "There is no camera."),
        ("NotReadableError", "another program is using it"),
        ("OverconstrainedError", "This camera is not there any more."),
        ("AbortError", "The camera did not start."),
    ],
)
def test_cameras_that_fail(browser, address, name, said):
    page = browser.page(scripts=[fail_with(name)])
    page.open(address)
    page.click("#camera")
    page.wait("!document.querySelector('#problem').hidden")
    assert said in page.problem
    assert page.problem.endswith(".")
    assert not page.evaluate(f"{OPEN} || document.querySelector('#camera').disabled")
    page.close()


def test_pages_from_another_computer_over_http(browser, address):
    page = browser.page(scripts=["Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"])
    page.open(address)
    page.click("#camera")
    page.wait("!document.querySelector('#problem').hidden")
    assert "https" in page.problem
    page.close()


def test_a_person_who_says_no(chromium, address):
    """Chromium itself, not asked and not allowed."""
    with Browser(chromium, FAKE) as browser:
        page = browser.page()
        page.open(address)
        page.click("#camera")
        page.wait("!document.querySelector('#problem').hidden")
        assert "The camera is not allowed" in page.problem


def test_one_of_several_cameras(chromium, address):
    with Browser(chromium, f"{FAKE}=device-count=2", ALLOW) as browser:
        page = browser.page(permissions=["camera"])
        page.open(address)
        assert page.evaluate("document.querySelector('#camera-choice').hidden")
        page.click("#camera")
        page.wait("document.querySelectorAll('#cameras option').length === 2")
        first, second = page.evaluate(
            "[...document.querySelectorAll('#cameras option')].map((option) => option.value)"
        )
        page.select("#cameras", second)
        page.wait(
            f"document.querySelector('video').srcObject?.getTracks()[0].getSettings().deviceId === {json.dumps(second)}"
        )
        page.wait("document.querySelector('#cameras').value !== " + json.dumps(first))


def test_a_screen_reader_is_told_at_most_once_a_second(page, address):
    page.open(address)
    page.evaluate("""
        window.told = [];
        new MutationObserver(() => told.push([performance.now(), document.querySelector('#live').textContent]))
          .observe(document.querySelector('#live'), { childList: true, characterData: true, subtree: true });
    """)
    page.click("#camera")
    page.wait("told.some(([, text]) => text.includes('happiness'))")
    told = page.evaluate("new Promise((done) => setTimeout(() => done(told), 2500))")
    times = [time for time, _ in told]
    assert all(later - earlier >= 990 for earlier, later in itertools.pairwise(times))
    assert len({text for _, text in told}) == len(told)
