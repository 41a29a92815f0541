"""Interactive maps in a browser: what a reader sees and does."""

import re

import pytest

from attnlib import viz

TOKENS = ["not", "so", "bad"]
HEADS = [
    [[0.7, 0.2, 0.1], [0.125, 0.75, 0.125], [0.0, 0.0, 0.0]],
    [[0.1, 0.2, 0.7], [0.375, 0.25, 0.375], [0.0, 0.5, 0.5]],
]
NASTY = [
    "</script ><img src=x onerror=alert(1)>",
    "<!--<script ",
    "&amp;'\"",
    "שלום",
    "😀",
    "",
]


def status(scope):
    return scope.locator(".am-status").inner_text()


def numbers(scope):
    return scope.locator(".am-number").all_inner_texts()


def tokens(scope):
    return scope.locator(".am-query .am-cell")


def test_hover_shows_the_weights_of_a_query_until_the_pointer_leaves(open_page):
    page = open_page(viz.explore(HEADS[0], TOKENS))
    assert (
        status(page) == 'query "so": attends most to "so" 0.75, "not" 0.13, "bad" 0.13'
    )
    assert numbers(page) == ["0.13", "0.75", "0.13"]
    tokens(page).nth(0).hover()
    assert (
        status(page) == 'query "not": attends most to "not" 0.70, "so" 0.20, "bad" 0.10'
    )
    assert numbers(page) == ["0.70", "0.20", "0.10"]
    page.mouse.move(700, 500)
    assert status(page).startswith('query "so"')


def test_click_keeps_the_query(open_page):
    page = open_page(viz.explore(HEADS[0], TOKENS))
    tokens(page).nth(0).click()
    page.mouse.move(700, 500)
    assert status(page).startswith('query "not"')


def test_tap_chooses_a_query(open_page):
    phone = {"has_touch": True, "viewport": {"width": 390, "height": 800}}
    page = open_page(viz.explore(HEADS[0], TOKENS), **phone)
    tokens(page).nth(2).tap()
    assert status(page) == 'query "bad": attends most to nothing'
    assert numbers(page) == ["", "", ""]


def test_bars_are_as_high_as_the_weights(open_page):
    page = open_page(viz.explore(HEADS[0], TOKENS), reduced_motion="reduce")
    heights = page.eval_on_selector_all(
        ".am-bar", "bars => bars.map(bar => bar.getBoundingClientRect().height)"
    )
    assert heights[1] == pytest.approx(32)
    assert heights[0] == heights[2] == pytest.approx(32 * 0.125 / 0.75, abs=0.1)
    assert "weight of 0.75" in page.locator(".am-label").inner_text()


def test_keyboard_reaches_the_map_and_moves_between_queries(open_page):
    page = open_page(viz.explore(HEADS[0], TOKENS))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert status(page).startswith('query "bad"')
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert status(page).startswith('query "not"')
    focused = page.locator(".am-cell:has(:focus-visible)")
    assert focused.inner_text().split() == ["0.70", "not", "query"]
    outline = focused.evaluate("node => getComputedStyle(node).outline")
    assert outline.endswith("solid 3px")
    page.keyboard.press("Tab")
    assert page.locator("attention-map :focus").count() == 0


def test_jupyterlab_leaves_the_arrow_keys_to_the_map(open_page):
    page = open_page(viz.explore(HEADS, TOKENS))
    assert page.locator("input[data-lm-suppress-shortcuts]").count() == 6


def test_screen_reader_hears_the_choice(open_page):
    page = open_page(viz.explore(HEADS, TOKENS))
    assert page.get_by_role("radiogroup", name="query").count() == 1
    assert page.get_by_role("radiogroup", name="head").count() == 1
    assert page.get_by_role("radio", name="so", exact=True).is_checked()
    assert page.get_by_role("status").inner_text() == status(page)


def test_head_choice_changes_the_numbers(open_page):
    page = open_page(viz.explore(HEADS, TOKENS))
    assert numbers(page) == ["0.25", "0.50", "0.25"]
    page.get_by_role("radio", name="2", exact=True).check()
    assert numbers(page) == ["0.38", "0.25", "0.38"]
    page.get_by_role("radio", name="mean", exact=True).check()
    assert numbers(page) == ["0.25", "0.50", "0.25"]


def test_one_head_needs_no_choice(open_page):
    page = open_page(viz.explore(HEADS[:1], TOKENS))
    assert page.locator(".am-head").count() == 0


def test_cross_attention_keeps_queries_and_keys_apart(open_page):
    page = open_page(viz.explore([[0.9, 0.1]], ["pool"], ["good", "film"]))
    assert tokens(page).all_inner_texts() == ["pool"]
    assert page.locator(".am-key .am-token").all_inner_texts() == ["good", "film"]
    assert numbers(page) == ["0.90", "0.10"]
    assert status(page) == 'query "pool": attends most to "good" 0.90, "film" 0.10'


def test_only_the_strongest_keys_show_their_number(open_page):
    weights = [[0.3, 0.2, 0.15, 0.14, 0.11, 0.07, 0.03]]
    page = open_page(viz.explore(weights, ["q"], list("abcdefg")))
    assert numbers(page) == ["0.30", "0.20", "0.15", "0.14", "0.11", "", ""]


def test_two_maps_on_one_page_do_not_disturb_each_other(open_page):
    attention_map = viz.explore(HEADS, TOKENS)
    page = open_page(attention_map, attention_map)
    first, second = page.locator("attention-map").all()
    before = status(second)
    first.get_by_role("radio", name="1", exact=True).check()
    tokens(first).nth(0).click()
    page.mouse.move(700, 700)
    assert status(first).startswith('query "not": attends most to "not" 0.70')
    assert status(second) == before
    assert page.locator("input:checked").count() == 4


def test_nasty_tokens_are_only_text(open_page):
    size = len(NASTY)
    page = open_page(viz.explore([[1 / size] * size] * size, NASTY, title=NASTY[0]))
    shown = page.locator(".am-key .am-token").all_inner_texts()
    assert shown == [token or "(empty)" for token in NASTY]
    assert page.locator("img").count() == 0


@pytest.mark.parametrize(
    "mark",
    [
        "document.documentElement.dataset.theme = '{theme}'",
        "document.documentElement.setAttribute('theme', '{theme}')",
        "document.body.dataset.jpThemeLight = '{theme}' === 'light'",
    ],
    ids=["book", "colab", "jupyterlab"],
)
@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_of_the_page_goes_before_that_of_the_system(open_page, mark, system):
    page = open_page(viz.explore(HEADS[0], TOKENS), color_scheme=system)

    def bar_colour():
        return page.locator(".am-bar").first.evaluate(
            "bar => getComputedStyle(bar).backgroundColor"
        )

    colours = {"light": "rgb(0, 114, 178)", "dark": "rgb(86, 180, 233)"}
    assert bar_colour() == colours[system]
    for theme in ("dark", "light"):
        page.evaluate(mark.replace("{theme}", theme))
        assert bar_colour() == colours[theme]


def test_works_where_a_notebook_puts_html_in_and_makes_scripts_anew(open_page):
    page = open_page(text="<div id=one></div><div id=two></div>")
    for place in ("one", "two"):
        page.evaluate(
            """([place, html]) => {
                const host = document.getElementById(place);
                host.innerHTML = html;
                for (const old of host.querySelectorAll("script")) {
                    const script = document.createElement("script");
                    for (const { name, value } of old.attributes) {
                        script.setAttribute(name, value);
                    }
                    script.textContent = old.textContent;
                    old.replaceWith(script);
                }
            }""",
            [place, viz.explore(HEADS, TOKENS).html],
        )
        tokens(page.locator(f"#{place}")).nth(0).click()
        page.mouse.move(700, 700)
    for place in ("one", "two"):
        host = page.locator(f"#{place}")
        assert status(host).startswith('query "not": attends most to "not" 0.40')


def test_a_moved_map_keeps_working(open_page):
    page = open_page(viz.explore(HEADS, TOKENS))
    page.evaluate(
        """() => {
            const host = document.body.appendChild(document.createElement("section"));
            host.append(document.querySelector("attention-map"));
        }"""
    )
    tokens(page.locator("section")).nth(0).click()
    assert status(page).startswith('query "not"')


def test_a_phone_needs_no_sideways_scrolling(open_page):
    words = ("a rather long sentence with many words " * 5).split()
    words.append("incomprehensibilities" * 4)
    weights = [[1 / len(words)] * len(words)] * len(words)
    phone = {"viewport": {"width": 390, "height": 800}}
    page = open_page(viz.explore([weights] * 12, words), **phone)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_layout_stays_still_while_the_pointer_moves(open_page):
    page = open_page(viz.explore(HEADS, TOKENS), reduced_motion="reduce")
    places = []
    for token in tokens(page).all():
        token.hover()
        places.append(
            page.locator(".am-token").evaluate_all(
                "all => all.map(node => JSON.stringify(node.getBoundingClientRect()))"
            )
        )
    assert places[0] == places[1] == places[2]


@pytest.mark.parametrize("how", ["no script", "print"])
def test_the_table_stands_in(open_page, how):
    page = open_page(viz.explore(HEADS, TOKENS), java_script_enabled=how == "print")
    table = page.locator(".am-table")
    if how == "print":
        assert not table.is_visible()
        page.emulate_media(media="print")
        assert not page.locator(".am-status").is_visible()
    assert table.is_visible()
    row = table.locator("tr").nth(2).inner_text()
    assert re.split(r"\s+", row, maxsplit=1) == [
        "so",
        '"so" 0.50, "not" 0.25, "bad" 0.25',
    ]


def test_a_saved_page_works(open_page, tmp_path):
    viz.explore(HEADS, TOKENS).save(tmp_path / "map.html")
    page = open_page(text=(tmp_path / "map.html").read_text("utf-8"))
    tokens(page).nth(0).click()
    assert status(page).startswith('query "not"')
