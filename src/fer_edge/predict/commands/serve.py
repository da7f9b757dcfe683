"""``fer-predict serve``: the command; what it runs is :mod:`fer_edge.predict.server`."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import VariantName, Word, list_option, names_in
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, threads_option
from fer_edge.predict.detection import detection_options, finder_of
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import need

if TYPE_CHECKING:
    from fer_edge.predict.server.running import Started
    from fer_edge.predict.server.served_bundle import ServedBundle
    from fer_edge.predict.server.settings import ServerSettings

TOKEN_VARIABLE = "FER_EDGE_TOKEN"  # noqa: S105 - its name
SHORTEST_TOKEN = 16
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_WORKERS = 256


@command("serve", example="fer-predict serve --model bundle --port 8000")
@click.option("--model", "model_path", type=PATH, default=Path("bundle"), show_default=True,
              help="A bundle, as fer-export wrote it: it is checked whole first.")  # fmt: skip
@click.option(
    "--variant", type=VariantName(), help="Of the bundle, such as tflite-int8; it must have passed."
)
@click.option(
    "--engine",
    type=Word("engine", names_in("fer_edge.runtime.engines:ENGINES")),
    help="What runs it, such as litert or onnxruntime.",
)
@threads_option("Of each worker's engine.")
@detection_options
@click.option(
    "--db",
    "database",
    type=PATH,
    metavar="FILE",
    help="Results that GET /v1/images reads; fer-predict --db writes them.",
)
@click.option(
    "--page", type=PATH, metavar="DIR", help="The folder of a built web page, instead of this installation's."
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0: all of this machine's.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free."
)
@list_option(
    "--allow-host", metavar="NAME,...", help="Names that requests may be addressed to, besides --host."
)
@click.option(
    "--token-file", type=PATH, help=f"Requests must carry the token in this file, or in {TOKEN_VARIABLE}."
)
@click.option(
    "--workers", type=click.IntRange(1, MOST_WORKERS), help="Pictures at a time; one a core without it."
)
@click.option(
    "--queue",
    type=click.IntRange(0, 10_000),
    help="Pictures that may wait; half as many as workers without it.",
)
@click.option("--pool", type=Word("kind of pool", ("process", "thread")), default="process", show_default=True,
              help="What a worker is.")  # fmt: skip
@click.option("--max-megabytes", type=click.FloatRange(0.001, 1024), default=16, show_default=True,
              help="Of a request's body, in units of 1,048,576 bytes.")  # fmt: skip
@click.option("--max-pixels", type=click.IntRange(1, 50_331_648), default=25_000_000, show_default=True,
              help="Of a picture.")  # fmt: skip
@click.option("--time-limit", type=click.FloatRange(0.1, 3600), default=10, show_default=True,
              help="Seconds that a worker may look at a picture.")  # fmt: skip
@click.option("--header-timeout", type=click.FloatRange(0.1, 3600), default=10, show_default=True,
              help="Seconds for a request's headers to come.")  # fmt: skip
@click.option("--body-timeout", type=click.FloatRange(0.1, 3600), default=30, show_default=True,
              help="Seconds for a request's body to come.")  # fmt: skip
@click.option("--drain-timeout", type=click.FloatRange(0, 3600), default=30, show_default=True,
              help="Seconds that accepted requests get after SIGTERM.")  # fmt: skip
def serve_command(output: Output, **given: Any) -> int:
    """Answer HTTP: POST a picture to /v1/predict and get its prediction JSON.

    /docs is a page to try it, /openapi.json describes it. Logs go to standard error, one JSON object a line. SIGTERM and
    Ctrl-C let requests that were accepted come to their end.
    """
    if math.isnan(given["max_megabytes"] + given["time_limit"]):
        usage_error("nan is no limit")
    need("serve", "fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")
    from fer_edge.predict.server.running import open_socket, run_server
    from fer_edge.predict.server.served_bundle import serve_bundle

    token = _read_token(given["token_file"])
    finder_of(given)  # what is wrong with it is said before anything starts
    _look_at_database(given["database"])
    variant = given["variant"].name if given["variant"] else None
    with (
        open_socket(given["host"], given["port"]) as listening,
        serve_bundle(given["model_path"], variant, given["engine"]) as bundle,
    ):
        settings = _settings(given, bundle, token)
        if token is None and given["host"] not in LOOPBACK:
            output.warn(
                f"everybody who reaches {given['host']} can send pictures; a token (--token-file) or a proxy keeps others out"
            )
        return run_server(settings, bundle, listening, lambda started: _tell(output, started))


def _settings(given: dict[str, Any], bundle: ServedBundle, token: str | None) -> ServerSettings:
    from fer_edge.predict.server.settings import MIB, Limits, ModelChoice, ServerSettings

    workers = given["workers"] or _cores()
    choice = ModelChoice(
        bundle=bundle.copy,
        variant=bundle.variant,
        engine=given["engine"],
        threads=given["threads"],
        detector=given["detector"],
        detector_model=given["detector_model"],
        min_face=given["min_face"] or 0,
        overlap=given["overlap"],
        most_pixels=given["max_pixels"],
    )
    limits = Limits(
        body_bytes=round(given["max_megabytes"] * MIB),
        buffered_bytes=max(Limits().buffered_bytes, round(2 * given["max_megabytes"] * MIB)),
        header_seconds=given["header_timeout"],
        body_seconds=given["body_timeout"],
        recognition_seconds=given["time_limit"],
        drain_seconds=given["drain_timeout"],
    )
    return ServerSettings(
        model=choice,
        limits=limits,
        workers=workers,
        queue=max(1, workers // 2) if given["queue"] is None else given["queue"],
        pool=given["pool"],
        database=given["database"],
        page=given["page"],
        token=token,
        hosts=_hosts(given["host"], given["allow_host"]),
    )


def _look_at_database(path: Path | None) -> None:
    if path is not None:
        from fer_edge.predict.database.file import open_for_reading

        open_for_reading(path).close()


def _hosts(host: str, allowed: tuple[str, ...]) -> frozenset[str]:
    """Names that requests may be addressed to; empty: any, where the whole network may come and no name was given."""
    if host not in LOOPBACK and not allowed:
        return frozenset()
    return LOOPBACK | {name.lower().strip("[]") for name in (host, *allowed)}


def _read_token(file: Path | None) -> str | None:
    """The token; a command line can be read by everybody on a machine, so it cannot be given there."""
    token = os.environ.get(TOKEN_VARIABLE)
    called = TOKEN_VARIABLE
    if file is not None:
        called = str(file)
        try:
            token = file.read_text("ascii")
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not ASCII"
            raise FerEdgeError(f"the token cannot be read from {file}: {reason}") from None
    if token is None:
        return None
    token = token.strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise FerEdgeError(
            f"the token in {called} has {len(token)} characters; it needs at least {SHORTEST_TOKEN}, printable and without "
            "spaces, such as from: openssl rand -hex 32"
        )
    return token


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tell(output: Output, started: Started) -> None:
    answers = started.answers_by
    output.result(
        {"url": started.url, "workers": started.workers, **answers},
        f"{answers['model']}: {answers['variant']} by {answers['engine']}, {started.workers} "
        f"worker{'s' * (started.workers > 1)}\n{started.url}/ answers; {started.url}/docs is a page to try it; Ctrl-C stops it",
    )
