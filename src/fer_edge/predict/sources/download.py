"""Download of a picture from an address that may be anybody's choice.

What an address could do to the machine that fetches it, and what stands against it:

| danger                                                  | here                                                          |
|---------------------------------------------------------|---------------------------------------------------------------|
| it names this machine or its network (SSRF)             | only addresses that the whole internet can reach              |
| its name means another address a moment later (rebinding) | the name is looked up once; what was checked is connected to |
| it redirects to one of these                            | each step is checked like the first; ``http://`` is none      |
| anybody on the way changes the picture                  | ``https`` with the system's certificates only                 |
| it never ends, or drips                                 | at most ``LARGEST`` bytes and ``SECONDS`` for everything      |
| it is packed                                            | asked for unpacked, and nothing is unpacked                   |
| it says ``image/jpeg`` and is none                      | the MIME type is not looked at, the bytes are, as of any file |

Proxies of the environment are not used: what they connect to could not be checked.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from fer_edge import __version__
from fer_edge.runtime.errors import PictureError

LARGEST = 64 << 20
"""Bytes."""
SECONDS = 30.0
"""For one picture: names, connections, redirects and data together."""
CONNECT_SECONDS = 10.0
MOST_REDIRECTS = 5
LONGEST = 8192
"""Characters of an address."""

_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 1 << 16
_SAFE = "/%:@!$&'()*+,;=~-._?"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Address:
    """An ``https`` address in its parts."""

    text: str
    host: str
    port: int
    target: str


def parse_address(text: str) -> Address:
    """The parts of an address.

    Raises:
        PictureError: not ``https``, no server in it, or a password.
    """
    shown = ascii(text)[1:-1][:200]
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port or 443
        host.encode("idna")
    except ValueError as error:  # UnicodeError too
        raise _refused(f"{shown} is no address: {error}") from None
    if parts.scheme.lower() == "http":
        raise _refused(
            f"{shown} is not fetched: on http anybody on the way can change the picture; use https://"
        )
    if parts.scheme.lower() != "https":
        raise _refused(f"{shown} is not fetched; allowed are https:// addresses of pictures")
    if not host or len(text) > LONGEST:
        raise _refused(f"{shown} is no address of a picture; an example: https://example.com/photo.jpg")
    if parts.username is not None:
        raise _refused(f"the address at {host} holds a user name or password; download the picture with another program first")  # fmt: skip
    path = quote(parts.path or "/", safe=_SAFE)
    return Address(text, host, port, f"{path}?{quote(parts.query, safe=_SAFE)}" if parts.query else path)


def fetch(text: str) -> bytes:
    """The bytes at an address, redirects followed.

    Raises:
        PictureError: the address is refused, or the other side does not answer with a picture's bytes in time.
    """
    deadline = time.monotonic() + SECONDS
    address = parse_address(text)
    for _ in range(MOST_REDIRECTS + 1):
        try:
            found = _ask(address, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(f"{text} cannot be fetched: {_reason(error, deadline)}") from error
        if isinstance(found, bytes):
            return found
        address = parse_address(found)
    raise _failed(f"{text} redirects more than {MOST_REDIRECTS} times")


def _ask(address: Address, deadline: float) -> bytes | str:
    """The bytes, or the address that the server redirects to."""
    with _answer(address, deadline) as answer:
        elsewhere: str | None = answer.headers["Location"]
        if answer.status in _REDIRECTS and elsewhere:
            return urljoin(address.text, elsewhere)
        if answer.status != 200:
            reason = ascii(answer.reason)[1:-1][:60]
            raise _failed(f"{address.text} cannot be fetched: the server answers {answer.status} {reason}")
        packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in {"", "identity"}:
            raise _failed(f"{address.text} comes packed ({packed[:20]}), which was not asked for")
        return _read(answer, address, deadline)


def _read(answer: http.client.HTTPResponse, address: Address, deadline: float) -> bytes:
    content = bytearray()
    announced = answer.length or 0
    while announced <= LARGEST and (chunk := answer.read(_CHUNK)):
        content += chunk
        announced = max(announced, len(content))
    if announced > LARGEST:
        raise PictureError(
            f"{address.text} has more than {LARGEST >> 20} MiB; download it with another program first",
            code="too-large",
        )
    if time.monotonic() >= deadline:
        raise TimeoutError
    if answer.length:  # what is left of what was announced
        raise _failed(f"{address.text} cannot be fetched: the connection ended before the data did")
    return bytes(content)


@contextmanager
def _answer(address: Address, deadline: float) -> Iterator[http.client.HTTPResponse]:
    """The server's answer, its body not yet read; every wait together ends at the deadline."""
    connection = http.client.HTTPSConnection(address.host, address.port)
    plain = _connect(address, deadline)
    # A server that sends a byte now and then outlives every timeout of the socket: at the deadline it is hung up, by a
    # second handle, for the first one changes hands.
    handle = plain.dup()
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _hang_up, [handle])
    timer.daemon = True
    timer.start()
    try:
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=address.host)
        headers = {
            "User-Agent": f"fer-edge/{__version__}",
            "Accept": "image/*",
            "Accept-Encoding": "identity",
        }
        connection.request("GET", address.target, headers=headers | {"Connection": "close"})
        with connection.getresponse() as answer:  # it has the connection now
            yield answer
    finally:
        timer.cancel()
        connection.close()
        plain.close()
        handle.close()


def _hang_up(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def _connect(address: Address, deadline: float) -> socket.socket:
    """A connection to one of the addresses that were checked, by number, so that the name is not looked up again."""
    problem: OSError | None = None
    for number in check_public(address, _look_up(address, deadline)):
        wait = min(CONNECT_SECONDS, deadline - time.monotonic())
        if wait <= 0:
            break
        try:
            return socket.create_connection((number, address.port), timeout=wait)
        except OSError as error:
            problem = error
    raise problem or TimeoutError


def _look_up(address: Address, deadline: float) -> list[str]:
    """The numbers of a name; in a thread, for the system's look-up has no limit of its own."""
    found: list[str] = []
    problems: list[OSError] = []

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except OSError as error:
            problems.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if problems:
        raise problems[0]
    if not found:
        raise TimeoutError
    return found


def check_public(address: Address, numbers: list[str]) -> list[str]:
    """The same numbers, all of which the whole internet can reach.

    Raises:
        PictureError: one of them is of this machine, of a private network or of no single machine.
    """
    for number in numbers:
        if not is_public(number):
            belongs = f"{number} is" if address.host == number else f"{address.host} is {number},"
            raise _refused(
                f"{address.text} is not fetched: {belongs} of this machine or its network; "
                "download the picture with another program first"
            )
    return numbers


def is_public(number: str) -> bool:
    """Whether an address is one that anybody can reach; of those that wrap an IPv4 address, that one counts too."""
    ip = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None and not is_public(str(wrapped)):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not ip.is_multicast


def _reason(error: Exception, deadline: float) -> str:
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return f"no answer within {SECONDS:g} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "there is no server of that name"
    text = error.strerror if isinstance(error, OSError) else str(error)
    return ascii(text or type(error).__name__)[1:-1][:120]


def _refused(message: str) -> PictureError:
    return PictureError(message, code="address-refused")


def _failed(message: str) -> PictureError:
    return PictureError(message, code="address-failed")
