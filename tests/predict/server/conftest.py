"""Servers of the built-in model, and photographs that nobody here took."""

import pytest
from skimage import data

from support.servers import encoded, serving


@pytest.fixture(scope="session")
def serve(builtin_bundle):
    """``with serve("--queue", 1) as running:`` a server of the built-in model."""

    def start(*options, **variables):
        chosen = () if "--model" in options else ("--model", builtin_bundle)
        return serving(*chosen, *options, **variables)

    return start


@pytest.fixture(scope="session")
def server(serve):
    """One server for the tests that leave it as it was."""
    with serve(
        "--header-timeout", 2, "--body-timeout", 2, "--max-megabytes", 2, "--max-pixels", 4_000_000
    ) as running:
        yield running


@pytest.fixture
def client(server):
    with server.client() as opened:
        yield opened


@pytest.fixture(scope="session")
def astronaut():
    """A photograph with one face, as a JPEG file."""
    return encoded(data.astronaut(), quality=90)
