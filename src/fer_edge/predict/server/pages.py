"""The pages: the built web page at ``/``, and one to try the interface. Nothing they load comes from elsewhere."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.responses import FileResponse

from fer_edge.console.web_page import BUNDLE, START, open_web_page
from fer_edge.predict.server.refusals import Refusal
from fer_edge.predict.server.served_bundle import ServedBundle
from fer_edge.runtime.errors import BundleError, FerEdgeError

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of pages: whatever is put into them, it can load from and speak to this server alone."""
TYPES = {
    ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".ico": "image/x-icon", ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
    ".webp": "image/webp", ".woff2": "font/woff2", ".xml": "text/xml; charset=utf-8",
}  # fmt: skip
"""Media types by ending; anything else is bytes."""


OURS = "fer_edge.predict.server"
STATIC = {
    "/docs": (OURS, "static/try.html"),
    "/docs/try.js": (OURS, "static/try.js"),
    "/docs/try.css": (OURS, "static/try.css"),
    "/docs/style.css": ("fer_edge.console", "templates/style.css"),
}
"""What lies at which path: package and file. The style sheet is that of all pages."""


def add_pages(app: FastAPI, bundle: ServedBundle, folder: Path | None) -> None:
    """Add what people look at; none of it is part of the interface for programs.

    Args:
        app: receives the routes.
        bundle: that the web page runs.
        folder: of a built page; None: that of this installation.
    """
    for path, (package, name) in STATIC.items():
        _add_file(app, path, Path(str(resources.files(package).joinpath(name))), POLICY)
    try:
        page = open_web_page(folder)
        policy = f"{page.content_security_policy.rstrip('; ')}; frame-ancestors 'none'"
    except FerEdgeError:
        _add_file(app, "/", Path(str(resources.files(OURS).joinpath("static/no_page.html"))), POLICY)
        return
    for name, entry in page.files.items():
        for path in ("/", f"/{START}") if name == START else (f"/{name}",):
            _add_file(app, path, page.folder.joinpath(*name.split("/")), policy, entry.sha256)
    _add_bundle(app, bundle, policy)


def _add_bundle(app: FastAPI, bundle: ServedBundle, policy: str) -> None:
    @app.api_route(f"/{BUNDLE}/{{name:path}}", methods=["GET", "HEAD"], include_in_schema=False)
    def bundle_file(request: Request, name: str) -> Response:
        try:
            file, sha256 = bundle.file(name)
        except KeyError:
            raise Refusal("not-found", "the bundle has no such file") from None
        except BundleError as error:
            raise Refusal("bundle-changed", f"{error}; it is served as it was or not at all") from error
        return _answer(request, file, policy, sha256)


def _add_file(app: FastAPI, path: str, file: Path, policy: str, sha256: str | None = None) -> None:
    digest = sha256 or hashlib.sha256(file.read_bytes()).hexdigest()

    @app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
    async def page_file(request: Request) -> Response:
        return _answer(request, file, policy, digest)


def _answer(request: Request, file: Path, policy: str, sha256: str) -> Response:
    """The file, or that the client has it already: it asks each time, and is sent only what is another."""
    headers = {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cache-Control": "no-cache",
        "ETag": f'"{sha256[:32]}"',
    }
    known = request.headers.get("if-none-match", "")
    if headers["ETag"] in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    media_type = TYPES.get(file.suffix.lower(), "application/octet-stream")
    return FileResponse(file, headers=headers, media_type=media_type)
