"""The web page in Chromium: first answer, stages of a camera frame, and whether the main thread is ever blocked.

    python benchmarks/studies/web_page.py [--bundle BUNDLE]

After ``make web``. The built page is served by Python's http.server to a headless Chromium (Debian's), with NASA's photograph
of an astronaut, which scikit-image ships. Each round is a new context with an empty cache: the photograph is chosen as soon
as the page is there, so that the first answer holds the download of engine, detector and model from this machine, their
compilation and the recognition; the second answer is the same photograph again. Then a fake camera of 640 x 480 plays the
photograph for some seconds, with each variant that browsers run. Tasks are counted from the first line of the page on. Goal: no task of the main thread over 50 ms.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import DEMO_BUNDLE, ROOT
from runner import Asked, Document, option, study

sys.path.insert(0, str(ROOT / "tests"))

LONGEST_TASK_MS = 50
COLLECT = """
window.answers = [];
document.addEventListener("fer-edge-answer", ({ detail }) => answers.push(detail));
"""
STAGES = ("read", "detector", "path", "network", "whole")
ANSWERED = "answers.length >= {count}"


def run(asked: Asked) -> Document:
    """First answers, then the camera, with all variants."""
    from importlib import import_module

    import numpy as np
    from PIL import Image

    from support.browser import Browser
    from support.video_files import on_camera, write_y4m
    from support.web_site import make_site, serve_by_command

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = Image.fromarray(np.asarray(import_module("skimage.data").astronaut()))
        picture.save(folder / "astronaut.png")
        film = write_y4m(folder / "film.y4m", [on_camera(picture)] * 5)
        site = make_site(folder / "site", _built(), asked.bundle)
        arguments = (
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        )
        with serve_by_command(site) as address, Browser(_chromium(), *arguments) as browser:
            first = [first_answer(browser, address, folder / "astronaut.png") for _ in range(asked.rounds)]
            variants = offered(browser, address)
            camera = [watch(browser, address, variant, asked.seconds) for variant in variants]
            version = browser.version
    longest = max(row["longest_task_ms"] for row in (*first, *camera))
    return {
        "schema": "fer-edge-web-page/1",
        "chromium": version,
        "page_bytes": sum(path.stat().st_size for path in _built().rglob("*") if path.is_file()),
        "first": {key: middle(row[key] for row in first) for key in first[0]},
        "rounds": first,
        "camera": camera,
        "longest_task_ms": longest,
        "met": longest <= LONGEST_TASK_MS,
    }


def first_answer(browser: Any, address: str, picture: Path) -> dict[str, float]:
    """Milliseconds from the start of the navigation."""
    page = browser.page(scripts=[COLLECT])
    page.goto(address)
    page.put(picture)
    page.wait(ANSWERED.format(count=1))
    first = page.evaluate("performance.now()")
    page.put(picture)
    page.wait(ANSWERED.format(count=2))
    second = page.evaluate("answers[1]")
    longest = longest_task(page)
    page.close()
    return {
        "first_answer_ms": round(first, 1),
        "second_answer_ms": round(second["whole"], 1),
        "longest_task_ms": longest,
    } | {f"{stage}_ms": round(second[stage], 2) for stage in STAGES if stage != "whole"}


def offered(browser: Any, address: str) -> list[str]:
    """The variants that the page offers for this bundle."""
    page = browser.page().open(address)
    names: list[str] = page.evaluate(
        "[...document.querySelectorAll('#variant option')].map((option) => option.value)"
    )
    page.close()
    return names


def watch(browser: Any, address: str, variant: str, seconds: float) -> dict[str, Any]:
    """Frames of the fake camera; the first second, in which everything is compiled, does not count."""
    page = browser.page(permissions=["camera"], scripts=[COLLECT])
    page.open(f"{address}?variant={variant}")
    page.click("#camera")
    page.wait("answers.some(({ faces }) => faces === 1)")
    answers: list[dict[str, Any]] = page.evaluate(
        "new Promise((done) => setTimeout(() => { answers.length = 0; "
        f"setTimeout(() => done([...answers]), {1000 * seconds}); }}, 1000))"
    )
    longest = longest_task(page)
    page.close()
    row: dict[str, Any] = {
        "variant": variant,
        "frames": len(answers),
        "frames_a_second": round(len(answers) / seconds, 1),
        "with_a_face": sum(answer["faces"] == 1 for answer in answers),
        "longest_task_ms": longest,
    }
    for stage in STAGES:
        values = [answer[stage] for answer in answers if answer[stage] is not None]
        row[f"{stage}_ms"] = middle(values) if values else None
        row[f"{stage}_p95_ms"] = round(statistics.quantiles(values, n=20)[-1], 2) if len(values) > 1 else None
    return row


def longest_task(page: Any) -> float:
    """Of the main thread, milliseconds; 0 where the browser saw none over 50."""
    tasks: list[dict[str, float]] = page.watched["longTasks"]
    return float(max((round(task["milliseconds"], 1) for task in tasks), default=0.0))


def middle(values: Any) -> float:
    """The median."""
    return float(round(statistics.median(values), 2))


def _built() -> Path:
    from fer_edge.console.web_page import open_web_page

    return open_web_page().folder


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        raise SystemExit("the page needs Chromium (Debian: chromium)")
    return found


def show(found: Document) -> Iterator[str]:
    """The figures as tables."""
    first = found["first"]
    yield f"Chromium {found['chromium']}; the page's folder holds {found['page_bytes'] / 1e6:.1f} MB"
    yield f"first answer after the navigation {first['first_answer_ms']:.0f} ms, the next {first['second_answer_ms']:.0f} ms:"
    yield (
        "  "
        + ", ".join(f"{stage} {first[f'{stage}_ms']:.1f}" for stage in STAGES if stage != "whole")
        + " ms"
    )
    yield (
        f"{'camera 640x480':14} {'frames/s':>8} "
        + " ".join(f"{stage:>9}" for stage in STAGES)
        + "   longest task"
    )
    for row in found["camera"]:
        stages = " ".join(
            "        -" if row[f"{stage}_ms"] is None else f"{row[f'{stage}_ms']:6.1f} ms" for stage in STAGES
        )
        yield f"{row['variant']:14} {row['frames_a_second']:8.1f} {stages}   {row['longest_task_ms']:.0f} ms"
    yield f"longest task of the main thread: {found['longest_task_ms']:.0f} ms (at most {LONGEST_TASK_MS})"


if __name__ == "__main__":
    study(
        run,
        option("--bundle", DEMO_BUNDLE, "the bundle that the page runs"),
        option("--rounds", 5, "fresh contexts for the first answer"),
        option("--seconds", 5.0, "before the camera, each variant"),
        show=show,
    )
