"""The built site is for everyone: axe finds nothing, text contrasts, nothing moves."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from built_site import DESK, OPEN_WHAT_IS_FOLDED, PAGES, PHONE, first_page, page, watch

# Rules of axe that would be wrong here, each with its reason: there are none.
DISABLED = {}

# Thousands of pieces of code have the colours of some other one; one of each kind is
# enough for axe, which needs a millisecond for each. The rest becomes plain text.
KEEP_ONE_PIECE_OF_CODE_OF_A_KIND = """() => {
    const seen = new Set();
    for (const code of document.querySelectorAll("pre")) {
        const box = code.closest(".cell_input, .cell_output, details")?.className;
        for (const piece of code.querySelectorAll("span:not(:has(*))")) {
            const kind = `${piece.className} in ${box}`;
            if (seen.has(kind)) piece.replaceWith(piece.textContent);
            seen.add(kind);
        }
        code.normalize();
    }
}"""
# The colour of each text in a drawing, and of the shape or page behind it.
DRAWN_TEXTS = """() => {
    const found = [];
    const opaque = (colour) => !/^rgba\\(.*, 0(\\.\\d+)?\\)$|^none$/.test(colour);
    const under = (text) => {
        const { x, y, width, height } = text.getBoundingClientRect();
        for (const node of document.elementsFromPoint(x + width / 2, y + height / 2)) {
            if (node.matches("text, tspan")) continue;
            const style = getComputedStyle(node);
            const colour = node instanceof SVGGeometryElement
                ? style.fill : style.backgroundColor;
            if (opaque(colour)) return colour;
        }
    };
    for (const drawing of document.querySelectorAll("main svg:has(text)")) {
        if (drawing.closest("attention-plane")) continue;
        drawing.scrollIntoView({ block: "center", behavior: "instant" });
        for (const text of drawing.querySelectorAll("text")) {
            const words = text.textContent.trim();
            const ground = words && under(text);
            if (ground) found.push([words, getComputedStyle(text).fill, ground]);
        }
    }
    return found;
}"""
MOVING = """() => {
    const moving = new Set();
    const seconds = (list) => Math.max(...list.split(",").map(parseFloat));
    const seen = new Set();
    for (const node of document.querySelectorAll("*")) {
        const kind = `${node.localName}.${node.getAttribute("class")}`;
        if (seen.has(kind)) continue;
        seen.add(kind);
        for (const part of [null, "::before", "::after"]) {
            const style = getComputedStyle(node, part);
            const isAnimated = style.animationName !== "none"
                && seconds(style.animationDuration) > 0;
            if (isAnimated || seconds(style.transitionDuration) > 0
                || style.scrollBehavior === "smooth") moving.add(kind + (part ?? ""));
        }
    }
    return [...moving];
}"""


def violations(tab, **options):
    """Run axe on the page and the frames in it; give what it finds, one a line."""
    for frame in tab.frames:
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], "rules": DISABLED, **options}
    result = tab.evaluate("options => axe.run(options)", options)
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def set_theme(tab, theme):
    tab.emulate_media(color_scheme=theme)
    tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)


def luminance(colour):
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


# --------------------------------------------------------------- every page


@pytest.fixture(scope="module")
def tab(browser, address, request):
    """Open the page once for all tests of this module, for a reader without motion."""
    with watch(browser, reduced_motion="reduce") as tab:
        tab.goto(f"{address}/{request.param}")
        yield tab


every_page = pytest.mark.parametrize("tab", PAGES, indirect=True)


@every_page
def test_nothing_moves_for_who_wants_no_motion(tab):
    assert not tab.evaluate(MOVING)


@every_page
def test_axe_finds_nothing(tab):
    tab.evaluate(OPEN_WHAT_IS_FOLDED)
    tab.evaluate(KEEP_ONE_PIECE_OF_CODE_OF_A_KIND)
    set_theme(tab, "light")
    assert not violations(tab)


@every_page
def test_axe_finds_nothing_in_the_dark(tab):
    set_theme(tab, "dark")
    assert not violations(tab, runOnly=["cat.color"])


@every_page
def test_axe_finds_nothing_on_a_phone(tab):
    tab.set_viewport_size(PHONE)
    tab.wait_for_timeout(400)  # the theme looks for boxes that scroll after 300 ms
    found = violations(tab, runOnly=["scrollable-region-focusable", "target-size"])
    tab.set_viewport_size(DESK)
    assert not found


# axe leaves the text in drawings to a human. The plane's text has a halo of its own.
@every_page
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_in_drawings_contrasts_with_what_is_behind(tab, theme):
    set_theme(tab, theme)
    tab.evaluate(
        "document.querySelectorAll('attention-plane').forEach(n => n.remove())"
    )
    for words, ink, ground in tab.evaluate(DRAWN_TEXTS):
        assert contrast(ink, ground) >= 4.5, (words, ink, ground)


# ------------------------------------------------------- what opens on demand


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_open_search_dialog(visit, theme):
    tab = visit("index.html")
    set_theme(tab, theme)
    tab.keyboard.press("Control+k")
    tab.locator(".search-button__search-container").wait_for()
    assert not violations(tab)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_open_menu_of_a_phone(visit, theme):
    tab = visit("index.html")
    tab.set_viewport_size(PHONE)
    set_theme(tab, theme)
    tab.locator(".primary-toggle").click()
    tab.get_by_role("navigation", name="Main").get_by_role("link").first.wait_for()
    tab.wait_for_timeout(500)  # the menu slides in
    assert not violations(tab)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_among_search_results(visit, theme):
    tab = visit("search.html?q=softmax")
    tab.locator("#search-results li a").first.wait_for()
    set_theme(tab, theme)
    assert not violations(tab)


def test_axe_would_find_something(visit):
    tab = visit("index.html")
    tab.evaluate("document.body.append(document.createElement('button'))")
    assert any(found.startswith("button-name") for found in violations(tab))


# --------------------------------------------------------- figures in words


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_says_what_is_to_be_seen(name):
    for figure in page(name).select("div.cell_output img"):
        alt = figure.get("alt", "").strip()
        assert len(alt) > 60, figure.get("src")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("attention-map", "radiogroup"),
        ("attention-softmax", "table"),
        ("attention-plane", "slider"),
        ("attention-masks", "table"),
    ],
)
def test_a_map_is_a_figure_with_a_name_and_says_what_it_shows(visit, name, role):
    tab = visit(first_page(name))
    scope = tab.locator(name).first
    figure = scope.get_by_role("figure")
    named = figure.get_attribute("aria-label") or figure.locator("figcaption").count()
    assert named
    assert scope.get_by_role(role).first.is_visible()
    assert re.search(r"\d", scope.get_by_role("status").inner_text())
