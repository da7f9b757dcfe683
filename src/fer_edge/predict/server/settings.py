"""Settings of a server: what it answers with, and what it lets a client cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """What a worker opens.

    Attributes:
        bundle: folder with the manifest and the checked artifact.
        variant: of the bundle.
        engine: that runs it; None: the one of the format.
        threads: of the engine.
        detector: finds the faces.
        detector_model: file of a detector that needs one.
        min_face: pixels; 0: the detector's own.
        overlap: of two boxes that share more than this only one stays; None: the detector's own.
        most_pixels: of a picture as its file announces it; larger ones are refused before they are decoded.
        opencv_threads: of the detector; 0: as many as there are cores.
    """

    bundle: Path
    variant: str
    engine: str | None = None
    threads: int = 1
    detector: str = "haar"
    detector_model: Path | None = None
    min_face: int = 0
    overlap: float | None = None
    most_pixels: int = 25_000_000
    opencv_threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may cost. Times in seconds, sizes in bytes.

    Attributes:
        body_bytes: of one request's body.
        buffered_bytes: of all bodies that are held at a time.
        header_bytes: of a request's target and headers.
        connections: at a time.
        header_seconds: from a request's first byte, or a connection's beginning, to the end of its headers.
        body_seconds: from there to the end of its body.
        idle_seconds: that a connection may stay without a request.
        write_seconds: that a client may leave an answer unread.
        recognition_seconds: of one picture in a worker.
        drain_seconds: that accepted requests get after SIGTERM.
    """

    body_bytes: int = 16 * MIB
    buffered_bytes: int = 48 * MIB
    header_bytes: int = 32 << 10
    connections: int = 512
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 15.0
    write_seconds: float = 30.0
    recognition_seconds: float = 10.0
    drain_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """A whole server.

    Attributes:
        model: what its workers open.
        limits: of its clients.
        workers: pictures that are looked at at a time.
        queue: pictures that may wait for a worker; one more is refused.
        pool: ``process`` or ``thread``.
        database: that ``GET /v1/images`` reads; None: there is none.
        page: folder of a built web page; None: that of this installation.
        token: that requests to ``/v1`` and ``/metrics`` must carry; None: none.
        hosts: names that a request may be addressed to; empty: any.
    """

    model: ModelChoice
    limits: Limits = field(default_factory=Limits)
    workers: int = 2
    queue: int = 1
    pool: str = "process"
    database: Path | None = None
    page: Path | None = None
    token: str | None = None
    hosts: frozenset[str] = frozenset()
