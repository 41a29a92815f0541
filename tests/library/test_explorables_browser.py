"""Explorables in a browser: what a reader sees and does."""

import re

import numpy as np
import pytest
from keras import ops

from attnlib import explorables, functional, masks

RNG = np.random.default_rng(7)
SCORES = np.array([2.0, 1.0, -0.5, 0.0])
LABELS = ["not", "so", "bad", "film"]
KEYS = np.array([[1.5, 0.5], [-1.0, 1.0], [0.5, -1.5], [-1.2, -0.8]])
VALUES = np.array([10.0, 20.0, 30.0, 60.0])
TABLE = RNG.normal(size=(5, 5))
TOKENS = ["[pad]", "the", "film", "was", "incomprehensible"]
REAL = np.array([False, True, True, True, True])
MINUS = "\N{MINUS SIGN}"
GONE = MINUS + "\N{INFINITY}"  # what a masked score becomes
NASTY = ["</script ><img src=x onerror=alert(1)>", "<!--<script ", "&amp;'\"", ""]
PHONE = {"has_touch": True, "viewport": {"width": 390, "height": 800}}


def make_all():
    return [
        explorables.softmax(SCORES, LABELS),
        explorables.plane(KEYS, labels=LABELS, query=(1, 0.5)),
        explorables.plane(KEYS, VALUES),
        explorables.masks(TABLE, TOKENS, real=REAL),
        explorables.steps(LABELS),
    ]


def softmax(scores):
    powers = np.exp(scores - np.max(scores))
    return powers / powers.sum()


def read_number(text):
    return float(text.replace(MINUS, "-"))


def numbers(scope, name):
    return [read_number(text) for text in scope.locator(name).all_text_contents()]


def status(scope):
    return scope.get_by_role("status").inner_text()


def slide(scope, name, position):
    scope.get_by_role("slider", name=name, exact=True).fill(str(position))


# ----------------------------------------------------------------- softmax


@pytest.mark.parametrize("divide", [False, True])
@pytest.mark.parametrize(
    ("power", "temperature"), [(-1, 0.1), (-0.3, 0.5), (0, 1), (1, 10)]
)
@pytest.mark.parametrize("depth", [1, 16, 1024])
def test_softmax_shows_what_numpy_computes(
    open_page, divide, power, temperature, depth
):
    page = open_page(explorables.softmax(SCORES, LABELS))
    slide(page, "temperature", power)
    slide(page, "depth of the vectors", int(np.log2(depth) / 2))
    page.get_by_role("checkbox").set_checked(divide)
    scaled = SCORES / temperature * (1 if divide else np.sqrt(depth))
    weights = softmax(scaled)
    np.testing.assert_allclose(
        numbers(page, "[role=cell].ex-score"), scaled, atol=0.0051
    )
    np.testing.assert_allclose(
        numbers(page, "[role=cell].ex-weight"), weights, atol=0.00051
    )
    entropy = -np.sum(weights * np.log(np.where(weights, weights, 1)))
    jacobian = np.diag(weights) - np.outer(weights, weights)
    gradient = np.abs(jacobian).max()
    largest, count, steepest = page.locator(".ex-figures strong").all_inner_texts()
    assert float(largest) == pytest.approx(weights.max(), abs=0.00051)
    assert float(count) == pytest.approx(np.exp(entropy), abs=0.0051)
    if 0 < gradient < 0.0001:
        assert steepest == "< 0.0001"
    else:
        assert float(steepest) == pytest.approx(gradient, abs=0.000051)


def test_bars_are_as_long_as_the_weights(open_page):
    page = open_page(explorables.softmax(SCORES))
    lengths = page.locator(".ex-bar").evaluate_all(
        "bars => bars.map(bar => parseFloat(getComputedStyle(bar, '::before').width)"
        " / bar.getBoundingClientRect().width)"
    )
    np.testing.assert_allclose(lengths, softmax(SCORES), atol=0.005)


def test_softmax_starts_at_temperature_1_and_depth_1_without_division(open_page):
    page = open_page(explorables.softmax(SCORES, LABELS))
    assert page.locator(".ex-value").all_inner_texts() == ["1.0", "1"]
    assert not page.get_by_role("checkbox", name="divide by √depth").is_checked()
    assert status(page).split("\n")[:3] == ["largest weight", "0.631", 'on "not"']


def test_keyboard_moves_the_sliders(open_page):
    page = open_page(explorables.softmax(SCORES))
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    slider = page.get_by_role("slider", name="temperature")
    assert slider.get_attribute("aria-valuetext") == "10"
    page.keyboard.press("Tab")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(".ex-value").all_inner_texts() == ["10", "16"]
    assert page.get_by_role("checkbox").is_checked()
    assert "solid" in page.locator(":focus").evaluate(
        "node => getComputedStyle(node).outline"
    )
    page.keyboard.press("Tab")
    assert page.locator("attention-softmax :focus").count() == 0


# ------------------------------------------------------------------- plane


def read_query(page):
    text = page.locator(".ex-handle").get_attribute("aria-valuetext")
    return np.array([read_number(part) for part in text[1:-1].split(",")])


def read_place(page, name):
    """Where a marker lies in the plane, in units of the keys."""
    shift = page.locator(name).get_attribute("transform")
    x, y = map(float, re.findall(r"-?\d[-\d.e]*", shift))
    limit = float(page.locator(".ex-handle").get_attribute("aria-valuemax"))
    return np.array([x, -y]) * limit / 200


READ = "all => all.map(node => +node.getAttribute('{}'))"


def check_plane(page, query, temperature=1, distance=False):
    """Compare every number and mark of the page with NumPy's."""
    scores = -0.5 * ((KEYS - query) ** 2).sum(1) if distance else KEYS @ query
    weights = softmax(scores / temperature)
    np.testing.assert_allclose(numbers(page, "tspan.ex-weight"), weights, atol=0.0051)
    radii = page.locator(".ex-disc").evaluate_all(READ.format("r"))
    np.testing.assert_allclose(np.square(radii[:4]) / 28**2, weights, atol=1e-6)
    lines = page.locator(".ex-line").evaluate_all(READ.format("opacity"))
    np.testing.assert_allclose(lines, weights, atol=1e-6)
    np.testing.assert_allclose(read_place(page, ".ex-handle"), query, atol=1e-6)
    return weights


@pytest.mark.parametrize("distance", [False, True])
def test_plane_shows_what_numpy_computes(open_page, distance):
    page = open_page(explorables.plane(KEYS, labels=LABELS, query=(1, 0.5)))
    page.get_by_role("radio", name="distance" if distance else "dot product").check()
    for power, temperature in [(0, 1), (-0.5, 0.32), (0.6, 4)]:
        slide(page, "temperature", power)
        weights = check_plane(page, np.array([1, 0.5]), temperature, distance)
        context = weights @ KEYS
        np.testing.assert_allclose(read_place(page, ".ex-context"), context, atol=1e-6)
        order = np.argsort(-weights)
        start = f'The query attends most to "{LABELS[order[0]]}" '
        assert status(page).startswith(start)
        shown = re.search(r"Context: \((.*), (.*)\)", status(page)).groups()
        shown = [read_number(number) for number in shown]
        np.testing.assert_allclose(shown, context, atol=0.0051)


def test_values_that_are_numbers_give_a_number(open_page):
    page = open_page(explorables.plane(KEYS, VALUES, query=(-1, 0)))
    weights = check_plane(page, np.array([-1, 0]))
    shown = float(status(page).split("Context: ")[1])
    assert shown == pytest.approx(weights @ VALUES, abs=0.51)
    shift = page.locator(".ex-context").get_attribute("transform")
    share = (weights @ VALUES - 10) / 50
    assert float(re.search(r"\((.*?),", shift).group(1)) == pytest.approx(
        340 * share - 170
    )


def test_arrow_keys_move_the_query_and_shift_moves_it_further(open_page):
    page = open_page(explorables.plane(KEYS, query=(1, 0.5)))
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("role") == "slider"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    check_plane(page, np.array([0.95, 0.45]))
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    check_plane(page, np.array([1.2, 0.7]))
    assert page.locator(".ex-slider .ex-value").all_inner_texts()[1:] == [
        "1.20",
        "0.70",
    ]
    stroke = page.locator(".ex-handle .ex-query").evaluate(
        "node => getComputedStyle(node).stroke"
    )
    assert stroke != "none"


def test_the_query_stays_in_the_plane(open_page):
    page = open_page(explorables.plane(KEYS))
    page.keyboard.press("Tab")
    for _ in range(20):
        page.keyboard.press("Shift+ArrowRight")
    limit = float(page.locator(".ex-handle").get_attribute("aria-valuemax"))
    assert read_query(page)[0] == pytest.approx(limit)


def test_the_sliders_of_the_query_move_it(open_page):
    page = open_page(explorables.plane(KEYS, query=(1, 0.5)))
    slide(page, "query x", -0.3)
    slide(page, "query y", 1.2)
    check_plane(page, np.array([-0.3, 1.2]))
    assert status(page).startswith('The query attends most to "2"')


def find(page, x, y):
    """Where a place of the plane is on the screen."""
    limit = float(page.locator(".ex-handle").get_attribute("aria-valuemax"))
    box = page.locator("svg").bounding_box()
    scale = box["width"] / 400
    return (
        box["x"] + scale * (200 + 200 * x / limit),
        box["y"] + scale * (200 - 200 * y / limit),
    )


def test_the_mouse_drags_the_query(open_page):
    page = open_page(explorables.plane(KEYS))
    page.mouse.move(*find(page, 0, 0))
    page.mouse.down()
    page.mouse.move(*find(page, 0.5, 0.5), steps=4)
    page.mouse.move(*find(page, 1, -0.8), steps=4)
    page.mouse.up()
    np.testing.assert_allclose(read_query(page), [1, -0.8], atol=0.03)
    page.mouse.move(*find(page, 0, 0))
    np.testing.assert_allclose(read_query(page), [1, -0.8], atol=0.03)
    check_plane(page, read_query(page))


def test_a_tap_moves_the_query_and_leaves_the_page_to_scroll(open_page):
    page = open_page(explorables.plane(KEYS), **PHONE)
    page.touchscreen.tap(*find(page, -1, 1))
    np.testing.assert_allclose(read_query(page), [-1, 1], atol=0.03)
    touch = "node => getComputedStyle(node).touchAction"
    assert page.locator("svg").evaluate(touch) == "auto"
    assert page.locator(".ex-handle").evaluate(touch) == "none"


def test_only_the_strongest_of_many_keys_show_their_name(open_page):
    keys = RNG.normal(size=(20, 2))
    page = open_page(explorables.plane(keys, query=(1, 1)))
    slide(page, "query x", -1)
    query = np.array([-1, 1])
    strongest = np.argsort(-(keys @ query))[:3] + 1
    visible = [
        int(label.inner_html().split()[0])
        for label in page.locator(".ex-label").all()
        if label.is_visible()
    ]
    assert sorted(visible) == sorted(strongest)


# ------------------------------------------------------------------- masks


def read_grid(page, name):
    texts = page.get_by_role("table", name=name).get_by_role("cell").all_inner_texts()
    size = int(len(texts) ** 0.5)
    return np.array(texts).reshape(size, size)


SWITCHES = [
    [],
    ["causal"],
    ["padding"],
    ["local window"],
    ["causal", "padding"],
    ["causal", "local window"],
    ["padding", "local window"],
    ["causal", "padding", "local window"],
]


@pytest.mark.parametrize("switches", SWITCHES, ids=" ".join)
def test_masks_show_the_weights_of_the_library(open_page, switches):
    page = open_page(explorables.masks(TABLE, TOKENS, real=REAL))
    for name in switches:
        page.get_by_role("checkbox", name=name).check()
    allowed = masks.combine(
        ops.ones((5, 5), "bool"),
        masks.causal(5) if "causal" in switches else None,
        masks.local(5, window=1) if "local window" in switches else None,
    )
    # Queries and keys whose dot products are the scores; the values do not matter.
    query = ops.convert_to_tensor(TABLE[None].astype("float32"))
    key = ops.eye(5, dtype="float32")[None]
    _, weights = functional.attention(
        query,
        key,
        key,
        score="dot_product",
        mask=allowed,
        key_mask=ops.convert_to_tensor(REAL[None]) if "padding" in switches else None,
    )
    weights = ops.convert_to_numpy(weights)[0]
    shown = read_grid(page, "weights")
    np.testing.assert_allclose(shown.astype(float), weights, atol=0.0051)
    np.testing.assert_array_equal(shown == "0", weights == 0)
    scores = read_grid(page, "scores")
    np.testing.assert_array_equal(scores == GONE, weights == 0)
    kept = [read_number(text) for text in scores[weights > 0]]
    np.testing.assert_allclose(kept, TABLE[weights > 0], atol=0.0051)
    hatched = page.locator(".ex-masked").count()
    assert hatched == np.sum(weights == 0)
    note = page.locator(".ex-scores p span").inner_text()
    assert note == (f"{hatched} of 25 masked" if hatched else "")


def test_the_window_has_a_width(open_page):
    page = open_page(explorables.masks(TABLE, TOKENS))
    reach = page.get_by_role("spinbutton", name="keys on each side")
    assert reach.is_disabled()
    page.get_by_role("checkbox", name="local window").check()
    for width in (0, 1, 3, 4):
        reach.fill(str(width))
        kept = ops.convert_to_numpy(masks.local(5, window=width))
        np.testing.assert_array_equal(read_grid(page, "scores") != GONE, kept)
    for text in ("", "-3"):
        reach.fill(text)
        np.testing.assert_array_equal(read_grid(page, "scores") != GONE, np.eye(5) > 0)


def test_a_query_with_nothing_allowed_has_weights_of_zero(open_page):
    page = open_page(explorables.masks(TABLE, TOKENS, real=REAL))
    page.get_by_role("checkbox", name="causal").check()
    page.get_by_role("checkbox", name="padding").check()
    assert set(read_grid(page, "weights")[0]) == {"0"}
    page.get_by_role("radio", name="query [pad]").check()
    assert status(page) == (
        'query "[pad]" may attend to nothing: its weights are all 0'
    )
    assert "empty ones to 0" in page.locator(".ex-weights p").inner_text()


def test_padding_can_be_masked_only_where_it_is_known(open_page):
    page = open_page(explorables.masks(TABLE, TOKENS))
    names = page.locator("label.ex-choice").all_inner_texts()
    assert [name.strip() for name in names] == ["causal", "local window"]


def test_hover_names_the_weights_of_a_query_until_the_pointer_leaves(open_page):
    page = open_page(explorables.masks(np.log([[1, 3], [1, 1]]), ["a", "b"]))
    assert status(page).startswith('query "b" may attend to 2 of 2 keys')
    row = page.locator(".ex-weights .ex-row").nth(1)
    row.hover()
    assert status(page) == (
        'query "a" may attend to 2 of 2 keys; it attends most to "b" 0.75, "a" 0.25'
    )
    assert page.locator(".ex-shown").count() == 2
    page.mouse.move(700, 500)
    assert status(page).startswith('query "b"')
    row.click()
    page.mouse.move(700, 500)
    assert status(page).startswith('query "a"')
    assert page.get_by_role("radio", name="query a").is_checked()


def test_arrow_keys_choose_a_query(open_page):
    page = open_page(explorables.masks(TABLE, TOKENS))
    page.get_by_role("radio", name="query film").focus()
    page.keyboard.press("ArrowDown")
    assert status(page).startswith('query "was"')
    outline = page.locator(".ex-row:has(:focus-visible)").evaluate(
        "node => getComputedStyle(node).outline"
    )
    assert outline.endswith("solid 3px")


def test_many_tokens_show_colours_without_numbers(open_page):
    page = open_page(explorables.masks(RNG.normal(size=(12, 12)), ["token"] * 12))
    cells = page.locator(".ex-weights .ex-cell")
    sizes = cells.evaluate_all("all => all.map(n => getComputedStyle(n).fontSize)")
    assert set(sizes) == {"0px"}
    assert cells.first.bounding_box()["height"] > 20


# ------------------------------------------------------------------- steps


@pytest.mark.parametrize("query", range(4))
@pytest.mark.parametrize("likeness", [0, 0.6, 1])
@pytest.mark.parametrize(("power", "temperature"), [(-1, 0.1), (0, 1), (1, 10)])
def test_steps_show_what_numpy_computes(open_page, query, likeness, power, temperature):
    page = open_page(explorables.steps(LABELS))
    page.get_by_role("radio").nth(query).check()
    slide(page, "temperature", power)
    slide(page, 'how alike "not" and "film" are', likeness)
    vectors = np.eye(4)
    vectors[3] = [likeness, 0, 0, np.sqrt(1 - likeness**2)]
    scores = vectors @ vectors[query] / 2
    weights = softmax(scores / temperature)
    np.testing.assert_allclose(
        numbers(page, ".ex-number"), vectors.ravel(), atol=0.0501
    )
    np.testing.assert_allclose(numbers(page, ".ex-score"), scores, atol=0.0051)
    np.testing.assert_allclose(numbers(page, ".ex-height"), weights, atol=0.000051)
    np.testing.assert_allclose(
        numbers(page, ".ex-sum-number"), weights @ vectors, atol=0.000051
    )
    heights = page.locator(".ex-column").evaluate_all(
        "all => all.map(bar => Number(bar.getAttribute('height')))"
    )
    np.testing.assert_allclose(heights / np.sum(heights), weights, atol=1e-6)
    assert page.locator("tspan").text_content() == LABELS[query]


def test_a_word_of_the_picture_becomes_the_query(open_page):
    page = open_page(explorables.steps(LABELS))
    page.locator(".ex-word").nth(2).click()
    assert page.get_by_role("radio", name="bad").is_checked()
    assert page.locator(".ex-chosen").text_content() == "bad"


def test_arrow_keys_choose_among_the_steps_words(open_page):
    page = open_page(explorables.steps(LABELS))
    page.get_by_role("radio", name="not").focus()
    page.keyboard.press("ArrowRight")
    assert status(page).startswith('"so" attends most to "so"')


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_picture_moves_only_for_who_wants_it(open_page, motion):
    page = open_page(explorables.steps(LABELS), reduced_motion=motion)
    duration = page.locator(".ex-column").first.evaluate(
        "bar => getComputedStyle(bar).transitionDuration"
    )
    assert duration == ("0s" if motion == "reduce" else "0.2s")


# --------------------------------------------------------------- all of them


def test_two_of_a_kind_do_not_disturb_each_other(open_page):
    page = open_page(*make_all(), *make_all())
    for name in ("softmax", "plane", "masks", "steps"):
        first, second = (
            page.locator(f"attention-{name}").nth(place) for place in (0, -1)
        )
        before = status(second)
        for control in first.locator("[type=checkbox]").all():
            control.check()
        for control in first.locator("[type=range]").all():
            control.fill("1")
        for radio in first.get_by_role("radio").all():
            radio.check()
        assert status(second) == before
    assert page.locator("[type=radio]:checked").count() == 8


def test_nasty_tokens_are_only_text(open_page):
    page = open_page(
        explorables.softmax([0] * 4, NASTY),
        explorables.plane(KEYS, labels=NASTY),
        explorables.masks(np.eye(4), NASTY),
        explorables.steps(NASTY),
    )
    assert page.locator("img").count() == 0
    shown = page.locator(".ex-bars [role=rowheader]").all_inner_texts()
    assert shown == [token or "(empty)" for token in NASTY]


def test_a_phone_needs_no_sideways_scrolling(open_page):
    long = ["incomprehensibilities" * 3] * 5
    page = open_page(
        *make_all(),
        explorables.softmax([1e4] * 5, long, title=long[0]),
        explorables.masks(TABLE * 1000, long),
        explorables.masks(np.eye(16), ["token"] * 16),
        **PHONE,
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for control in page.locator("input:not([type=radio])").all():
        assert control.bounding_box()["width"] > 16


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
    page = open_page(*make_all(), color_scheme=system)
    colours = {
        "light": ["rgb(0, 114, 178)", "rgb(184, 78, 0)", "rgb(0, 121, 92)"],
        "dark": ["rgb(86, 180, 233)", "rgb(240, 160, 48)", "rgb(62, 207, 159)"],
    }

    def read():
        return page.evaluate(
            """() => [[".ex-bar", "::before", "backgroundColor"],
                [".ex-query", "", "fill"], [".ex-diamond", "", "fill"]].map(
                ([name, part, property]) => getComputedStyle(
                    document.querySelector(name), part)[property])"""
        )

    assert read() == colours[system]
    for theme in ("dark", "light"):
        page.evaluate(mark.replace("{theme}", theme))
        assert read() == colours[theme]


CONTRAST = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext(
        "2d", { willReadFrequently: true });
    const blend = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
        }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (colour) => colour.map((part) => part / 255).map((part) => (
        part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        ).reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const page = getComputedStyle(document.body).backgroundColor;
    return [...document.querySelectorAll(".ex span, .ex strong, .ex p")].map((node) => {
        const style = getComputedStyle(node);
        const layers = [];
        for (let above = node; above; above = above.parentElement) {
            layers.unshift(getComputedStyle(above).backgroundColor);
        }
        const ground = blend([page, ...layers]);
        const [low, high] = [light(ground), light(blend([page, ...layers, style.color]))
            ].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    });
}"""


@pytest.mark.parametrize(
    ("page_colour", "text"), [("#ffffff", "#1c2430"), ("#14191f", "#dfe6ee")]
)
def test_text_reads_on_every_cell(open_page, page_colour, text):
    dark = page_colour != "#ffffff"
    strong = explorables.masks(np.eye(4) * 9, LABELS)
    page = open_page(*make_all(), strong, color_scheme="dark" if dark else "light")
    page.evaluate(
        "([ground, text]) => { document.body.style.background = ground;"
        " document.body.style.color = text; }",
        [page_colour, text],
    )
    assert min(page.evaluate(CONTRAST)) >= 4.5


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
            [place, "".join(part.html for part in make_all())],
        )
    for place in ("one", "two"):
        host = page.locator(f"#{place}")
        assert host.locator(".am-ready").count() == 5
        slide(host.locator("attention-softmax"), "temperature", 1)
        assert "0.286" in status(host.locator("attention-softmax"))


def test_a_moved_explorable_keeps_working(open_page):
    page = open_page(explorables.plane(KEYS, query=(1, 0.5)))
    page.evaluate(
        """() => {
            const host = document.body.appendChild(document.createElement("section"));
            host.append(document.querySelector("attention-plane"));
        }"""
    )
    slide(page, "query x", 0)
    check_plane(page, np.array([0, 0.5]))


def test_jupyterlab_leaves_the_keys_to_the_controls(open_page):
    # On the controls themselves: JupyterLab asks the focused element first.
    page = open_page(*make_all())
    controls = page.locator(":is(input, [tabindex])")
    assert controls.count() == 30
    assert page.locator("[data-lm-suppress-shortcuts]").count() == 30


def test_nothing_moves_while_the_numbers_change(open_page):
    page = open_page(explorables.softmax(SCORES, LABELS))

    def places():
        return page.locator(".ex-bar, input, [role=rowheader]").evaluate_all(
            "all => all.map(node => JSON.stringify(node.getBoundingClientRect()))"
        )

    before = places()
    slide(page, "temperature", -1)
    slide(page, "depth of the vectors", 3)
    assert places() == before


@pytest.mark.parametrize("how", ["no script", "print"])
def test_the_table_stands_in(open_page, how):
    page = open_page(*make_all(), java_script_enabled=how == "print")
    tables = page.locator(".am-table")
    assert tables.count() == 5
    if how == "print":
        assert not any(table.is_visible() for table in tables.all())
        page.emulate_media(media="print")
        assert not any(part.is_visible() for part in page.locator(".am-view").all())
    assert all(table.is_visible() for table in tables.all())
    assert page.locator("svg").first.is_visible()


def test_a_saved_page_works(open_page, tmp_path):
    explorables.softmax(SCORES).save(tmp_path / "saved.html")
    page = open_page(text=(tmp_path / "saved.html").read_text("utf-8"))
    slide(page, "temperature", 1)
    assert "0.286" in status(page)
