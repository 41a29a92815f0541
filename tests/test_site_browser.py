"""The built site in a real browser: every page as a reader sees it."""

import re
from itertools import chain
from urllib.parse import quote

import nbformat
import pytest
from built_site import OPEN_WHAT_IS_FOLDED, PAGES, PHONE, ROOT, first_page

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


def test_the_search_dialog_leads_to_results(visit):
    tab = visit("index.html")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("softmax")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search.html*")
    tab.locator("#search-results a[href*='softmax_and_scale']").first.wait_for()


@pytest.fixture
def search(visit):
    """Return what a search finds, best first, as addresses."""

    def results(query):
        tab = visit(f"search.html?q={quote(query)}")
        tab.locator(".search-summary:has-text('found')").wait_for()
        links = tab.locator("#search-results li > a")
        links.first.wait_for()
        return [link.get_attribute("href") for link in links.all()]

    return results


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("softmax", "formulas/02_softmax_and_scale.html"),
        ("scaled dot product", "formulas/01_scores.html"),
        ("additive score", "formulas/01_scores.html"),
        ("rotary positions", "formulas/05_masks_and_positions.html"),
        ("加性得分", "appendix/03_glossary.html"),
        ("Attention Is All You Need", "appendix/04_references.html"),
    ],
)
def test_search_finds_formulas_by_their_names(search, query, page):
    assert any(page in address for address in search(query))


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("a loss that ignores padding", "01_translation.html#exercise-2"),
        ("integrated gradients (hard)", "06_reading_the_model.html#exercise-5"),
        ("non-maximum suppression", "05_object_detection.html#exercise-5"),
    ],
)
def test_search_puts_the_exercise_of_that_name_first(search, query, heading):
    best = next(address for address in search(query) if "#term-" not in address)
    assert heading in best


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


def test_exercises_can_be_filtered_by_difficulty(visit):
    tab = visit("chapters/appendix/11_exercises.html")
    rows = tab.locator("section section tbody tr")
    number = rows.count()
    shown = {}
    for level in ("warm-up", "core", "hard", "all"):
        tab.get_by_role("radio", name=level, exact=True).check()
        shown[level] = rows.filter(visible=True).count()
        if level != "all":
            assert set(rows.filter(visible=True).locator("td:nth-child(2)")
                       .all_inner_texts()) == {level}  # fmt: skip
    assert shown.pop("all") == number == sum(shown.values())


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


def test_the_content_policy_stops_a_script_that_slipped_in(browser, address):
    tab = browser.new_page()
    tab.goto(f"{address}/index.html")
    stopped = tab.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation",
                ({ effectiveDirective }) => resolve(effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.slippedIn = true";
            document.body.append(script);
        })"""
    )
    assert stopped == "script-src-elem"
    assert tab.evaluate("window.slippedIn") is None
    tab.close()


def test_the_landing_page_moves_by_keyboard(visit):
    tab = visit("index.html")
    assert tab.locator(".ex-chosen").text_content() == "dogs"
    tab.get_by_role("radio", name="dogs").focus()
    tab.keyboard.press("ArrowDown")
    assert tab.locator(".ex-chosen").text_content() == "chase"


@pytest.mark.parametrize("name", ["index.html", "chapters/imdb/01_data.html"])
def test_paper_shows_the_text_alone_and_light(visit, name):
    tab = visit(name)
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    assert tab.locator("h1").is_visible()
    for part in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer"):
        assert not any(found.is_visible() for found in tab.locator(part).all())
    cut = tab.evaluate(
        "[...document.querySelectorAll('article pre')].filter("
        "pre => pre.scrollWidth > pre.clientWidth + 1).length"
    )
    assert cut == 0
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
