"""The built site in a real browser: every page as a reader sees it."""

import re
from itertools import chain

import nbformat
import pytest
from built_site import OPEN_WHAT_IS_FOLDED, PAGES, PHONE, ROOT, first_page, page

every_page = pytest.mark.parametrize("tab", PAGES, indirect=True)

PROSE = """() => {
    const main = document.querySelector("main").cloneNode(true);
    for (const code of main.querySelectorAll("pre, code, script, style, math")) {
        code.remove();
    }
    return main.textContent;
}"""
# Whatever stands in `main` and has no size, although it should be seen.
UNSEEN = """selector => {
    return [...document.querySelectorAll(`main ${selector}`)].filter(node => {
        const { width, height } = node.getBoundingClientRect();
        return width < 4 || height < 4;
    }).map(node => node.outerHTML.slice(0, 120));
}"""


# --------------------------------------------------------------- every page


@every_page
def test_a_page_shows_its_title(tab):
    assert tab.locator("h1").first.is_visible()


@every_page
def test_no_equation_or_diagram_is_left_as_text(tab):
    prose = tab.evaluate(PROSE)
    assert not re.findall(r"\$\$|\\[A-Za-z]{2,}|\$[^$\s][^$\n]*\$", prose)
    assert not re.findall(r"```|\bflowchart (?:TD|TB|LR|RL|BT)\b|--+>", prose)


@every_page
def test_equations_and_diagrams_are_seen(tab):
    tab.evaluate(OPEN_WHAT_IS_FOLDED)
    assert not tab.evaluate(UNSEEN, "math")
    assert not tab.evaluate(UNSEEN, "svg.diagram")


@every_page
def test_every_picture_has_arrived(tab):
    broken = tab.locator("img").evaluate_all(
        "async (all) => {"
        "  for (const img of all) {"
        "    img.loading = 'eager';"
        "    await img.decode().catch(() => {});"
        "  }"
        "  return all.filter(img => !img.naturalWidth).map(img => img.src);"
        "}"
    )
    assert not broken


@every_page
def test_every_map_is_alive(tab):
    dead = tab.evaluate(
        "[...document.querySelectorAll('*')].map(node => node.localName).filter("
        "  name => name.startsWith('attention-') && !document.querySelector("
        "    `${name} .am-ready [role=status]:not(:empty)`))"
    )
    assert not dead


@every_page
def test_a_page_fits_a_phone(tab):
    tab.set_viewport_size(PHONE)
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], f"scrolls sideways: {width} pixels wide"


# ------------------------------------------------------------------- themes


def test_the_theme_switch_reaches_light_and_dark(visit):
    tab = visit("index.html")
    button = tab.locator(".theme-switch-button:visible").first
    seen = {}
    for _ in range(3):
        button.click()
        theme = tab.evaluate("document.documentElement.dataset.theme")
        seen[theme] = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert set(seen) == {"light", "dark"}
    assert seen["light"] != seen["dark"]


def test_the_next_page_keeps_the_theme(visit):
    tab = visit("index.html")
    button = tab.locator(".theme-switch-button:visible").first
    while tab.evaluate("document.documentElement.dataset.theme") != "dark":
        button.click()
    tab = visit(first_page("math"))
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"


# ------------------------------------------------------------------- search


def exercise_title():
    """Give the title of one exercise and the page where it stands."""
    name = first_page("section[id^=exercise-] > h3")
    heading = page(name).select_one("section[id^=exercise-] > h3")
    return heading.find(string=True).strip(), name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("softmax", "chapters/formulas/02_softmax_and_scale.html"),
        exercise_title(),
        ("scaled dot product", "chapters/formulas/01_scores.html"),
    ],
    ids=["term", "exercise", "formula"],
)
def test_search_finds(visit, words, name):
    tab = visit("index.html")
    tab.keyboard.press("Control+k")
    tab.keyboard.type(words)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search.html*")
    tab.locator(f"#search-results a[href*='{name}']").first.wait_for()


# --------------------------------------------------------- code and exercises


def code_cells(name):
    """Read the code cells of the notebook behind a page."""
    notebook = nbformat.read(ROOT / name.replace(".html", ".ipynb"), as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_the_copy_button_copies_the_cell_and_nothing_else(visit):
    name = first_page("div.cell_input + div.cell_output")
    tab = visit(name)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.evaluate(OPEN_WHAT_IS_FOLDED)
    buttons = tab.locator("div.cell_input button.copybtn")
    sources = code_cells(name)
    assert buttons.count() == len(sources)
    for index in (0, len(sources) - 1):
        buttons.nth(index).scroll_into_view_if_needed()
        buttons.nth(index).click(force=True)
        copied = tab.evaluate("navigator.clipboard.readText()")
        assert copied.rstrip() == sources[index].rstrip()


def test_hints_and_solutions_open_and_start_closed(visit):
    tab = visit(first_page("div.cell_output details"))
    folded = tab.locator("div.cell_output details")
    labels = set(chain(*(text.split() for text in folded.all_inner_texts())))
    assert {"Hint", "Solution"} <= labels
    for label in ("Hint", "Solution"):
        box = folded.filter(has=tab.get_by_text(label, exact=True)).first
        inside = box.locator(":scope > :not(summary)").first
        assert not inside.is_visible()
        box.locator("summary").click()
        assert inside.is_visible()
        assert inside.inner_text().strip()


# --------------------------------------------------------------------- maps


def test_a_map_answers_the_pointer(visit):
    tab = visit(first_page("attention-map"))
    scope = tab.locator("attention-map").first
    scope.scroll_into_view_if_needed()
    status = scope.get_by_role("status")
    seen = set()
    for token in scope.locator(".am-query .am-cell").all()[:3]:
        token.hover()
        seen.add(status.inner_text())
    assert len(seen) > 1


# ---------------------------------------------------------------- equations


def test_equations_are_set_in_the_book_s_own_font(visit):
    tab = visit(first_page("msqrt"))
    tab.evaluate("document.fonts.ready")
    loaded = tab.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert any("STIX Two Math" in family for family in loaded)
    root = tab.locator("msqrt").first
    root.scroll_into_view_if_needed()
    assert root.bounding_box()["height"] > 5


def test_a_wide_equation_scrolls_in_its_own_box(visit):
    tab = visit(first_page("math[display=block]"))
    tab.set_viewport_size(PHONE)
    starts = tab.evaluate(
        "[...document.querySelectorAll('div.math')].map(box =>"
        " box.querySelector('math').getBoundingClientRect().left"
        " - box.getBoundingClientRect().left)"
    )
    assert min(starts) >= -1, "an equation starts left of its box, out of reach"
