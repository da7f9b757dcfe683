"""Pictures at https addresses: a real TLS server on this machine, which the check of addresses is told to take for public."""

import http.server
import io
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from click.testing import CliRunner
from PIL import Image

from fer_edge.predict.cli import main
from fer_edge.predict.sources import download
from fer_edge.predict.sources.download import fetch, is_public, parse_address
from fer_edge.runtime.errors import PictureError


def png():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 90, 90)).save(buffer, "PNG")
    return buffer.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        name = self.path.split("?")[0].strip("/").split("/")[0].replace(".", "_").replace("-", "_")
        getattr(self, f"send_{name}", self.send_missing)()

    def send(self, status=200, body=b"", **headers):
        self.send_response(status)
        for key, value in ({"Content_Length": len(body)} | headers).items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def send_photo_png(self):
        self.send(body=png(), Content_Type="text/plain")

    def send_page_jpg(self):
        self.send(body=b"<!DOCTYPE html><p>Sign in first", Content_Type="image/jpeg")

    def send_missing(self):
        self.send(404, b"no such picture")

    def send_once(self):
        self.send(302, Location="/photo.png")

    def send_loop(self):
        self.send(301, Location="/loop")

    def send_down(self):
        self.send(302, Location="http://example.com/photo.png")

    def send_inside(self):
        self.send(302, Location="https://10.0.0.1/photo.png")

    def send_file(self):
        self.send(302, Location="file:///etc/passwd")

    def send_huge(self):
        self.send(Content_Length=10**12)

    def send_packed(self):
        self.send(body=b"x" * 9, Content_Encoding="gzip")

    def send_short(self):
        self.send(body=png()[:50], Content_Length=5000)
        self.close_connection = True

    def send_endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            self.close_connection = True

    def send_drip(self):
        try:
            for _ in range(400):
                self.wfile.write(b"H")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of the test's server; it is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    options = [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        folder / "key.pem",
        "-out",
        folder / "cert.pem",
    ]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def server(certificate):
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.daemon_threads = True
    serving.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    serving.socket = context.wrap_socket(serving.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


@pytest.fixture
def trusted(server, certificate, monkeypatch):
    """The server's address, as if it were one of the internet's, whose certificate the system trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    monkeypatch.setattr(
        download, "is_public", lambda number: number in {"127.0.0.1", "::1"} or is_public(number)
    )
    return server


def test_a_picture_is_fetched_and_so_is_one_behind_a_redirect(trusted):
    assert fetch(f"{trusted}/photo.png?size=large&x=ä b") == png()
    assert fetch(f"{trusted}/once") == png()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("missing", "address-failed", "404"),
        ("loop", "address-failed", "redirects more than 5 times"),
        ("down", "address-refused", "use https://"),
        ("inside", "address-refused", "10.0.0.1"),
        ("file", "address-refused", "allowed are https://"),
        ("huge", "too-large", "more than 64 MiB"),
        ("endless", "too-large", "more than"),
        ("packed", "address-failed", "packed"),
        ("short", "address-failed", "ended before"),
        ("drip", "address-failed", "no answer within"),
    ],
)
def test_what_a_server_may_do(trusted, monkeypatch, path, code, words):
    monkeypatch.setattr(download, "SECONDS", 1.0 if path == "drip" else 30.0)
    monkeypatch.setattr(download, "LARGEST", (1 << 20) if path == "endless" else download.LARGEST)
    with pytest.raises(PictureError, match=words) as caught:
        fetch(f"{trusted}/{path}")
    assert caught.value.code == code


def test_a_certificate_that_nobody_signed(server, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setattr(download, "is_public", lambda _: True)
    with pytest.raises(PictureError, match="certificate is not to be trusted"):
        fetch(f"{server}/photo.png")


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(monkeypatch):
    """DNS rebinding: a second look-up would find this machine."""
    lookups, connections = [], []

    def look_up(host, port, **_):
        lookups.append(host)
        number = "93.184.215.14" if len(lookups) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    def connect(address, **_):
        connections.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(PictureError, match="Connection refused"):
        fetch("https://rebinding.example/photo.jpg")
    assert (lookups, connections) == (["rebinding.example"], [("93.184.215.14", 443)])


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ],
)
def test_addresses_of_this_machine_and_its_network(number, monkeypatch):
    assert not is_public(number)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("8.8.8.8", number)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(PictureError, match="of this machine or its network") as caught:
        fetch("https://mixed.example/photo.jpg")
    assert caught.value.code == "address-refused"


@pytest.mark.parametrize("number", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet(number):
    assert is_public(number)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://example.com/a.jpg", "use https://"),
        ("ftp://example.com/a.jpg", "allowed are https://"),
        ("rtsp://10.0.0.1/live", "allowed are https://"),
        ("https://", "no address of a picture"),
        ("https://anna:secret@example.com/a.jpg", "user name or password"),
        ("https://example.com:99999/", "no address"),
        (f"https://{'a' * 70}.com/", "no address"),
        (f"https://example.com/{'a' * 9000}", "no address of a picture"),
    ],
)
def test_addresses_that_are_not_fetched(text, words):
    with pytest.raises(PictureError, match=words) as caught:
        parse_address(text)
    assert caught.value.code == "address-refused"
    assert "secret" not in str(caught.value)


def test_the_command(trusted, artifact, tmp_path):
    """The bytes decide, not the MIME type; a sign-in page under a picture's name is no picture."""
    words = [
        f"{trusted}/photo.png",
        f"{trusted}/page.jpg",
        "--detector",
        "none",
        "--json",
        "--model",
        str(artifact),
    ]
    done = CliRunner().invoke(main, [*words, "--annotate", str(tmp_path / "seen")])
    assert done.exit_code == 1
    (image,) = json.loads(done.stdout)["images"]
    assert (image["file_name"], len(image["faces"])) == ("photo.png", 1)
    assert f"{trusted}/page.jpg cannot be decoded: it is an HTML page" in done.stderr
    assert [path.name for path in (tmp_path / "seen").iterdir()] == ["photo.png"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/photo.jpg?x=1", "photo.jpg"),
        ("/%C3%A4.jpg", "ä.jpg"),
        ("/", "example.com"),
        ("/x/..%2f..", "example.com"),
        ("/..%2f..%2fetc%2fpasswd", "passwd"),
        ("/a%00b.jpg", "ab.jpg"),
        ("/..%5C..%5Ca.jpg", ".._.._a.jpg"),
    ],
)
def test_a_name_out_of_an_address_stays_in_its_folder(path, name):
    from fer_edge.predict.sources.address import ADDRESS
    from fer_edge.predict.sources.source import SourceOptions

    (picture,) = ADDRESS.open(f"https://example.com{path}", SourceOptions())
    assert picture.file_name == name
