"""The built site in a real browser, with every request to another host blocked."""

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

SITE = Path(__file__).parent.parent / "_build" / "html"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if not path.is_relative_to(SITE / "_static")
)
CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])),
    None,
)
CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

if not PAGES:
    pytest.fail("the site has not been built: run `make book` first", pytrace=False)
if CHROMIUM is None:
    pytest.skip("no Chromium on this machine", allow_module_level=True)

from playwright.sync_api import sync_playwright  # noqa: E402


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    handler = partial(QuietHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_OPTIONS
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """Open pages of the site; at the end, nothing may have gone wrong on them."""
    troubles = []

    def guard(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            troubles.append(f"asks another host: {route.request.url}")
            route.abort()

    def note_response(response):
        if response.status >= 400:
            troubles.append(f"{response.status}: {response.url}")

    def note_console(message):
        if message.type == "error":
            troubles.append(f"console: {message.text}")

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route("**/*", guard)
    tab = context.new_page()
    tab.on("console", note_console)
    tab.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    tab.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
    tab.on("response", note_response)

    def open_page(name):
        tab.goto(f"{address}/{name}", wait_until="load")
        return tab

    yield open_page
    context.close()
    assert not troubles


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_trouble_and_fits_a_phone(visit, name):
    tab = visit(name)
    assert tab.locator("h1").first.is_visible()
    assert tab.locator(".am").count() == tab.locator(".am-ready").count()
    tab.set_viewport_size({"width": 390, "height": 844})
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, f"{name} scrolls sideways: {width} pixels wide"


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


def test_equations_are_set_in_the_book_s_own_font(visit):
    name = next(n for n in PAGES if "<msqrt>" in (SITE / n).read_text("utf-8"))
    tab = visit(name)
    tab.evaluate("document.fonts.ready")
    loaded = tab.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert any("STIX Two Math" in family for family in loaded)
    root = tab.locator("msqrt").first
    root.scroll_into_view_if_needed()
    assert root.bounding_box()["height"] > 5


def test_a_wide_equation_scrolls_in_its_own_box(visit):
    name = next(n for n in PAGES if 'display="block"' in (SITE / n).read_text("utf-8"))
    tab = visit(name)
    tab.set_viewport_size({"width": 390, "height": 844})
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
