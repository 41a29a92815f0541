"""The built site without a mouse: what the Tab key reaches, and what keys do there."""

import re

import pytest
from built_site import PAGES, PHONE, first_page, page

MAPS = ["attention-map", "attention-softmax", "attention-plane", "attention-masks"]

# What a reader can act on, numbered; of radio buttons only the chosen one is a stop.
NUMBER_STOPS = """() => {
    const stops = [...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex='0']"
    )].filter(node => node.checkVisibility({ visibilityProperty: true })
        && !node.disabled && node.tabIndex >= 0
        && (node.type !== "radio" || node.checked));
    stops.forEach((node, number) => { node.dataset.stop = number; });
    return stops.map(node => node.outerHTML.slice(0, 120));
}"""
# The focused element, its box, and whether it or what stands around it is marked.
FOCUSED = """() => {
    const node = document.activeElement;
    if (node === document.body) return null;
    const around = [node, node.parentElement, node.parentElement.parentElement,
        node.closest("[role=row]"), ...node.children].filter(Boolean);
    const isMarked = (place) => {
        const style = getComputedStyle(place);
        return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
            || style.boxShadow !== "none"
            || (place.matches("g") && style.stroke !== "none");
    };
    const { top, bottom, width, height } = node.getBoundingClientRect();
    return {
        stop: node.dataset.stop === undefined ? null : Number(node.dataset.stop),
        html: node.outerHTML.slice(0, 120),
        isMarked: around.some(isMarked),
        isInView: bottom > 0 && top < innerHeight && width > 0 && height > 0,
    };
}"""


def press_tab_to(tab, selector, most=400):
    """Press Tab until the focus is on an element that fits, as a reader would."""
    for _ in range(most):
        tab.keyboard.press("Tab")
        if tab.evaluate("s => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"{most} times Tab do not reach {selector}")


def status_of(tab, name):
    return tab.locator(name).first.get_by_role("status")


def first_page_with_a_wide_diagram():
    return next(
        name
        for name in PAGES
        for drawing in page(name).select("svg.diagram")
        if int(re.search(r"min-width: (\d+)px", drawing["style"])[1]) > PHONE["width"]
    )


@pytest.mark.parametrize("name", ["index.html", *dict.fromkeys(map(first_page, MAPS))])
def test_tab_reaches_everything_and_shows_where_it_is(visit, name):
    tab = visit(name)
    stops = dict(enumerate(tab.evaluate(NUMBER_STOPS)))
    assert len(stops) > 20
    for _ in range(2 * len(stops)):
        tab.keyboard.press("Tab")
        focused = tab.evaluate(FOCUSED)
        if focused is None:
            break
        assert focused["isMarked"], f"no focus is seen: {focused['html']}"
        assert focused["isInView"], f"out of view: {focused['html']}"
        stops.pop(focused["stop"], None)
    assert not stops, "the Tab key does not reach these"


def test_the_skip_link_comes_first_and_leads_to_the_chapter(visit):
    tab = visit(first_page("attention-map"))
    tab.keyboard.press("Tab")
    focused = tab.locator(":focus")
    assert focused.inner_text() == "Skip to main content"
    assert focused.bounding_box()["y"] >= 0
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize(
    ("name", "control", "key"),
    [
        ("attention-map", "attention-map input", "ArrowRight"),
        ("attention-softmax", "attention-softmax input[type=range]", "ArrowLeft"),
        ("attention-plane", "attention-plane .ex-handle", "ArrowRight"),
        ("attention-masks", "attention-masks input[type=radio]", "ArrowDown"),
    ],
    ids=MAPS,
)
def test_a_map_answers_the_arrow_keys(visit, name, control, key):
    tab = visit(first_page(name))
    press_tab_to(tab, control)
    status = status_of(tab, name)
    before = status.inner_text()
    tab.keyboard.press(key)
    assert status.inner_text() != before


def test_a_mask_is_switched_with_the_space_bar(visit):
    tab = visit(first_page("attention-masks"))
    press_tab_to(tab, "attention-masks input[type=checkbox]")
    tab.keyboard.press("Space")
    assert tab.locator("attention-masks .ex-masked").count() > 0


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_folded_solution_opens_and_closes(visit, key):
    tab = visit(first_page("div.cell_output details"))
    press_tab_to(tab, "div.cell_output summary")
    text = tab.locator("details:has(:focus) > :not(summary)").first
    assert not text.is_visible()
    tab.keyboard.press(key)
    assert text.is_visible()
    tab.keyboard.press(key)
    assert not text.is_visible()


def test_the_theme_switch_answers_enter(visit):
    tab = visit("index.html")
    press_tab_to(tab, ".theme-switch-button")
    themes = set()
    for _ in range(3):
        tab.keyboard.press("Enter")
        themes.add(tab.evaluate("document.documentElement.dataset.theme"))
    assert themes == {"light", "dark"}


def test_the_search_dialog_opens_closes_and_gives_the_focus_back(visit):
    tab = visit("index.html")
    press_tab_to(tab, ".search-button__button")
    field = tab.locator(".search-button__search-container input")
    tab.keyboard.press("Enter")
    assert field.is_visible()
    assert field.evaluate("node => node === document.activeElement")
    tab.keyboard.press("Escape")
    assert not field.is_visible()
    assert tab.evaluate("document.activeElement.matches('.search-button__button')")


def test_a_box_wider_than_a_phone_is_a_stop_and_the_arrow_keys_move_it(visit):
    tab = visit(first_page_with_a_wide_diagram())
    tab.set_viewport_size(PHONE)
    press_tab_to(tab, ".diagram-box")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_timeout(300)  # the compositor scrolls when it is ready
    assert tab.locator(":focus").evaluate("box => box.scrollLeft") > 0


def test_the_menu_of_a_phone_opens_takes_the_focus_and_closes(visit):
    tab = visit(first_page("attention-map"))
    tab.set_viewport_size(PHONE)
    press_tab_to(tab, ".primary-toggle")
    menu = tab.get_by_role("navigation", name="Main")
    tab.keyboard.press("Enter")
    tab.locator(".bd-sidebar-primary :focus").wait_for()
    assert menu.get_by_role("link").first.is_visible()
    press_tab_to(tab, "nav[aria-label=Main] a", most=9)
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.matches('.primary-toggle')")


def test_a_closed_menu_of_a_phone_takes_no_focus(visit):
    tab = visit(first_page("attention-map"))
    tab.set_viewport_size(PHONE)
    press_tab_to(tab, "main *", most=4)
