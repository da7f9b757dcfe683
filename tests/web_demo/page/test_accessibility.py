"""Everybody can use the page: axe finds nothing, the keyboard reaches everything, phones and dark rooms are thought of."""

import pytest

PHONE = (360, 740)
DESKTOP = (1280, 900)
NO_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim()"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing(browser, address, astronaut, tmp_path, size, dark):
    page = browser.page(*size, dark=dark)
    page.open(address)
    assert page.axe() == [], "at the start"
    page.choose(astronaut)
    assert page.axe() == [], "with a face"
    assert page.evaluate(NO_SIDEWAYS) == 0
    (tmp_path / "text.jpg").write_bytes(b"text")
    page.choose(tmp_path / "text.jpg")
    assert page.axe() == [], "with a sentence"
    page.close()


@pytest.mark.parametrize("width", [320, 360, 412, 600, 768, 960, 1024, 1920])
def test_nothing_sticks_out_sideways(browser, address, astronaut, width):
    page = browser.page(width, 800)
    page.open(address)
    page.choose(astronaut)
    assert page.evaluate(NO_SIDEWAYS) == 0
    page.close()


def test_the_keyboard_reaches_everything_in_order(page, address):
    page.open(address)
    reached = []
    for _ in range(6):
        page.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert reached == [
        "file",
        "camera",
        "example",
        "variant",
        "Hashes, to compare with the bundle's manifest",
        "Licenses of the engines and the face detector",
    ]
    page.evaluate("document.querySelector('#example').focus()")
    page.press("Enter")
    page.wait("document.querySelectorAll('.face').length === 1")
    assert page.evaluate(FOCUSED) == "example"


def test_the_focus_is_seen_on_the_picker_that_only_its_label_shows(page, address):
    page.open(address)
    page.press("Tab")
    outline = "getComputedStyle(document.querySelector('#file + .button')).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_answers_and_refusals_are_told(page, address, astronaut, tmp_path):
    page.open(address)
    page.choose(astronaut)
    page.wait("document.querySelector('#live').textContent.includes('happiness')")
    assert page.evaluate("document.querySelector('#live').getAttribute('aria-live')") == "polite"
    assert "1 face" in page.evaluate("document.querySelector('#picture').getAttribute('aria-label')")
    (tmp_path / "text.jpg").write_bytes(b"text")
    page.choose(tmp_path / "text.jpg")
    assert page.evaluate("document.querySelector('#problem').getAttribute('role')") == "alert"


def test_nothing_moves_for_those_who_ask_for_that(browser, address):
    page = browser.page(reduced_motion=True)
    page.open(address)
    assert page.evaluate("getComputedStyle(document.querySelector('.spinner')).animationName") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('button')).transitionProperty") == "none"
    page.close()


def test_colors_that_a_person_forces(browser, address, astronaut):
    page = browser.page(scripts=[])
    page.open(address)
    page.choose(astronaut)
    assert page.evaluate(
        "[...document.styleSheets[0].cssRules].some((rule) => rule.conditionText === '(forced-colors: active)')"
    )
    page.close()
