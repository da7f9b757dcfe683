"""Clients that are slow, silent, endless or out of line, byte by byte."""

import contextlib
import json
import socket
import time

import pytest


@contextlib.contextmanager
def connected(server):
    with socket.create_connection(server.address, timeout=20) as made:
        yield made


def read_all(made):
    """Everything until the server closes; a reset is no answer."""
    found = b""
    while piece := made.recv(1 << 16):
        found += piece
    return found


def talk(server, *pieces):
    with connected(server) as made:
        for piece in pieces:
            made.sendall(piece)
        return read_all(made)


def statuses(answers):
    return [int(each[:3]) for each in answers.split(b"HTTP/1.1 ")[1:]]


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (b"GET /healthz HT",),
        (GET,),
        (GET + b"X-Slow: ",),
        (b"\r\n\r\n\r\n",),
        (b"POST /v1/predict HTTP/1.1\r\n",),
    ],
)
def test_headers_that_do_not_end(server, pieces):
    answer = talk(server, *pieces)
    assert statuses(answer) == [408]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "slow-request"


def test_headers_drop_by_drop(server):
    """Slowloris: a byte now and then keeps no connection."""
    with connected(server) as made:
        made.sendall(GET)
        with contextlib.suppress(ConnectionError):
            for _ in range(80):
                time.sleep(0.05)
                made.sendall(b"X-a: b\r\n")
        assert statuses(read_all(made)) == [408]


def test_a_silent_connection_is_closed(server):
    with connected(server) as made:
        assert read_all(made) == b""


def test_a_silent_connection_after_a_request_is_closed_if_it_begins_another_and_stops(server):
    with connected(server) as made:
        made.sendall(GET + b"\r\n" + b"GET /hea")
        assert statuses(read_all(made)) == [200, 408]


@pytest.mark.parametrize(
    "head", [b"Content-Length: 5000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n10\r\n"]
)
def test_a_body_that_does_not_end(server, head):
    answer = talk(server, POST + head + b"abc")
    assert statuses(answer) == [408]
    assert b"slow-request" in answer


def test_endless_headers(server):
    with connected(server) as made:
        made.sendall(GET)
        with contextlib.suppress(ConnectionError):
            for _ in range(4000):
                made.sendall(b"X-Filler: " + b"y" * 90 + b"\r\n")
        with contextlib.suppress(ConnectionError):
            assert statuses(read_all(made)) == [431]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"GET / HTTP/9.9\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        POST + b"Content-Length: -5\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_request(server, request_bytes):
    answer = talk(server, request_bytes)
    assert statuses(answer)[0] in (400, 404, 405, 421), answer
    assert b'{"error": {"code": ' in answer


def test_no_length_means_no_body(server):
    answer = talk(server, POST + b"Connection: close\r\n\r\n")
    assert statuses(answer) == [422]
    assert b'"empty"' in answer


def test_requests_sent_ahead_are_answered_in_their_order(server, astronaut):
    post = (
        POST.replace(b"predict ", b"predict?file_name=%d ")
        + b"Content-Length: "
        + b"%d\r\n\r\n" % len(astronaut)
    )
    with connected(server) as made:
        made.sendall(
            b"".join(post % number + astronaut for number in range(3)) + GET + b"Connection: close\r\n\r\n"
        )
        answers = read_all(made)
    assert statuses(answers) == [200, 200, 200, 200]
    assert [answers.find(b'"file_name": "%d"' % number) for number in range(3)] == sorted(
        answers.find(b'"file_name": "%d"' % number) for number in range(3)
    )


def test_a_flood_of_requests_sent_ahead_ends_the_connection(server):
    with connected(server) as made, contextlib.suppress(ConnectionError):
        made.sendall((GET + b"\r\n") * 20_000)
        assert len(statuses(read_all(made))) < 20_000


def test_a_client_that_leaves_costs_nothing(server, client, astronaut):
    for cut in (40, 300, len(astronaut)):
        with connected(server) as made:
            made.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(astronaut) + astronaut[:cut])
    assert client.post("/v1/predict", content=astronaut).status_code == 200
    assert client.get("/healthz").json()["workers"] == 2


def test_the_smallest_honest_request(server):
    assert statuses(talk(server, b"GET /healthz HTTP/1.0\r\n\r\n")) == [200]
