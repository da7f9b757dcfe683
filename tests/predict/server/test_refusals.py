"""Requests that cannot be answered: a status, a word that stays and a sentence; the server goes on as before."""

import json
import re
import shutil
import subprocess
import zlib

import pytest
from skimage import data

from fer_edge.predict.server.refusals import STATUSES
from support.paths import ROOT
from support.servers import encoded

PHOTO = encoded(data.astronaut()[:200, 150:300])


def code_of(answer):
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"code", "message"}
    assert len(error["message"]) > 20
    assert "Traceback" not in error["message"]
    return answer.status_code, error["code"]


def bomb(width, height):
    """A PNG of a few kilobytes whose header announces that many pixels, all of them there."""

    def chunk(kind, content):
        return (
            len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
        )

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    rows = b"".join(packer.compress(row * 1000) for _ in range(height // 1000)) + packer.flush()
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BROKEN = {
    "no bytes": (b"", "empty"),
    "text named .jpg": (b"this is no picture" * 20, "unknown-format"),
    "HTML": (b"<!doctype html><html></html>", "unknown-format"),
    "half a JPEG": (PHOTO[: len(PHOTO) // 2], "truncated"),
    "a JPEG's first bytes": (PHOTO[:20], "truncated"),
    "a bomb of 900 million pixels": (bomb(30_000, 30_000), "too-large"),
    "more pixels than this server takes": (bomb(3_000, 3_000), "too-large"),
    "an MP4": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(500), "unknown-format"),
    "a zip": (b"PK\x03\x04" + bytes(300), "unknown-format"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_picture_has_no_label(client, server, name):
    content, code = BROKEN[name]
    before = server.memory()
    for answer in (
        client.post("/v1/predict", files={"file": ("photo.jpg", content, "image/jpeg")}),
        client.post("/v1/predict", content=content, headers={"Content-Type": "image/jpeg"}),
    ):
        assert code_of(answer) == (413 if code == "too-large" else 422, code)
    assert server.memory() - before < 250 << 20


FORMS = {
    "two pictures": ([("file", ("a.jpg", PHOTO)), ("file", ("b.jpg", PHOTO))], 400, "bad-form"),
    "no picture": ([("threshold", (None, b"0.5"))], 400, "bad-form"),
    "an unknown field": ([("file", ("a.jpg", PHOTO)), ("treshold", (None, b"0.5"))], 422, "bad-parameter"),
    "a field twice": ([("file", ("a.jpg", PHOTO)), *[("threshold", (None, b"0.5"))] * 2], 422, "bad-parameter"),
    "a threshold of 2": ([("file", ("a.jpg", PHOTO)), ("threshold", (None, b"2"))], 422, "bad-parameter"),
    "a threshold of nan": ([("file", ("a.jpg", PHOTO)), ("threshold", (None, b"nan"))], 422, "bad-parameter"),
    "many parts": ([("file", ("a.jpg", b"x"))] * 100, 400, "bad-form"),
    "a name of 300 letters": ([("file", ("a" * 300, PHOTO))], 422, "bad-parameter"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_none(client, name):
    parts, status, code = FORMS[name]
    assert code_of(client.post("/v1/predict", files=parts)) == (status, code)


def test_a_file_name_keeps_no_folder(client):
    for told in ("../../etc/passwd.jpg", "C:\\Users\\me\\passwd.jpg", "/passwd.jpg"):
        answer = client.post("/v1/predict", files={"file": (told, PHOTO)})
        assert answer.json()["images"][0]["file_name"] == "passwd.jpg"


BODIES = {
    "no boundary": ({"Content-Type": "multipart/form-data"}, b"x", 400, "bad-form"),
    "a form that is cut off": (
        {"Content-Type": "multipart/form-data; boundary=b"},
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nabc', 400, "bad-form",
    ),
    "no file chosen": (
        {"Content-Type": "multipart/form-data; boundary=b"},
        b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n',
        400, "bad-form",
    ),
    "another boundary": ({"Content-Type": "multipart/form-data; boundary=other"}, b"--b\r\n\r\nx\r\n--b--", 400, "bad-form"),
    "JSON": ({"Content-Type": "application/json"}, b"{}", 415, "unsupported-type"),
    "a text type": ({"Content-Type": "text/plain"}, PHOTO, 415, "unsupported-type"),
    "a form of words": ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415, "unsupported-type"),
    "compressed": ({"Content-Type": "image/jpeg", "Content-Encoding": "gzip"}, PHOTO, 415, "unsupported-type"),
    "over the limit": ({"Content-Type": "image/jpeg"}, bytes(3 << 20), 413, "too-large"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_none(client, name):
    headers, body, status, code = BODIES[name]
    assert code_of(client.post("/v1/predict", content=body, headers=headers)) == (status, code)


def test_over_the_limit_without_a_length(client):
    answer = client.post("/v1/predict", content=(bytes(1 << 16) for _ in range(100)))
    assert code_of(answer) == (413, "too-large")


def test_a_wrong_mime_type_of_a_picture_is_no_matter(client):
    answer = client.post("/v1/predict", content=PHOTO, headers={"Content-Type": "image/gif"})
    assert answer.status_code == 200


PARAMETERS = ("threshold=2", "threshold=-0.1", "threshold=nan", "threshold=x", "probabilities=maybe", "treshold=0.1",
              "file_name=a/b", "file_name=", "threshold=")  # fmt: skip


@pytest.mark.parametrize("query", PARAMETERS)
def test_a_parameter_that_is_none(client, query):
    assert code_of(client.post(f"/v1/predict?{query}", content=PHOTO)) == (422, "bad-parameter")


def test_paths_and_methods(client):
    for path in ("/nothing", "/v1", "/v1/predict/", "//v1/predict", "/docs/../../etc/passwd", "/docs/%2e%2e/%2e%2e/etc/passwd",
                 "/bundle/../manifest.json", "/%00", "/docs/try.js%00.png"):  # fmt: skip
        assert code_of(client.get(path))[0] in (404, 405), path
    for method, path in (
        ("GET", "/v1/predict"),
        ("DELETE", "/v1/images"),
        ("POST", "/healthz"),
        ("TRACE", "/v1/predict"),
    ):
        answer = client.request(method, path)
        assert code_of(answer) == (405, "wrong-method")
        assert answer.headers["allow"]


def test_headers_over_the_limit(client):
    answer = client.get("/healthz", headers={"X-Large": "x" * 40_000})
    assert code_of(answer) == (431, "headers-too-large")


def test_a_name_that_was_made_to_mean_this_machine_is_refused(client, server):
    _, port = server.address
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example"):
        assert code_of(client.get("/healthz", headers={"Host": host})) == (421, "wrong-host")
    for host in (f"localhost:{port}", "127.0.0.1", f"[::1]:{port}", "LOCALHOST"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_reads_the_refusal_of_a_body_that_goes_on(server, tmp_path):
    """A connection that is reset would be all that a client sees."""
    (tmp_path / "large").write_bytes(bytes(20 << 20))
    for words in (("-H", "Expect:"), (), ("-H", "Transfer-Encoding: chunked", "-H", "Expect:")):
        done = subprocess.run(
            ["curl", "-sS", *words, "-H", "Content-Type: image/png", "--data-binary", f"@{tmp_path / 'large'}",
             f"{server.url}/v1/predict"],
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["error"]["code"] == "too-large"


def test_nothing_of_it_is_in_the_log(server, client):
    client.post("/v1/predict?file_name=secret-name", content=PHOTO)
    client.post("/v1/predict", files={"file": ("secret-name.jpg", b"secret-content")})
    client.get("/secret-path?token=secret-value")
    client.get("/healthz", headers={"X-Request-Id": "my-own.id"})
    assert not any("secret" in line for line in server.lines)
    requests = server.logs("request")
    assert {
        "time",
        "level",
        "event",
        "request_id",
        "method",
        "route",
        "status",
        "seconds",
        "body_bytes",
        "code",
    } <= set(requests[-1])


def test_every_code_of_the_server_is_documented_with_its_status():
    page = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    told = {
        code: int(status)
        for status, codes in re.findall(r"^\| (\d{3}) \| ([^|]+) \|", page, re.MULTILINE)
        for code in re.findall(r"`([a-z-]+)`", codes)
    }
    assert told == STATUSES
