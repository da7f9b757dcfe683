"""The HTTP connection: uvicorn's, with a limit on everything that a client could draw out.

uvicorn waits for ever for a request that has begun, for the rest of its headers, and for a client to read its answer; it closes
an idle connection at shutdown while a request may be on its way. Here each of these has its time.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fer_edge.predict.server.logs import log
from fer_edge.predict.server.refusals import STATUSES, error_body
from fer_edge.predict.server.settings import Limits

MOST_PIPELINED = 64
"""Requests that may lie on one connection behind the one that is being answered."""
FAREWELL_SECONDS = 1.0
"""That an idle connection stays open at shutdown, for a request that is on its way."""
_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class LimitedConnection(HttpToolsProtocol):
    """One connection. ``limits`` and ``on_refusal`` are set by :func:`connections_with`."""

    limits: Limits = Limits()
    on_refusal: Callable[[str, int], None] = staticmethod(lambda _code, _status: None)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._header_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._in_headers = True
        self._heard = False
        self._leaving = False
        self._deaf = False
        self._method = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, unless there are too many; from now on a request is due."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._end(
                "too-many-connections",
                f"{self.limits.connections} connections are open, which is all that this server takes; come back later",
            )
            return
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and see that headers end."""
        if self.transport.is_closing() or self._deaf:
            return
        self._heard = True
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_timer is None:
                self._await_headers()
        self._unset_keepalive_if_required()
        self._feed(data)
        if self._deaf:
            return
        if self._in_headers and self._header_bytes > 2 * self.limits.header_bytes:
            self._end(
                "headers-too-large",
                f"the request's target and headers have more than {self.limits.header_bytes} bytes, the most that is taken",
            )
        elif len(self.pipeline) > MOST_PIPELINED:
            self._end("bad-request", f"more than {MOST_PIPELINED} requests were sent ahead on one connection")

    def _feed(self, data: bytes) -> None:
        """Parse; who asks for another protocol (curl --http2) is answered as if he had not.

        The parser takes the body of such a request for that protocol's, so the request is parsed again without its wish.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as pause:
            if self.parser.get_method() == b"CONNECT":
                self._end("bad-request", "CONNECT is for proxies; this is none")
                return
            rest = data[pause.args[0] :]
            self.parser = httptools.HttpRequestParser(self)
            self._feed(self._head_without_upgrade() + rest)
        except httptools.HttpParserError:
            self.send_400_response("")

    def _head_without_upgrade(self) -> bytes:
        line = b"%s %s HTTP/1.1\r\n" % (self._method, self.url)
        kept = [
            (name, value)
            for name, value in self.headers
            if name not in (b"upgrade", b"connection", b"http2-settings")
        ]
        return line + b"".join(b"%s: %s\r\n" % each for each in kept) + b"\r\n"

    def on_message_begin(self) -> None:
        """A request begins; its headers are due, also if it came with the one before it."""
        super().on_message_begin()
        self._in_headers = True
        if self._header_timer is None:
            self._await_headers()

    def on_headers_complete(self) -> None:
        """Its headers are there: the application has its own limits from here on."""
        if self.parser.should_upgrade():
            self._method = self.parser.get_method()
            return
        self._in_headers = False
        self._header_bytes = 0
        self._cancel_header_timer()
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """It is there whole; the next may begin."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_headers = True

    def shutdown(self) -> None:
        """Let a request that is being answered, or is on its way, come to its end; then close."""
        self._leaving = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(FAREWELL_SECONDS, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """The client does not read: it has a while to begin again."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._cancel_header_timer()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or not yet."""
        del msg
        self._end("bad-request", "what came is no HTTP request that can be read")

    def _await_headers(self) -> None:
        self._header_timer = self.loop.call_later(self.limits.header_seconds, self._headers_late)

    def _cancel_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _headers_late(self) -> None:
        self._header_timer = None
        if self.transport.is_closing():
            return
        if self._is_answering():
            self._await_headers()
        elif self._heard:
            self._end(
                "slow-request",
                f"after {self.limits.header_seconds:g} seconds the request's headers were not complete",
            )
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self.transport.is_closing() or self._is_answering():
            return
        if self._has_unread():
            self.loop.call_later(0.05, self._close_if_idle)
        else:
            self.transport.close()

    def _has_unread(self) -> bool:
        """Whether something has arrived that the loop has not come to: closed now, it would be lost."""
        if not hasattr(select, "poll"):  # Windows
            return False
        arrived = select.poll()
        arrived.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(arrived.poll(0))

    def _end(self, code: str, message: str) -> None:
        """Write a refusal and close; in the middle of another answer nothing can be written."""
        if self.transport.is_closing():
            return
        status = STATUSES[code]
        self.on_refusal(code, status)
        log("connection-ended", level="warning", code=code, status=status)
        if self._is_answering() and self._in_headers:
            # What is wrong came behind a request that is being answered: it gets its answer, and nothing more is heard.
            self._deaf = True
            self.cycle.keep_alive = False
            self.pipeline.clear()
            return
        if self._is_answering() and self.cycle.response_started:
            self.transport.abort()
            return
        body = error_body(code, message)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n"
        )
        if status == 503:
            head += "retry-after: 1\r\n"
        self.transport.write(head.encode() + b"\r\n" + body)
        self.transport.close()


def connections_with(limits: Limits, on_refusal: Callable[[str, int], None]) -> type[LimitedConnection]:
    """The class of a server's connections."""
    return type(
        "Connection", (LimitedConnection,), {"limits": limits, "on_refusal": staticmethod(on_refusal)}
    )
