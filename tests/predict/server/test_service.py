"""The queue, the workers, the bundle, the token, the database and the end, each with a server of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from skimage import data

from support.servers import encoded

LARGE = encoded(data.retina(), "PNG")
"""A photograph that takes a worker a while."""


def post(running, content=LARGE, **options):
    with running.client() as client:
        return client.post("/v1/predict", content=content, **options)


def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(serve):
    with serve("--workers", 1, "--queue", 1) as running, ThreadPoolExecutor(12) as callers:
        answers = list(callers.map(lambda _: post(running), range(12)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) >= 2
        for answer in answers:
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) >= 1
                assert answer.json()["error"]["code"] == "busy"
        assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
        assert post(running).status_code == 200
        families = metrics_of(running)
        assert families["fer_edge_refusals"][("busy",)] == statuses.count(429)
        assert families["fer_edge_queue_length"][()] == 0


def metrics_of(running):
    with running.client() as client:
        text = client.get("/metrics").text
    return {
        family.name: {
            tuple(sample.labels.values()): sample.value
            for sample in family.samples
            if not sample.name.endswith(("_bucket", "_created"))
        }
        for family in text_string_to_metric_families(text)
    }


def test_killed_workers_cost_no_answer(serve, astronaut):
    with serve("--workers", 2, "--queue", 8) as running:
        expected = post(running, astronaut).content
        with ThreadPoolExecutor(3) as callers:
            asked = [callers.submit(post, running, astronaut) for _ in range(60)]
            for _ in range(3):
                os.kill(running.workers()[0], signal.SIGKILL)
                started = len(running.logs("worker-started"))
                while len(running.logs("worker-started")) == started:
                    time.sleep(0.02)
            answers = [each.result() for each in asked]
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.content for answer in answers} == {expected}
        assert metrics_of(running)["fer_edge_worker_restarts"][()] == 3


def test_one_killed_worker_is_not_noticed_by_the_client_it_was_working_for(serve):
    with serve("--workers", 2) as running:
        expected = post(running).content
        with ThreadPoolExecutor(2) as callers:
            asked = [callers.submit(post, running) for _ in range(2)]
            time.sleep(0.15)
            os.kill(running.workers()[0], signal.SIGKILL)
            assert [each.result().content for each in asked] == [expected] * 2


def test_a_picture_that_takes_too_long_is_given_up(serve, astronaut):
    with serve("--time-limit", 0.1, "--workers", 1) as running:
        os.kill(running.workers()[0], signal.SIGSTOP)
        answer = post(running, astronaut)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "time-limit")
        running.wait_for_log("worker-started")
        assert post(running, astronaut).status_code in (200, 503)


def test_sigterm_lets_accepted_requests_end(serve):
    with serve("--workers", 1, "--queue", 5) as running, ThreadPoolExecutor(4) as callers:
        asked = [callers.submit(post, running) for _ in range(4)]
        while metrics_of(running)["fer_edge_queue_length"][()] < 3:
            time.sleep(0.01)
        running.process.terminate()
        assert [each.result().status_code for each in asked] == [200] * 4
        assert running.process.wait(30) == 143
        assert [entry["event"] for entry in running.logs()][-1] == "stopped"
        with pytest.raises(httpx.ConnectError):
            post(running)


def test_ctrl_c_ends_with_130(serve):
    with serve() as running:
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(30) == 130


def test_workers_end_with_a_server_that_is_killed(serve):
    with serve() as running:
        workers = running.workers()
        running.process.kill()
        running.process.wait()
        end = time.monotonic() + 20
        while any(os.path.exists(f"/proc/{pid}") for pid in workers):  # noqa: PTH110
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.fixture
def copied(builtin_bundle, tmp_path):
    return shutil.copytree(builtin_bundle, tmp_path / "bundle")


def test_what_is_changed_under_a_running_server_is_not_served(serve, copied, astronaut):
    with serve("--model", copied, "--workers", 1) as running:
        expected = post(running, astronaut).content
        for path in copied.rglob("*"):
            if path.is_file():
                with path.open("r+b") as file:
                    file.write(b"changed")
                    file.truncate(100)
        assert post(running, astronaut).content == expected
        os.kill(running.workers()[0], signal.SIGKILL)
        running.wait_for_log("worker-started")
        assert post(running, astronaut).content == expected


REFUSED = {
    "a changed byte": lambda bundle: (bundle / "labels.txt").write_text("joy\n"),
    "a missing file": lambda bundle: (bundle / "README.md").unlink(),
    "an unlisted file": lambda bundle: (bundle / "notes.txt").write_text("mine"),
    "no manifest": lambda bundle: (bundle / "manifest.json").unlink(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bundle_that_is_not_sound_is_not_served(copied, run_command, name):
    REFUSED[name](copied)
    done = run_command("fer_edge.predict.cli", "serve", "--port", "0", "--model", copied)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_a_variant_without_a_pass_is_not_served(copied, run_command):
    manifest = json.loads((copied / "manifest.json").read_text())
    entry = next(each for each in manifest["artifacts"] if each["variant"] == "onnx-fp32")
    entry["parity"] |= {"verdict": "not-run", "reason": "nobody looked"}
    (copied / "manifest.json").write_text(json.dumps(manifest))
    done = run_command(
        "fer_edge.predict.cli", "serve", "--port", "0", "--model", copied, "--variant", "onnx-fp32"
    )
    assert done.returncode == 1
    assert "parity is not-run (nobody looked)" in done.stderr


def test_a_lone_artifact_is_not_served(builtin_bundle, run_command):
    done = run_command("fer_edge.predict.cli", "serve", "--model", next(builtin_bundle.glob("*fp32.tflite")))
    assert done.returncode == 1
    assert "lone artifact" in done.stderr


def test_usage(run_command, tmp_path, builtin_bundle, server):
    (tmp_path / "short").write_text("secret")
    _, port = server.address
    for words, code in (
        (("--port", "70000"), 2),
        (("--token-file", tmp_path / "short"), 1),
        (("--token-file", tmp_path / "none"), 1),
        (("--host", "no.such.host.invalid"), 1),
        (("--port", port), 1),
        (("--db", tmp_path / "none.db"), 1),
        (("--detector", "yunet"), 1),
    ):
        done = run_command("fer_edge.predict.cli", "serve", "--model", builtin_bundle, *words)
        assert (done.returncode, done.stdout) == (code, ""), (words, done.stderr)
        assert "Traceback" not in done.stderr


def test_the_token(serve, astronaut, tmp_path):
    token = "0123456789abcdef-token"
    (tmp_path / "token").write_text(f"{token}\n")
    for options, variables in ((("--token-file", tmp_path / "token"), {}), ((), {"FER_EDGE_TOKEN": token})):
        with serve("--workers", 1, *options, **variables) as running:
            for headers in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": f"Basic {token}"},
                {"Authorization": token},
            ):
                answer = post(running, astronaut, headers=headers)
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
                assert answer.headers["www-authenticate"].startswith("Bearer")
            with running.client(headers={"Authorization": f"bearer {token}"}) as client:
                assert client.post("/v1/predict", content=astronaut).status_code == 200
                assert client.get("/metrics").status_code == 200
            with running.client() as client:
                assert client.get("/metrics").status_code == 401
                assert client.get("/v1/images").status_code == 401
                assert client.get("/healthz").status_code == 200
            assert not any(token in line for line in running.lines)
            assert token not in " ".join(running.process.args)


def test_the_database_is_read_page_by_page(serve, builtin_bundle, run_command, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, pixels in enumerate((data.astronaut(), data.chelsea(), data.astronaut()[:, ::-1])):
        Image.fromarray(pixels).save(pictures / f"{number}.png")
    options = ("--model", builtin_bundle, "--json", "--quiet", "--probabilities")
    done = run_command("fer_edge.predict.cli", pictures, *options, "--db", tmp_path / "results.db")
    assert done.returncode == 0, done.stderr
    expected = json.loads(done.stdout)["images"]
    with serve("--db", tmp_path / "results.db", "--workers", 1) as running, running.client() as client:
        whole = client.get("/v1/images").json()
        assert whole == {"images": expected, "next": None}
        pages, after = [], 0
        while after is not None:
            page = client.get("/v1/images", params={"limit": 1, "after": after}).json()
            pages += page["images"]
            after = page["next"]
        assert pages == expected
        strict = client.get("/v1/images?threshold=1&probabilities=false").json()["images"]
        assert [set(face) for image in strict for face in image["faces"]] == [{"face_id", "bbox"}] * 2
        (tmp_path / "results.db").write_bytes(b"no database at all")
        answer = client.get("/v1/images")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database-failed")
        assert str(tmp_path) not in answer.text


def test_without_a_database(client):
    answer = client.get("/v1/images")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no-database")


def test_metrics_and_their_names(client, server, astronaut):
    client.post("/v1/predict", content=astronaut)
    families = metrics_of(server)
    assert families["fer_edge_workers"][()] == 2
    assert families["fer_edge_faces"][()] >= 1
    assert {
        "process_resident_memory_bytes",
        "fer_edge_http_request_duration_seconds",
        "fer_edge_model_info",
    } <= set(families)
    opened = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert opened.headers["content-type"].startswith("application/openmetrics-text")
    assert opened.text.endswith("# EOF\n")


def test_the_interface_is_described(client):
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {"/v1/predict", "/v1/images", "/healthz", "/metrics"}
    assert {"200", "400", "413", "415", "422", "429"} <= set(
        document["paths"]["/v1/predict"]["post"]["responses"]
    )


def test_pages_load_nothing_from_elsewhere(client):
    for path in ("/", "/docs"):
        answer = client.get(path)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy or "default-src 'self'" in policy
        assert not any(word in policy for word in ("http:", "https:", "unsafe-inline", "*"))
    for path in ("/docs", "/docs/try.js", "/docs/try.css"):
        answer = client.get(path)
        assert not re.search(r"(src|href|url|import|fetch)[^\n]{0,5}https?:", answer.text)
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_built_page_is_served_with_the_bundle(serve, copied, tmp_path):
    built = tmp_path / "page"
    (tmp_path / "vite" / "assets").mkdir(parents=True)
    (tmp_path / "vite" / "index.html").write_text(
        '<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src \'self\'"><title>page</title>'
    )
    (tmp_path / "vite" / "assets" / "engine.wasm").write_bytes(b"\0asm")
    from fer_edge.console.web_page import pack

    pack(tmp_path / "vite", built)
    with serve("--model", copied, "--page", built, "--workers", 1) as running, running.client() as client:
        index = client.get("/")
        assert "<title>page</title>" in index.text
        assert index.headers["content-security-policy"] == "default-src 'self'; frame-ancestors 'none'"
        assert client.get("/assets/engine.wasm").headers["content-type"] == "application/wasm"
        manifest = client.get("/bundle/manifest.json")
        assert manifest.content == (copied / "manifest.json").read_bytes()
        for name in manifest.json()["files"]:
            if name.endswith("fp32.tflite"):
                assert client.get(f"/bundle/{name}").content == (copied / name).read_bytes()
        (copied / "labels.txt").write_text("joy")
        answer = client.get("/bundle/labels.txt")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "bundle-changed")
        for path in (
            "/bundle/nothing",
            "/bundle/../page.json",
            "/bundle/%2e%2e/manifest.json",
            "/bundle//etc/passwd",
        ):
            assert client.get(path).status_code == 404


NODE = """
const file = await (await import("node:fs")).openAsBlob(process.argv[2]);
const form = new FormData();
form.append("file", file, "photo.jpg");
form.append("threshold", "0");
const answer = await fetch(`${process.argv[1]}/v1/predict`, { method: "POST", body: form });
console.log(answer.status, (await answer.json()).images[0].faces.length);
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_nodes_fetch_posts_a_form(server, astronaut, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(astronaut)
    words = ["node", "--input-type=module", "-e", NODE, server.url, tmp_path / "photo.jpg"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "200 1\n", done.stderr
