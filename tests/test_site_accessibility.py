"""The built site is for everyone: axe finds nothing, text contrasts, nothing moves."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from built_site import DESK, OPEN_WHAT_IS_FOLDED, PAGES, PHONE, first_page, page

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
# The colour of each text in a drawing, and the colours behind it, the nearest first;
# the canvas turns what CSS may write into red, green, blue and opacity.
DRAWN_TEXTS = """() => {
    const paper = new OffscreenCanvas(1, 1).getContext("2d");
    const read = (colour, opacity = 1) => {
        paper.clearRect(0, 0, 1, 1);
        paper.fillStyle = "transparent";
        paper.fillStyle = colour;
        paper.fillRect(0, 0, 1, 1);
        const parts = [...paper.getImageData(0, 0, 1, 1).data];
        return parts.map((part, place) => part / 255 * (place === 3 ? opacity : 1));
    };
    const behind = (text) => {
        const { x, y, width, height } = text.getBoundingClientRect();
        return document.elementsFromPoint(x + width / 2, y + height / 2)
            .filter(node => !node.matches("text, tspan"))
            .map(node => {
                const { fill, fillOpacity, backgroundColor } = getComputedStyle(node);
                return node instanceof SVGGeometryElement
                    ? read(fill, Number(fillOpacity)) : read(backgroundColor);
            });
    };
    const found = [];
    for (const drawing of document.querySelectorAll("main svg:has(text)")) {
        if (drawing.closest("attention-plane")) continue;
        for (const text of drawing.querySelectorAll("text")) {
            text.scrollIntoView({ block: "center", behavior: "instant" });
            const words = text.textContent.trim();
            const ink = read(getComputedStyle(text).fill);
            if (words) found.push([words, ink, behind(text)]);
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
    # No selectors of all that passes, which take time; no fetching of style sheets for
    # a rule that is off by default, from addresses that may be wrong.
    options = {
        "resultTypes": ["violations"],
        "selectors": False,
        "preload": False,
        "rules": DISABLED,
        **options,
    }
    result = tab.evaluate("options => axe.run(options)", options)
    return [
        f"{rule['id']}: {node['html']}: {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def set_theme(tab, theme):
    tab.emulate_media(color_scheme=theme)
    tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)


def blend(layers):
    """Give the colour that layers make, the topmost first, on white paper."""
    seen = [1, 1, 1]
    for *colour, opacity in reversed(layers):
        pairs = zip(colour, seen, strict=True)
        seen = [opacity * new + (1 - opacity) * old for new, old in pairs]
    return seen


def luminance(colour):
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


# --------------------------------------------------------------- every page


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
    assert not violations(tab, runOnly=["color-contrast", "link-in-text-block"])


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
    for words, ink, behind in tab.evaluate(DRAWN_TEXTS):
        assert contrast(blend([ink]), blend(behind)) >= 4.5, (words, ink, behind)


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
