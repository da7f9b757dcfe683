"""No image leaves the device: nothing but the page's own files is asked for, and the policy holds, in workers too."""

import json
from urllib.parse import urlsplit

from support.browser import Browser
from support.servers import serving
from support.web_site import serve, serve_by_command

# Chromium asks its maker for updates and the like by itself, whatever page is open.
OF_THE_BROWSER = {
    "accounts.google.com",
    "clients2.google.com",
    "content-autofill.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "update.googleapis.com",
}


def use_everything(page, picture):
    page.choose(picture)
    page.click("#example")
    page.wait("document.querySelector('#status').textContent.startsWith('Example')")
    page.select("#variant", "onnx-fp32")
    page.wait("document.querySelector('#model-line').textContent.includes('onnx-fp32')")
    page.wait("document.querySelectorAll('.face').length === 1 && document.querySelector('#busy').hidden")


def breaches(page):
    messages = page.log["messages"]
    return page.watched["violations"] + [line for line in messages if "Content Security Policy" in line]


def faults(page):
    """Warnings and errors in the console."""
    return [line for line in page.log["messages"] if line.startswith(("error", "warning", "uncaught"))]


def asked_in_the_network_stack(log):
    """Every address in Chromium's own record of its network requests."""
    record = json.loads(log.read_text(encoding="utf-8"))
    start = record["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    return {
        event["params"]["url"]
        for event in record["events"]
        if event["type"] == start and "url" in event.get("params", {})
    }


def test_no_request_leaves_the_origin_and_no_policy_is_broken(chromium, address, astronaut, tmp_path):
    record = tmp_path / "network.json"
    with Browser(chromium, f"--log-net-log={record}") as browser:
        page = browser.page().open(address)
        use_everything(page, astronaut)
        assert breaches(page) == []
        assert faults(page) == []
        seen = page.log["requests"]
    own = urlsplit(address).netloc
    asked = {urlsplit(url).netloc for url in asked_in_the_network_stack(record)}
    assert own in asked
    assert asked - OF_THE_BROWSER == {own}
    assert {urlsplit(url).netloc for url in seen} == {own}
    assert not [url for url in seen if url.startswith(("data:", "blob:"))]


def test_the_policy_keeps_every_other_server_out(page, address):
    page.open(address)
    tried = "fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)"
    assert page.evaluate(tried) == "TypeError"
    assert any("connect-src" in line for line in page.watched["violations"])
    assert "unsafe-inline" not in page.evaluate("document.querySelector('meta[http-equiv]').content")


def test_any_static_server_will_do(page, site, astronaut):
    with serve_by_command(site) as address:
        page.open(address)
        page.choose(astronaut)
        assert len(page.faces) == 1
        assert breaches(page) == []
        assert faults(page) == []


def test_below_any_path(page, site, policy, astronaut, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/er").symlink_to(site)
    with serve(tmp_path, policy) as address:
        page.open(f"{address}deep/er/index.html?variant=onnx-fp32")
        page.choose(astronaut)
        assert len(page.faces) == 1
        assert "onnx-fp32" in page.text("#model-line")
        assert faults(page) == []


def test_the_server_hands_out_the_same_page(page, built, builtin_bundle, astronaut):
    """``fer-predict serve``, whose headers are stricter: workers obey the policy, and the page is isolated."""
    with serving("--model", builtin_bundle, "--page", built) as server:
        page.open(f"{server.url}/")
        use_everything(page, astronaut)
        assert breaches(page) == []
        assert faults(page) == []
        assert page.evaluate("crossOriginIsolated")
        assert {urlsplit(url).netloc for url in page.log["requests"]} == {urlsplit(server.url).netloc}
