"""The pages: the built web page at ``/``, and one to try the interface. Nothing they load comes from elsewhere."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

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


STATIC = {
    "/": ("fer_edge.predict.server", "static/no_page.html"),
    "/docs": ("fer_edge.predict.server", "static/try.html"),
    "/docs/try.js": ("fer_edge.predict.server", "static/try.js"),
    "/docs/try.css": ("fer_edge.predict.server", "static/try.css"),
    "/docs/style.css": ("fer_edge.console", "templates/style.css"),
}
"""What lies at which path: package and file. The style sheet is that of all pages."""


def add_pages(app: FastAPI) -> None:
    """Add what people look at; none of it is part of the interface for programs."""
    for path, (package, name) in STATIC.items():
        _add_file(app, path, resources.files(package).joinpath(*name.split("/")))


def _add_file(app: FastAPI, path: str, file: Traversable) -> None:
    content = file.read_bytes()
    headers = page_headers(file.name, content)

    @app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
    async def get(request: Request) -> Response:
        return answer_file(request, content, headers)


def page_headers(name: str, content: bytes) -> dict[str, str]:
    """Headers of a file that a page consists of: it is asked for each time, and sent only if it is another."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    return {
        "Content-Type": TYPES.get(ending, "application/octet-stream"),
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cache-Control": "no-cache",
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    }


def answer_file(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    """The file, or that the client has it already."""
    known = request.headers.get("if-none-match", "")
    if headers["ETag"] in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers)
