"""The gate before all routes: whom a request is addressed to, whether it may, what is written about it.

It also sees to answers that are given before a body was read. A connection that is closed with unread bytes in it is reset,
and the client never sees why; so the rest of the body is let in for a while, and thrown away.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fer_edge.predict.server.logs import log
from fer_edge.predict.server.metrics import METHODS, Metrics
from fer_edge.predict.server.refusals import Refusal, error_body
from fer_edge.predict.server.settings import ServerSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL_BODY = 256 << 10
"""Bytes that the connection throws away by itself before the next request."""
LINGER_SECONDS = 2.0
LINGER_BYTES = 32 << 20
PREDICT = "/v1/predict"
PROTECTED = ("/v1/", "/metrics")
QUIET = ("/healthz", "/metrics")
"""Routes that are asked all the time: their successes are counted, not logged."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NOTHING_LOADS = b"default-src 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of answers that are no pages."""


class Gate:
    """ASGI application around another."""

    def __init__(
        self, app: ASGIApp, settings: ServerSettings, metrics: Metrics, refuse_if_full: Callable[[], None]
    ) -> None:
        self._app = app
        self._refuse_if_full = refuse_if_full
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        try:
            refusal = self._refusal(scope, exchange.headers)
            if refusal is None:
                await self._app(scope, exchange.receive, exchange.send)
            else:
                await exchange.refuse(refusal)
        except Exception as error:
            log("failed", level="error", request_id=exchange.request_id, exception=type(error).__name__)
            if exchange.status:
                raise
            await exchange.refuse(Refusal("internal", "the server made a mistake; its log says more"))
            raise
        finally:
            self._tell(scope, exchange)

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> Refusal | None:
        size = len(scope["raw_path"]) + len(scope["query_string"])
        size += sum(len(name) + len(value) + 4 for name, value in scope["headers"])
        if size > self._settings.limits.header_bytes:
            return Refusal(
                "headers-too-large",
                f"the request's target and headers have {size} bytes; at most {self._settings.limits.header_bytes} are taken",
            )
        return self._wrong_host(headers) or self._unauthorized(scope["path"], headers) or self._full(scope)

    def _full(self, scope: Scope) -> Refusal | None:
        """Under overload most requests are refused: that must cost next to nothing, so it is said before the routes."""
        if scope["path"] != PREDICT or scope["method"] != "POST":
            return None
        try:
            self._refuse_if_full()
        except Refusal as refusal:
            scope["fer_edge.route"] = PREDICT
            return refusal
        return None

    def _wrong_host(self, headers: dict[bytes, bytes]) -> Refusal | None:
        """A page of somebody else's whose name was made to mean this machine (DNS rebinding) still says its own name."""
        if not self._settings.hosts:
            return None
        host = headers.get(b"host", b"").decode("latin-1")
        name = re.sub(r":\d*$", "", host).strip("[]").lower()
        if not host or name in self._settings.hosts:
            return None
        return Refusal(
            "wrong-host",
            f"Host is {host[:100]!a}, which is not this server's; start it with --allow-host {name[:100]!a} if it is",
        )

    def _unauthorized(self, path: str, headers: dict[bytes, bytes]) -> Refusal | None:
        token = self._settings.token
        if token is None or not path.startswith(PROTECTED):
            return None
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        # Compared also if the scheme is wrong: the time tells nothing.
        same = hmac.compare_digest(given.strip(), token.encode())
        if same and scheme.lower() == b"bearer":
            return None
        return Refusal(
            "unauthorized",
            "this server wants its token: send the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": 'Bearer realm="fer-predict"'},
        )

    def _tell(self, scope: Scope, exchange: Exchange) -> None:
        seconds = time.monotonic() - exchange.began
        route: str = getattr(scope.get("route"), "path", None) or scope.get("fer_edge.route") or "unmatched"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.count_request(method, route, exchange.status, seconds)
        code = scope.get("fer_edge.code") or exchange.code
        if code:
            self._metrics.count_refusal(code)
        if route in QUIET and exchange.status < 400:
            return
        log(
            "request",
            level="error" if exchange.status >= 500 else "info",
            request_id=exchange.request_id,
            method=method,
            route=route,
            status=exchange.status or None,
            seconds=round(seconds, 4),
            body_bytes=exchange.body_bytes,
            code=code,
        )


class Exchange:
    """One request and its answer.

    Attributes:
        headers: of the request, names in lower case; the first of equals.
        request_id: the client's, if it is a plain word, else one of our own.
        status: of the answer; 0 before it.
        body_bytes: of the request that were read.
        code: of a refusal that the gate made itself.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.began = time.monotonic()
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        told = self.headers.get(b"x-request-id", b"").decode("latin-1")
        self.request_id = told if _REQUEST_ID.fullmatch(told) else secrets.token_hex(8)
        self.status = 0
        self.body_bytes = 0
        self.code: str | None = None
        self._receive = receive
        self._send = send
        length = self.headers.get(b"content-length", b"")
        self._length = int(length) if length.isdigit() and len(length) < 19 else None
        chunked = b"transfer-encoding" in self.headers
        self._unread = chunked or bool(self._length)
        self._lingers = False
        scope["fer_edge.request_id"] = self.request_id

    async def receive(self) -> Message:
        """The next piece of the body."""
        message = await self._receive()
        if message["type"] == "http.request":
            self.body_bytes += len(message.get("body", b""))
            self._unread = message.get("more_body", False)
        else:
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        """A piece of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._headers(message.get("headers", ()))}
            await self._send(message)
        elif self._lingers and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._linger()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with an error."""
        self.code = refusal.code
        body = error_body(refusal.code, refusal.message)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in refusal.headers.items()),
        ]
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def _headers(self, given: Any) -> list[tuple[bytes, bytes]]:
        headers = [(name, value) for name, value in given]
        names = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in SECURITY if name not in names]
        if b"content-security-policy" not in names:
            headers.append((b"content-security-policy", NOTHING_LOADS))
        headers.append((b"x-request-id", self.request_id.encode()))
        self._lingers = self._unread  # also where the connection is kept: the client or a shutdown may end it
        if self._unread and (self._length is None or self._length > SMALL_BODY):
            headers.append((b"connection", b"close"))
        return headers

    async def _linger(self) -> None:
        """Take the rest of the body in, so that the client gets to read its answer."""
        if self.headers.get(b"expect", b"").lower() == b"100-continue" and not self.body_bytes:
            return  # it waits for a word before it sends any
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                left = LINGER_BYTES
                while self._unread and left > 0:
                    before = self.body_bytes
                    await self.receive()
                    left -= self.body_bytes - before
        except TimeoutError:
            return
