"""The HTML of explorables: data, what stands in for the script, errors."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlib import explorables

NASTY = [
    "</script><script>alert(1)</script>",
    "</script ",
    "<!--<script ",
    "<b>&amp;\"'",
    "\N{GRINNING FACE}",
    "שלום",
    "$\\frac$",
    "",
    "1.0]",
]
MAKERS = {
    "softmax": lambda labels, title=None: explorables.softmax(
        np.arange(float(len(labels))), labels, title=title
    ),
    "plane": lambda labels, title=None: explorables.plane(
        np.arange(2.0 * len(labels)).reshape(-1, 2), labels=labels, title=title
    ),
    "values": lambda labels, title=None: explorables.plane(
        np.arange(2.0 * len(labels)).reshape(-1, 2),
        np.arange(len(labels)),
        labels=labels,
        title=title,
    ),
    "masks": lambda labels, title=None: explorables.masks(
        np.arange(float(len(labels) ** 2)).reshape(len(labels), -1),
        labels,
        real=[True] * len(labels),
        title=title,
    ),
}
# Two to six tokens, so not with any number of labels.
MAKERS_OF_TWO = MAKERS | {
    "steps": lambda tokens, title=None: explorables.steps(tokens, title=title)
}
each = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
each_of_two = pytest.mark.parametrize("make", MAKERS_OF_TWO.values(), ids=MAKERS_OF_TWO)


class Page(HTMLParser):
    """The text of each element of a fragment by tag, and the cells of its table."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.tag, self.rows = {}, "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tag = "data" if ("type", "application/json") in attrs else tag
        self.texts.setdefault(self.tag, []).append("")
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, data):
        self.texts.setdefault(self.tag, [""])[-1] += data
        if self.rows and self.tag in ("th", "td", "bdi"):
            self.rows[-1][-1] += data


def read_data(explorable):
    (text,) = Page(explorable.html).texts["data"]
    return json.loads(text)


def read_table(explorable):
    table = re.search("<table.*</table>", explorable.html, re.DOTALL).group()
    return Page(table).rows


# --------------------------------------------------- what stands in for the script


def test_softmax_shows_three_temperatures():
    # At temperature 1/2, 1 and 2 the odds of the two keys are 9, 3 and the root of 3.
    table = read_table(explorables.softmax([np.log(3), 0], ["not", "bad"]))
    assert table == [
        ["key", "score", "weight at 0.5", "weight at 1", "weight at 2"],
        ["not", "1.10", "0.900", "0.750", "0.634"],
        ["bad", "0.00", "0.100", "0.250", "0.366"],
    ]


def test_plane_shows_the_weights_and_the_context_of_the_start():
    # Dot products log 3 and 0. Half squared distances: the query lies on key 1, and
    # log 9 from the other at height 0: log(9)^2 / 2 = 2.4139, e to that is 11.178.
    keys = [[np.log(3) / 2, 0], [0, 0]]
    table = read_table(explorables.plane(keys, labels=["a", "b"], query=(2, 0)))
    assert table[:2] == [
        ["key", "place", "dot product", "distance"],
        ["a", "(0.55, 0.00)", "0.750", "0.721"],
    ]
    assert table[2] == ["b", "(0.00, 0.00)", "0.250", "0.279"]
    assert table[3] == ["context", "", "(0.41, 0.00)", "(0.40, 0.00)"]


def test_plane_fuses_numbers():
    table = read_table(explorables.plane([[1, 0], [-1, 0]], [10, 30]))
    assert table == [
        ["key", "place", "value", "dot product", "distance"],
        ["10.0", "(1.00, 0.00)", "10.0", "0.500", "0.500"],
        ["30.0", "(\N{MINUS SIGN}1.00, 0.00)", "30.0", "0.500", "0.500"],
        ["context", "", "", "20.0", "20.0"],
    ]


def test_masks_shows_each_mask():
    scores = np.log([[1, 3], [1, 1]])
    table = read_table(explorables.masks(scores, ["a", "b"], real=[False, True]))
    assert table == [
        ["query", "no mask", "causal", "padding"],
        ["a", "0.25 0.75", "1.00 0", "0 1.00"],
        ["b", "0.50 0.50", "0.50 0.50", "0 1.00"],
    ]
    table = read_table(explorables.masks(scores, ["a", "b"]))
    assert table[0] == ["query", "no mask", "causal"]


def test_a_query_that_sees_only_padding_has_weights_of_zero():
    table = read_table(explorables.masks(np.eye(2), ["a", "b"], real=[False] * 2))
    assert [row[-1] for row in table[1:]] == ["0 0", "0 0"]


def test_steps_shows_the_figures_of_the_worked_example():
    # e to one half against three times e to zero.
    own, other = np.exp(0.5) / (np.exp(0.5) + 3), 1 / (np.exp(0.5) + 3)
    explorable = explorables.steps(["dogs", "chase", "small", "cats"], query=1)
    table = read_table(explorable)
    assert table[0] == ["key", "score", "weight", "number of the context"]
    assert table[1] == ["dogs", "0.00", f"{other:.4f}", f"{other:.4f}"]
    assert table[2] == ["chase", "0.50", f"{own:.4f}", f"{own:.4f}"]
    drawn = re.findall(r'class="ex-height"[^>]*>([\d.]+)<', explorable.html)
    assert drawn == [row[2] for row in table[1:]]
    assert read_data(explorable) == {
        "tokens": ["dogs", "chase", "small", "cats"],
        "query": 1,
    }


def test_nasty_tokens_make_no_elements_among_the_steps():
    def count(explorable):
        return {tag: len(all_) for tag, all_ in Page(explorable.html).texts.items()}

    nasty = explorables.steps(NASTY[:6])
    assert count(nasty) == count(explorables.steps(["token"] * 6))
    assert read_data(nasty)["tokens"] == NASTY[:6]


def test_extreme_scores_do_not_overflow():
    table = read_table(explorables.softmax([1e5, -1e5, 0]))
    assert [row[3] for row in table[1:]] == ["1.000", "0.000", "0.000"]


def circles(explorable, name):
    return [
        tuple(map(float, found))
        for found in re.findall(
            rf'class="ex-{name}"[^>]*? cx="(.*?)" cy="(.*?)" r="(.*?)"', explorable.html
        )
    ]


def test_the_drawing_puts_keys_in_their_places_with_areas_by_weight():
    keys = [[np.log(9), 0], [0, np.log(9) / 2], [-1, -1]]
    explorable = explorables.plane(keys, query=(1, 0))
    data = read_data(explorable)
    discs = circles(explorable, "disc")
    for (x, y), (cx, cy, _) in zip(keys, discs, strict=True):
        assert cx == pytest.approx(x * 200 / data["limit"], abs=0.06)
        assert cy == pytest.approx(-y * 200 / data["limit"], abs=0.06)
    areas = np.array([radius**2 for _, _, radius in discs])
    weights = np.array([9, 1, np.exp(-1)]) / (10 + np.exp(-1))
    np.testing.assert_allclose(areas / areas.sum(), weights, atol=0.01)


def test_beads_lie_on_the_axis_of_values():
    beads = circles(explorables.plane(np.eye(2).repeat(2, 0), [0, 1, 3, 4]), "bead")
    assert [x for x, _, _ in beads] == [-170, -85, 85, 170]


@pytest.mark.parametrize("scale", [1e-6, 0.003, 0.2, 1, 7, 30, 999, 1e6])
def test_the_plane_holds_its_keys_at_any_scale(scale):
    data = read_data(explorables.plane(scale * np.array([[1, -1], [0.5, 0]])))
    assert 1.2 * scale <= data["limit"] * (1 + 1e-9) <= 1.6 * scale
    steps = data["limit"] / data["step"]
    assert steps >= 100 - 1e-6
    assert steps == pytest.approx(round(steps), abs=1e-6)
    assert float(f"{data['step']:.{data['digits'][0]}f}") == data["step"]


def test_one_key_at_the_origin_has_a_plane_around_it():
    assert read_data(explorables.plane([[0.0, 0.0]], [5]))["limit"] == 1


def test_only_the_strongest_of_many_keys_are_named():
    keys = np.random.default_rng(0).normal(size=(20, 2))
    text = explorables.plane(keys, query=(1, 1)).html
    assert 'class="ex-drawing ex-many"' in text
    named = re.findall('ex-named"[^>]*>(.*?) <', text)
    strongest = np.argsort(-keys.sum(axis=1))[:3] + 1
    assert sorted(map(int, named)) == sorted(strongest)


def test_names_avoid_each_other():
    keys = [[1, 1], [1.02, 0.9], [0.9, 1.05], [1, 1.1]]
    text = explorables.plane(keys, labels=["aaaa", "bbbb", "cccc", "dddd"]).html
    found = re.findall('class="ex-label(.*?)" x="(.*?)" y="(.*?)"', text)
    assert len(set(found)) == 4


# -------------------------------------------------------------------- data


def test_the_page_gets_the_numbers_as_they_are():
    scores = [0.1 + 0.2, -1.0, 1e-9]
    data = read_data(explorables.softmax(scores))
    assert data == {"labels": ["key 1", "key 2", "key 3"], "scores": scores}
    data = read_data(explorables.masks([[1, 2], [3, 4]], ["a", "b"], real=[True] * 2))
    assert data["scores"] == [[1, 2], [3, 4]]
    assert data["real"] == [True, True]
    assert read_data(explorables.masks([[1]], ["a"]))["real"] is None


@each
@given(labels=st.lists(st.text(), min_size=1, max_size=4))
def test_any_token_survives_the_way_into_the_page(make, labels):
    data = read_data(make(labels))
    for token, text in zip(labels, data.get("labels") or data["tokens"], strict=True):
        assert text == token or not token.strip()
        assert text.strip()


@each
def test_nasty_tokens_make_no_elements(make):
    def count(explorable):
        return {tag: len(all_) for tag, all_ in Page(explorable.html).texts.items()}

    nasty = make(NASTY, title=NASTY[0])
    assert count(nasty) == count(make(["token"] * len(NASTY), title="title"))
    data = read_data(nasty)
    shown = data.get("labels") or data["tokens"]
    assert shown == [token or "(empty)" for token in NASTY]


@each_of_two
def test_html_needs_nothing_from_outside(make):
    text = make(["a", "b"], title="Title").html
    assert not re.search(r"http|//\w|url\(|@import|\bsrc=|\bhref=|fetch\(", text)


@each_of_two
def test_script_and_style_stay_small(make):
    texts = Page(make(["a", "b"]).html).texts
    assert len("".join(texts["style"] + texts["script"]).encode()) < 14_000


@each_of_two
def test_same_input_gives_the_same_html(make):
    assert make(["a", "b"]).html == make(["a", "b"]).html


@each
def test_a_figure_has_a_name(make):
    assert "<figcaption>Title</figcaption>" in make(["a"], title="Title").html
    untitled = make(["a"])
    assert f'aria-label="{untitled!r}"' in untitled.html
    assert "<figcaption>" not in untitled.html


def test_an_explorable_says_in_one_line_what_it_is():
    bundle = MAKERS["softmax"](list("abcde"))._repr_mimebundle_()
    assert bundle["text/plain"] == "Explorable: softmax over 5 keys"
    assert bundle["text/html"].startswith("<attention-softmax>")
    assert repr(MAKERS["plane"](["a"])) == "Explorable: plane with 1 key"
    assert repr(MAKERS["masks"](["a", "b"])) == "Explorable: masks over 2 tokens"


def test_an_explorable_does_not_change():
    explorable = MAKERS["softmax"](["a"])
    with pytest.raises(AttributeError):
        explorable.html = ""


def test_save_writes_a_whole_page(tmp_path):
    explorable = MAKERS["plane"](["a", "b"], title="<Plane>")
    explorable.save(tmp_path / "plane.html")
    text = (tmp_path / "plane.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>&lt;Plane&gt;</title>" in text
    assert explorable.html in text
    assert [path.name for path in tmp_path.iterdir()] == ["plane.html"]


def test_a_failed_save_leaves_the_old_page(tmp_path):
    (tmp_path / "page.html").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        explorables.softmax([1.0], ["\ud800"]).save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda e: e.softmax([[1.0]]), r"`scores` must have shape \(key,\).* \(1, 1\)"),
        (lambda e: e.softmax([]), r"`scores` must have .* at least one .* got \(0,\)"),
        (lambda e: e.softmax([np.inf]), "`scores` must be finite; got 1"),
        (lambda e: e.softmax(["a"]), "`scores` must be an array of numbers"),
        (
            lambda e: e.softmax([1, 2], ["a"]),
            "`labels` must have one token for each of the 2 scores; got 1",
        ),
        (
            lambda e: e.softmax([1, 2], "ab"),
            "`labels` must be a list of tokens; got the string 'ab'",
        ),
        (lambda e: e.plane([1, 2]), r"`keys` must have shape \(key, 2\).* got \(2,\)"),
        (lambda e: e.plane(np.ones((2, 3))), r"`keys` must have .* got \(2, 3\)"),
        (lambda e: e.plane(np.ones((0, 2))), r"`keys` must have .* got \(0, 2\)"),
        (lambda e: e.plane([[np.nan, 1]]), "`keys` must be finite"),
        (
            lambda e: e.plane([[1, 2]], [[1, 2]]),
            r"`values` must have shape \(1,\), a number for each key; got \(1, 2\)",
        ),
        (
            lambda e: e.plane([[1, 2]], query=0),
            r"`query` must have shape \(2,\), a point; got \(\)",
        ),
        (
            lambda e: e.plane([[1, 2]], labels=[]),
            "`labels` must have one token for each of the 1 keys; got 0",
        ),
        (
            lambda e: e.masks([[1, 2]], ["a"]),
            r"`scores` must have .* as many queries as keys; got \(1, 2\)",
        ),
        (lambda e: e.masks(np.ones((0, 0)), []), r"`scores` must .* got \(0, 0\)"),
        (
            lambda e: e.masks(np.eye(2), ["a"]),
            "`tokens` must have one token for each of the 2 queries; got 1",
        ),
        (
            lambda e: e.masks(np.eye(2), ["a", "b"], real=[1, 0]),
            r"`real` must be boolean of shape \(2,\), True at real tokens; got int64",
        ),
        (
            lambda e: e.masks(np.eye(2), ["a", "b"], real=[True]),
            r"`real` must be boolean of shape \(2,\).* got bool of shape \(1,\)",
        ),
        (lambda e: e.steps("ab"), "`tokens` must be a list of tokens; got the string"),
        (lambda e: e.steps(["a"]), "`tokens` must be two to six; got 1"),
        (lambda e: e.steps(list("abcdefg")), "`tokens` must be two to six; got 7"),
        (
            lambda e: e.steps(["a", "b"], query=2),
            "`query` must be the place of a token, 0 to 1; got 2",
        ),
    ],
)
def test_wrong_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make(explorables)
