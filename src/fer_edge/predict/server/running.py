"""Running a server: the socket first, then the bundle and the workers, then requests, until a signal comes."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from types import FrameType

import uvicorn

from fer_edge.predict.server.application import Service, make_application
from fer_edge.predict.server.connection import connections_with
from fer_edge.predict.server.logs import log, take_over_logging
from fer_edge.predict.server.pool import Pool
from fer_edge.predict.server.process_worker import ProcessWorker
from fer_edge.predict.server.served_bundle import ServedBundle
from fer_edge.predict.server.settings import ServerSettings
from fer_edge.predict.server.thread_worker import ThreadWorker
from fer_edge.predict.server.worker import WorkerFailed
from fer_edge.runtime.errors import EngineError, FerEdgeError

BACKLOG = 1024
POOLS: dict[str, Callable[..., ProcessWorker | ThreadWorker]] = {
    "process": ProcessWorker,
    "thread": ThreadWorker,
}


@dataclass(frozen=True, slots=True)
class Started:
    """A server that answers.

    Attributes:
        url: where.
        answers_by: model, variant and engine.
        workers: how many pictures at a time.
    """

    url: str
    answers_by: dict[str, str]
    workers: int


def open_socket(host: str, port: int) -> socket.socket:
    """Listen.

    Args:
        host: a name or address of this machine.
        port: 0: any that is free.

    Raises:
        FerEdgeError: the port is taken, or the host is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise FerEdgeError(f"--host {host!a} is no address of this machine: {_reason(error)}") from None
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        advice = "; name another --port, or 0 for any that is free" if error.errno == errno.EADDRINUSE else ""
        raise FerEdgeError(f"cannot listen on {host} port {port}: {_reason(error)}{advice}") from None
    return found


def run_server(
    settings: ServerSettings, bundle: ServedBundle, listening: socket.socket, tell: Callable[[Started], None]
) -> int:
    """Serve until SIGTERM or Ctrl-C, and until what was accepted by then is answered.

    Args:
        settings: of the server.
        bundle: that is served.
        listening: of :func:`open_socket`; it is closed.
        tell: called once, when requests are answered.

    Returns:
        128 + the number of the signal.

    Raises:
        EngineError: a worker cannot start.
    """
    take_over_logging()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, bundle, listening, tell))


async def _serve(
    settings: ServerSettings, bundle: ServedBundle, listening: socket.socket, tell: Callable[[Started], None]
) -> int:
    pool = Pool(
        partial(POOLS[settings.pool], settings.model),
        settings.workers,
        settings.queue,
        settings.limits.recognition_seconds,
    )
    service = Service(settings, bundle, pool)
    server = _server(service)
    with server.signals():
        try:
            await pool.start()
            url = _url(listening)
            log("started", url=url, workers=settings.workers, **pool.answers_by, bundle_sha256=bundle.sha256)
            tell(Started(url, pool.answers_by, settings.workers))
            await server.serve(sockets=[listening])
        except WorkerFailed as error:
            raise EngineError(str(error)) from None
        finally:
            listening.close()
            await pool.stop()
    log("stopped", signal=signal.Signals(server.signal_number).name)
    return 128 + server.signal_number


def _server(service: Service) -> Server:
    limits = service.settings.limits
    count = partial(service.metrics.count_unread, "unread")
    server = Server(
        uvicorn.Config(
            make_application(service),
            http=connections_with(limits, count),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=int(limits.idle_seconds),
            timeout_graceful_shutdown=int(limits.drain_seconds),
        )
    )
    service.draining = lambda: server.should_exit
    service.connections = lambda: len(server.server_state.connections)
    return server


class Server(uvicorn.Server):
    """uvicorn's server; signals are its from before the workers start, and are not sent again when it has ended.

    Attributes:
        signal_number: that ended it.
    """

    signal_number = int(signal.SIGTERM)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, with a second hold on what is listened on: see :meth:`shutdown`."""
        self._kept = [each.dup() for each in sockets or []]
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, but first take in who has connected already and waits in the system's queue; then drain."""
        for server in self.servers:
            server.close()
        for each in self._kept:
            await self._accept_rest(each)
        await super().shutdown(sockets)

    async def _accept_rest(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                try:
                    connected, _ = listening.accept()
                except OSError:
                    return
                connected.setblocking(False)
                await loop.connect_accepted_socket(self._connection, connected)

    def _connection(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state={})

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Nothing: :meth:`signals` has them already."""
        return nullcontext()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came: the first one begins the end, a second Ctrl-C does not wait for it."""
        if not self.should_exit:
            self.signal_number = sig
            log("stopping", signal=signal.Signals(sig).name)
        super().handle_exit(sig, frame)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT while the block runs."""
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
