"""The built page with a bundle, and Chromium; where they are missing a test is skipped with a sentence."""

import os
import sys

import numpy as np
import pytest
from PIL import Image

from fer_edge.console.web_page import open_web_page, pack
from support import node
from support.browser import Browser
from support.web_site import make_site, serve


@pytest.fixture(scope="session")
def built(core, tmp_path_factory):
    """The page of this checkout, built with its list of files, as ``make web`` packs it."""
    folder = tmp_path_factory.mktemp("page")
    environment = {**os.environ, "FER_EDGE_PYTHON": sys.executable}
    node.run(
        ["npm", "run", "build", "--workspace", "page", "--", "--outDir", folder / "dist"], env=environment
    )
    pack(folder / "dist", folder / "built")
    return folder / "built"


@pytest.fixture(scope="session")
def site(built, builtin_bundle, tmp_path_factory):
    """A folder for any web server. Not to be changed."""
    return make_site(tmp_path_factory.mktemp("site") / "site", built, builtin_bundle)


@pytest.fixture(scope="session")
def policy(built):
    return open_web_page(built).content_security_policy


@pytest.fixture(scope="session")
def address(site, policy):
    """Served with the policy as a header of every file, the workers' too."""
    with serve(site, policy) as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    return node.require_chromium()


@pytest.fixture(scope="session")
def browser(chromium):
    with Browser(chromium) as browser:
        yield browser


@pytest.fixture
def page(browser):
    page = browser.page()
    yield page
    page.close()


@pytest.fixture(scope="session")
def opened(browser, address):
    """A page with the model ready, for tests that leave it as they found it."""
    return browser.page().open(address)


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory):
    """A photograph that scikit-image ships, as PNG: NASA's of Eileen Collins, in the public domain."""
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("photographs") / "astronaut.png"
    Image.fromarray(np.asarray(astronaut())).save(path)
    return path
