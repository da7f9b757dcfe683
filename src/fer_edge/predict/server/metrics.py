"""Metrics for Prometheus, in a registry of the server's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from fer_edge.predict.server.pool import Pool

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
"""Others are counted as ``other``: a client must not make up labels."""


class Metrics:
    """All metrics of one server.

    Attributes:
        registry: what ``/metrics`` shows.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of all lines, which nothing reads
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "fer_edge_http_requests_total", "HTTP requests that were answered.",
            ("method", "route", "status"), registry=self.registry,
        )  # fmt: skip
        self._request_seconds = Histogram(
            "fer_edge_http_request_duration_seconds", "From a request's headers to the end of its answer.",
            ("route",), registry=self.registry, buckets=SECONDS,
        )  # fmt: skip
        self._refusals = Counter(
            "fer_edge_refusals_total", "Requests that were answered with an error, by its code.",
            ("code",), registry=self.registry,
        )  # fmt: skip
        self._picture_seconds = Histogram(
            "fer_edge_picture_duration_seconds", "That a worker looked at a picture.",
            registry=self.registry, buckets=SECONDS,
        )  # fmt: skip
        self._faces = Counter("fer_edge_faces_total", "Faces that were found.", registry=self.registry)
        self._bytes = Counter(
            "fer_edge_picture_bytes_total", "Bytes of pictures that were answered.", registry=self.registry
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request is answered."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def count_unread(self, route: str, code: str, status: int) -> None:
        """A connection was ended before it brought a request."""
        self._requests.labels("other", route, str(status)).inc()
        self.count_refusal(code)

    def count_refusal(self, code: str) -> None:
        """It was refused, or its picture failed."""
        self._refusals.labels(code).inc()

    def count_picture(self, size: int, faces: int) -> None:
        """A picture of ``size`` bytes has its answer."""
        self._bytes.inc(size)
        self._faces.inc(faces)

    def observe_picture(self, seconds: float) -> None:
        """A worker is done with a picture."""
        self._picture_seconds.observe(seconds)

    def watch(self, pool: Pool, connections: Callable[[], int], bundle_sha256: str) -> None:
        """Show the figures of what runs, as they are when somebody asks."""
        self.registry.register(_Running(pool, connections, bundle_sha256))

    def render(self, accept: str) -> tuple[bytes, str]:
        """The text, and its content type: Prometheus's own, or OpenMetrics where the client prefers that."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class _Running(Collector):
    """Gauges that are read, not kept."""

    def __init__(self, pool: Pool, connections: Callable[[], int], bundle_sha256: str) -> None:
        self._pool = pool
        self._connections = connections
        self._bundle_sha256 = bundle_sha256

    def collect(self) -> Iterable[Metric]:
        """The metrics of this moment."""
        yield from self._gauges()
        restarts = CounterMetricFamily("fer_edge_worker_restarts", "Workers that were started again.")
        restarts.add_metric((), self._pool.state.restarts)
        yield restarts
        yield InfoMetricFamily(
            "fer_edge_model", "What answers.", self._pool.answers_by | {"bundle_sha256": self._bundle_sha256}
        )

    def _gauges(self) -> Iterator[Metric]:
        state = self._pool.state
        for name, text, value in (
            ("workers", "Workers that can answer.", state.running),
            ("workers_busy", "Workers that look at a picture.", state.busy),
            ("queue_length", "Pictures that wait for a worker.", state.waiting),
            ("queue_limit", "Pictures that may wait.", self._pool.queue),
            ("connections", "Open connections.", self._connections()),
        ):
            yield GaugeMetricFamily(f"fer_edge_{name}", text, value)
