"""The application: its routes, in the order that people read, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from fer_edge import __version__
from fer_edge.predict.server import documentation
from fer_edge.predict.server.answering import Job, json_line
from fer_edge.predict.server.documentation import ImagesQuery, PredictQuery
from fer_edge.predict.server.gate import PREDICT, Gate
from fer_edge.predict.server.metrics import Metrics
from fer_edge.predict.server.pages import add_pages
from fer_edge.predict.server.picture_body import NAMELESS, Intake, picture_of, refuse_type
from fer_edge.predict.server.pool import Pool
from fer_edge.predict.server.refusals import Refusal, error_body
from fer_edge.predict.server.served_bundle import ServedBundle
from fer_edge.predict.server.settings import ServerSettings
from fer_edge.predict.server.stored_images import read_page

if TYPE_CHECKING:
    from starlette.types import ASGIApp

JSON = "application/json"
LEFT = 499
"""Status in the log of a request whose client did not wait for the answer; nobody receives it."""


class Service:
    """What the routes share.

    Attributes:
        settings: of the server.
        bundle: that is served.
        pool: answers pictures.
        metrics: counts.
        intake: reads bodies.
        draining: whether the server has been told to stop.
        connections: how many are open.
    """

    def __init__(self, settings: ServerSettings, bundle: ServedBundle, pool: Pool) -> None:
        self.settings = settings
        self.bundle = bundle
        self.pool = pool
        self.metrics = Metrics()
        self.intake = Intake(settings.limits)
        self.draining: Callable[[], bool] = lambda: False
        self.connections: Callable[[], int] = lambda: 0
        pool.observe = self.metrics.observe_picture
        self.metrics.watch(pool, self._count_connections, bundle.sha256)

    def _count_connections(self) -> int:
        return self.connections()


def make_application(service: Service) -> ASGIApp:
    """The whole ASGI application."""
    app = FastAPI(
        title="fer-predict serve",
        version=__version__,
        description=documentation.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=documentation.EVERYWHERE,
    )
    _add_routes(app, service)
    add_pages(app, service.bundle, service.settings.page)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _refused)
    documentation.describe(app)
    return Gate(app, service.settings, service.metrics, service.pool.refuse_if_full)


def _add_routes(app: FastAPI, service: Service) -> None:
    @app.post(PREDICT, **documentation.PREDICT)
    async def predict(request: Request, query: Annotated[PredictQuery, Query()]) -> Response:
        """The faces of one picture and their emotions."""
        return await _predict(service, request, query)

    @app.get("/v1/images", **documentation.IMAGES)
    async def images(query: Annotated[ImagesQuery, Query()]) -> Response:
        """What the database holds, a page at a time."""
        if service.settings.database is None:
            raise Refusal("no-database", "this server was started without a database: --db FILE")
        document = await run_in_threadpool(read_page, service.settings.database, query)
        return Response(json_line(document), media_type=JSON)

    @app.api_route("/healthz", methods=["GET", "HEAD"], **documentation.HEALTH)
    async def health() -> Response:
        """Whether pictures are answered."""
        return _health(service)

    @app.get("/metrics", **documentation.METRICS)
    async def metrics(request: Request) -> Response:
        """Figures for Prometheus."""
        content, media_type = service.metrics.render(request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type})


async def _predict(service: Service, request: Request, query: PredictQuery) -> Response:
    content_type = request.headers.get("content-type", "")
    refuse_type(content_type, request.headers.get("content-encoding", ""))
    with service.intake.account() as mine:
        try:
            body = await service.intake.read(request.stream(), request.headers.get("content-length"), mine)
        except ClientDisconnect:
            return Response(status_code=LEFT)
        received = picture_of(body, content_type)
        del body
        if received.fields:
            query = documentation.with_fields(query, received.fields)
        job = Job(
            received.content,
            received.file_name or query.file_name or NAMELESS,
            query.threshold,
            query.probabilities,
        )
        answer = await service.pool.answer(job, lambda: _gone(request))
    if answer is None:
        return Response(status_code=LEFT)
    if answer.failure is not None:
        raise Refusal(answer.failure.code, answer.failure.message)
    service.metrics.count_picture(len(job.picture), answer.faces)
    return Response(answer.document, media_type=JSON)


async def _gone(request: Request) -> None:
    """Wait until the client closes its connection; the body is read already."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _health(service: Service) -> Response:
    state = service.pool.state
    status = "draining" if service.draining() else "ok" if state.running else "no worker"
    told: dict[str, Any] = {
        "status": status,
        "workers": state.running,
        **service.pool.answers_by,
        "bundle_sha256": service.bundle.sha256,
        "version": __version__,
    }
    return documentation.json_response(told, 200 if status == "ok" else 503)


async def _refused(request: Request, error: Exception) -> Response:
    """Any error as a document with a code and a sentence."""
    refusal = _as_refusal(request, error)
    request.scope["fer_edge.code"] = refusal.code
    return Response(
        error_body(refusal.code, refusal.message),
        refusal.status,
        refusal.headers,
        JSON,
    )


def _as_refusal(request: Request, error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        return documentation.refuse_parameters(error)
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return Refusal(
            "wrong-method", f"{request.method} is not for this path; allowed: {allowed}", {"Allow": allowed}
        )
    if not isinstance(error, HTTPException):
        return Refusal("internal", "the server made a mistake; its log says more")
    return Refusal("not-found", "there is nothing at this path; /openapi.json lists what there is")
