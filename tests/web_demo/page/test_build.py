"""The build: the same bytes from the same sources, and the page of this installation is not an old one."""

import pytest

from fer_edge.console.web_page import LIST, built_folder, open_web_page


def test_the_page_of_this_installation_is_what_these_sources_build(built):
    """Built at another time, into another folder."""
    installed = built_folder()
    if not (installed / LIST).exists():
        pytest.skip("this checkout has no page yet: make web")
    assert open_web_page(installed).files == open_web_page(built).files, "it is an old one: make web"
