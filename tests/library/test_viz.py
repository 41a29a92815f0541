"""Heat maps and the HTML of interactive maps, without a browser."""

import json
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from attnlib import viz

WEIGHTS = [[0.7, 0.2, 0.1], [0.125, 0.75, 0.125], [0.0, 0.0, 0.0]]
TOKENS = ["not", "so", "bad"]
NASTY = [
    "</script><script>alert(1)</script>",
    "</script ",
    "<!--<script ",
    "<b>&amp;\"'",
    "\N{GRINNING FACE}",
    "שלום",
    "$\\frac$",
    "",
    "  ",
]


def uniform(*shape):
    return np.full(shape, 1 / shape[-1])


class Page(HTMLParser):
    """The text of each element of a fragment, by the tag around it."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.tag, self.cells = {}, "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tag = "data" if ("type", "application/json") in attrs else tag
        self.texts.setdefault(self.tag, []).append("")
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_data(self, data):
        self.texts.setdefault(self.tag, [""])[-1] += data
        if self.cells:
            self.cells[-1] += data


def read_data(attention_map):
    (text,) = Page(attention_map.html).texts["data"]
    return json.loads(text)


def read_table(attention_map):
    table = re.search("<table.*</table>", attention_map.html, re.DOTALL).group()
    cells = Page(table).cells
    assert cells[:2] == ["query", "attends most to (weight)"]
    return dict(zip(cells[2::2], cells[3::2], strict=True))


# ---------------------------------------------------------------- heat maps


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_heatmap_names_axes_and_tokens():
    panel = viz.heatmap(WEIGHTS, TOKENS, list("abc"), title="Map").axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("key", "query")
    assert labels(panel.xaxis) == ["a", "b", "c"]
    assert labels(panel.yaxis) == TOKENS
    assert panel.figure.get_suptitle() == "Map"


def test_heatmap_puts_the_first_query_on_top_and_the_first_key_left():
    panel = viz.heatmap([[1, 0], [0, 0]]).axes[0]
    assert panel.get_xlim() == (-0.5, 1.5)
    assert panel.get_ylim() == (1.5, -0.5)
    np.testing.assert_array_equal(panel.images[0].get_array(), [[1, 0], [0, 0]])


def test_heatmap_uses_the_queries_as_keys():
    panel = viz.heatmap(WEIGHTS, TOKENS).axes[0]
    assert labels(panel.xaxis) == TOKENS


def test_heatmap_draws_one_panel_a_head_on_one_scale():
    weights = np.stack([uniform(4, 4) * scale for scale in (1, 2, 3, 4, 3)])
    *panels, bar = viz.heatmap(weights).axes
    titles = [panel.get_title() for panel in panels]
    assert titles == ["head 1", "head 2", "head 3", "head 4", "head 5"]
    limits = {panel.images[0].get_clim() for panel in panels}
    assert limits == {(0, 1)}
    assert labels(bar.yaxis) == ["0", "1.00"]


def test_heatmap_of_one_head_has_no_head_in_its_title():
    assert viz.heatmap([WEIGHTS]).axes[0].get_title() == ""


def test_heatmap_writes_numbers_only_where_they_fit():
    def numbers(weights, **options):
        return [
            text.get_text() for text in viz.heatmap(weights, **options).axes[0].texts
        ]

    assert numbers(WEIGHTS[:2]) == ["0.70", "0.20", "0.10", "0.13", "0.75", "0.13"]
    assert numbers(WEIGHTS, annotate=False) == []
    assert numbers(uniform(9, 9)) == []
    assert len(numbers(uniform(9, 9), annotate=True)) == 81


def test_heatmap_shows_zero_as_the_bare_page():
    image = viz.heatmap([[0, 1]]).axes[0].images[0]
    zero, one = image.cmap(image.norm([0.0, 1.0]))
    assert zero[3] == 0
    assert one[3] == 1


def test_heatmap_of_zeros_only_is_bare():
    image = viz.heatmap(np.zeros((2, 2))).axes[0].images[0]
    assert not image.cmap(image.norm(image.get_array()))[..., 3].any()


@pytest.mark.filterwarnings("ignore:Glyph")
def test_heatmap_takes_any_token():
    figure = viz.heatmap(uniform(len(NASTY), len(NASTY)), NASTY)
    assert "$\\frac$" in labels(figure.axes[0].xaxis)
    figure.canvas.draw()


def test_heatmap_thins_labels_that_have_no_room():
    tokens = [f"token {index}" for index in range(120)]
    shown = labels(viz.heatmap(uniform(120, 120), tokens).axes[0].yaxis)
    assert 10 < len(shown) < 60
    assert set(shown) < set(tokens)


def test_heatmap_leaves_no_figure_open():
    before = plt.get_fignums()
    assert isinstance(viz.heatmap(WEIGHTS), plt.Figure)
    assert plt.get_fignums() == before


def test_a_notebook_shows_each_heat_map_once():
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    sources = [
        "from attnlib import viz\nviz.heatmap([[1, 0]])",
        "import matplotlib.pyplot as plt\nfigure, ax = plt.subplots()\n"
        "viz.heatmap([[1, 0]], ax=ax)",
        "viz.explore([[1.0]], ['q'])",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources]
    )
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    shown = [[sorted(out["data"]) for out in cell.outputs] for cell in notebook.cells]
    image, page = ["image/png", "text/plain"], ["text/html", "text/plain"]
    assert shown == [[image], [image], [page]]


def test_heatmap_draws_into_your_axes():
    figure, axes = plt.subplots(1, 2)
    assert viz.heatmap(WEIGHTS, ax=axes[1], title="Right") is None
    assert axes[1].get_title() == "Right"
    assert not axes[0].images
    assert plt.fignum_exists(figure.number)
    plt.close(figure)


def luminance(colour):
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(colour)
    ]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#121212"])
def test_text_reads_on_a_light_and_on_a_dark_page(page):
    panel, bar = viz.heatmap(WEIGHTS, TOKENS, title="Map").axes
    texts = [panel.xaxis.label, panel.yaxis.label, panel.title, bar.title]
    texts += panel.get_xticklabels() + panel.get_yticklabels() + bar.get_yticklabels()
    for text in texts:
        assert contrast(text.get_color(), page) >= 4
    full = panel.images[0].cmap(1.0)
    assert contrast(full, page) >= 3.5


@pytest.mark.parametrize("page", ["#ffffff", "#121212"])
def test_numbers_read_on_their_cells(page):
    weights = np.linspace(0, 1, 64).reshape(8, 8)
    panel = viz.heatmap(weights).axes[0]
    image = panel.images[0]
    for text, weight in zip(panel.texts, weights.ravel(), strict=True):
        *colour, alpha = image.cmap(image.norm(weight))
        cell = alpha * np.array(colour) + (1 - alpha) * np.array(to_rgb(page))
        if text.get_path_effects():
            cell = text.get_path_effects()[0]._gc["foreground"]
        assert contrast(text.get_color(), cell) >= 3.5


def test_set_style_makes_figures_transparent_with_grey_text():
    with plt.rc_context():
        viz.set_style()
        figure, panel = plt.subplots()
        plt.close(figure)
        assert figure.get_facecolor()[3] == 0
        assert panel.get_facecolor()[3] == 0
        for page in ("#ffffff", "#121212"):
            assert contrast(plt.rcParams["text.color"], page) >= 4


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize("draw", [viz.heatmap, lambda w: viz.explore(w, TOKENS)])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, 0.5], r"`weights` must have shape .* got \(2,\)"),
        (np.zeros((1, 2, 3, 3)), r"got \(1, 2, 3, 3\)"),
        (np.zeros((0, 3)), "`weights` must have at least one query"),
        ([[0.5, np.nan]], "`weights` must be finite; got 1"),
        ([[0.5, np.inf]], "`weights` must be finite; got 1"),
        ([[0.5, -0.5]], "`weights` must not be negative; the smallest is -0.5"),
        ([[0.5], [0.5, 0.5]], "`weights` must be an array of numbers"),
        ([["a"]], "`weights` must be an array of numbers"),
    ],
)
def test_wrong_weights_are_named(draw, weights, message):
    with pytest.raises(ValueError, match=message):
        draw(weights)


@pytest.mark.parametrize("draw", [viz.heatmap, viz.explore])
@pytest.mark.parametrize(
    ("queries", "keys", "message"),
    [
        (["a"], ["a", "b", "c"], "`queries` must have one token for each of the 2"),
        (["a", "b"], ["a"], "`keys` must have one token for each of the 3"),
        ("ab", ["a", "b", "c"], "`queries` must be a list of tokens; got the string"),
        (["a", "b"], None, "`keys` "),
    ],
)
def test_tokens_that_do_not_fit_are_named(draw, queries, keys, message):
    with pytest.raises(ValueError, match=message):
        draw(uniform(2, 3), queries, keys)


def test_heatmap_refuses_several_heads_in_one_axes():
    figure, ax = plt.subplots()
    with pytest.raises(ValueError, match="`ax` takes one panel; got weights of 2"):
        viz.heatmap(uniform(2, 3, 3), ax=ax)
    plt.close(figure)


# -------------------------------------------------------- interactive maps


def test_explore_keeps_the_numbers_to_four_decimals():
    data = read_data(viz.explore([[0.123456, 1.0]], ["q"], ["a", "b"]))
    assert data["weights"] == [[[0.1235, 1]]]


@given(
    st.lists(st.text(), min_size=1, max_size=4),
    st.lists(st.text(), min_size=1, max_size=4),
)
def test_any_token_survives_the_way_into_the_page(queries, keys):
    attention_map = viz.explore(uniform(len(queries), len(keys)), queries, keys)
    data = read_data(attention_map)
    for given_tokens, shown in (queries, data["queries"]), (keys, data["keys"]):
        for token, text in zip(given_tokens, shown, strict=True):
            assert text == token or not token.strip()
            assert text.strip()


def test_nasty_tokens_make_no_elements():
    weights = uniform(len(NASTY), len(NASTY))
    plain = viz.explore(weights, ["token"] * len(NASTY), title="title")
    nasty = viz.explore(weights, NASTY, title=NASTY[0])

    def count(attention_map):
        texts = Page(attention_map.html).texts
        return {tag: len(found) for tag, found in texts.items()}

    assert count(nasty) == count(plain)
    assert read_data(nasty)["queries"] == [*NASTY[:7], "(empty)", "␣␣"]


def test_table_names_the_three_strongest_keys():
    weights = [[0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.996, 0.004], [0, 0, 0, 0]]
    table = read_table(viz.explore(weights, ["q", "r", "s"], list("abcd")))
    assert table == {
        "q": '"d" 0.40, "c" 0.30, "b" 0.20',
        "r": '"c" 1.00, "d" 0.0040',
        "s": "nothing",
    }


def test_table_holds_the_mean_of_the_heads():
    heads = [[[1.0, 0.0], [0.5, 0.5]], [[0.25, 0.75], [0.0, 1.0]]]
    attention_map = viz.explore(heads, ["a", "b"])
    assert "mean of 2 heads" in attention_map.html
    assert read_table(attention_map) == {
        "a": '"a" 0.63, "b" 0.38',
        "b": '"b" 0.75, "a" 0.25',
    }


def test_same_input_gives_the_same_html():
    first, second = (viz.explore(WEIGHTS, TOKENS, title="Map") for _ in range(2))
    assert first.html == second.html


def test_explore_does_not_change_when_the_array_does():
    weights = np.array(WEIGHTS)
    attention_map = viz.explore(weights, TOKENS)
    before = attention_map.html
    weights[:] = 0
    assert attention_map.html == before


def test_html_needs_nothing_from_outside():
    text = viz.explore(uniform(2, 3, 3), TOKENS).html
    assert not re.search(r"http|//\w|url\(|@import|\bsrc=|\bhref=|fetch\(", text)


def test_script_and_style_stay_small():
    texts = Page(viz.explore(uniform(2, 3, 3), TOKENS).html).texts
    assert len("".join(texts["style"] + texts["script"]).encode()) < 8000


def test_notebook_gets_html_and_one_line_of_text():
    bundle = viz.explore(uniform(8, 12, 1), ["q"] * 12, ["k"])._repr_mimebundle_()
    assert bundle["text/plain"] == "AttentionMap: 8 heads, 12 queries, 1 key"
    assert bundle["text/html"].startswith("<attention-map")


def test_save_writes_a_whole_page(tmp_path):
    attention_map = viz.explore(WEIGHTS, TOKENS, title="<Map>")
    attention_map.save(tmp_path / "map.html")
    text = (tmp_path / "map.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>&lt;Map&gt;</title>" in text
    assert attention_map.html in text
    assert [path.name for path in tmp_path.iterdir()] == ["map.html"]


def test_a_failed_save_leaves_the_old_page(tmp_path):
    (tmp_path / "map.html").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        viz.explore([[1.0]], ["\ud800"]).save(tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1
