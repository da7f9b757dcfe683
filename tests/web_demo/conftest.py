"""What the tests of the TypeScript need: the packages of the lock file and the compiled core, made once a run."""

import os

import pytest

from support import node


def pytest_collection_modifyitems(items):
    """Builds take longer than most tests; nothing else waits for them."""
    for item in items:
        if "core" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def core(tmp_path_factory):
    """The folder of the npm package, compiled."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with node.once(shared, "web-core") as first:
        if first:
            node.install()
            node.run(["npm", "run", "build", "--workspace", "core"])
    node.require_node()
    return node.WEB_DEMO / "core"
