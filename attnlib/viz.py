"""Attention maps: heat maps for print, and maps to explore in a notebook.

Both kinds read well on a light and on a dark page. The module needs no deep
learning framework: weights are anything that `numpy.asarray` can read; turn other
tensors into arrays with `keras.ops.convert_to_numpy`. Heads are counted from 1.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke
from matplotlib.rcsetup import cycler
from matplotlib.ticker import MaxNLocator

from attnlib import _pages
from attnlib._types import Array, ArrayLike

# The grey that contrasts equally (4.3 to 1) with a white page and with #121212.
_GREY = "#797979"
# Okabe and Ito's colour-blind safe colours, those that show on both pages first.
_BLUE = "#0072B2"
_COLOURS = [_BLUE, "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
# From the bare page to full blue: a weight of zero leaves no mark on any page.
_WEIGHTS = LinearSegmentedColormap.from_list("weights", [_BLUE + "00", _BLUE])

_STYLE: dict[Any, Any] = {
    "figure.figsize": (6, 3.6),
    "figure.dpi": 130,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.size": 12,
    "axes.titlesize": 12,
    "text.color": _GREY,
    "axes.labelcolor": _GREY,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=_COLOURS),
    "lines.linewidth": 2,
    "legend.frameon": False,
}


def set_style() -> None:
    """Set the matplotlib style of the book: figures for light and dark pages.

    Call it once, before the first figure.

    Source:
        The colours are those of
        [Okabe and Ito (2008)](https://jfly.uni-koeln.de/color/).

    >>> with plt.rc_context():
    ...     set_style()
    ...     print(plt.rcParams["figure.facecolor"])
    none
    """
    plt.rcParams.update(_STYLE)


def heatmap(
    weights: ArrayLike,
    queries: Iterable[str] | None = None,
    keys: Iterable[str] | None = None,
    *,
    title: str | None = None,
    ax: Axes | None = None,
    annotate: bool | None = None,
) -> Figure | None:
    """Draw attention weights as a heat map, or as one small panel for each head.

    The colours run from zero, which leaves the page bare, to the largest weight;
    all panels share them.

    Args:
        weights: (query, key) or (heads, query, key), numbers from zero up.
        queries: one token for each query; positions if left out.
        keys: one token for each key; if left out the queries, where there are
            any, otherwise positions.
        title: a line above the figure.
        ax: the matplotlib axes to draw in, for weights of one head. The figure,
            and with it the style, is then yours.
        annotate: write the weights in the cells? If left out, they are written
            where they fit: up to 8 queries and 8 keys in cells that are not small.

    Returns:
        The matplotlib figure, which a notebook shows if it ends a cell; None when
        you gave `ax`, because the notebook shows your own figure anyway.

    Raises:
        ValueError: for weights of another rank, empty, negative or not finite; for
            tokens whose number does not fit; for `ax` with several heads.

    >>> figure = heatmap([[0.9, 0.1], [0.4, 0.6]], ["not", "bad"])
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['not', 'bad']
    """
    weights = _check_weights(weights)
    heads, query_count, key_count = weights.shape
    largest = float(weights.max()) or 1.0
    if queries is not None:
        queries = _check_tokens("queries", queries, query_count)
        keys = queries if keys is None else keys
    if keys is not None:
        keys = _check_tokens("keys", keys, key_count)
    if ax is not None:
        if heads > 1:
            raise ValueError(
                f"`ax` takes one panel; got weights of {heads} heads. Leave `ax` "
                "out, or pass the weights of one head."
            )
        image = _draw_panel(ax, weights[0], largest, queries, keys, annotate)
        _draw_colour_bar(image, ax, largest)
        ax.set_title(title or "")
        return None

    columns = min(heads, 4)
    rows = ceil(heads / columns)
    # Inches: half of one for a cell, as long as the panels fit on a page.
    widest = 5 if heads == 1 else 6.5 / columns
    width, height = (min(max(n / 2, 0.5), widest) for n in (key_count, query_count))
    size = (
        columns * width + 0.1 * _longest(queries) + 1.2,
        rows * (height + 0.3) + 0.1 * _longest(keys) + 0.6,
    )
    # Outside the context: the first figure of a session may set rcParams to stay.
    figure = plt.figure(
        figsize=size, dpi=_STYLE["figure.dpi"], facecolor="none", layout="constrained"
    )
    plt.close(figure)  # else a notebook shows it a second time
    with plt.rc_context(_STYLE):
        grid = figure.subplots(rows, columns, squeeze=False)
        panels = list(grid.ravel()[:heads])
        for unused in grid.ravel()[heads:]:
            unused.remove()
        for index, panel in enumerate(panels):
            image = _draw_panel(panel, weights[index], largest, queries, keys, annotate)
            if heads > 1:
                panel.set_title(f"head {index + 1}")
            if index % columns:
                panel.set_ylabel("")
                panel.tick_params(left=False, labelleft=False)
            if index + columns < heads:
                panel.set_xlabel("")
                panel.tick_params(bottom=False, labelbottom=False)
        _draw_colour_bar(image, panels, largest)
        figure.suptitle(title or "")
        figure.draw_without_rendering()  # makes the ticks while the style holds
    return figure


@dataclass(frozen=True, eq=False, repr=False)
class AttentionMap:
    """An interactive attention map; `explore` makes and describes it.

    Attributes:
        weights: (heads, query, key), float64, rounded to 4 decimals.
        queries: a list of tokens.
        keys: a list of tokens; None where they are the queries.
        title: a line above the map, or None.
    """

    weights: Array
    queries: list[str]
    keys: list[str] | None
    title: str | None

    @property
    def html(self) -> str:
        """The map as one fragment of HTML that needs nothing from outside."""
        return _pages.make_element(
            "attention-map",
            f'<div class="am-view"></div>{self._table()}',
            {
                "queries": self.queries,
                "keys": self.keys,
                "weights": self.weights.tolist(),
            },
            ["base.css", "explore.css", "base.js", "explore.js"],
            self.title,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the map to `path` as a page of its own.

        The file appears whole or not at all.
        """
        _pages.save_page(path, self.title or "Attention map", self.html)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self) -> str:
        counts = zip(self.weights.shape, ("head", "query", "key"), strict=True)
        plurals = {"head": "heads", "query": "queries", "key": "keys"}
        parts = [f"{n} {word if n == 1 else plurals[word]}" for n, word in counts]
        return f"AttentionMap: {', '.join(parts)}"

    def _table(self) -> str:
        heads = len(self.weights)
        mean = self.weights.mean(axis=0)
        caption = "The keys that each query attends to most"
        if heads > 1:
            caption += f", mean of {heads} heads"
        rows = (
            (
                _pages.name_token(query),
                _pages.name_strongest(row, self.keys or self.queries),
            )
            for query, row in zip(self.queries, mean, strict=True)
        )
        return _pages.make_table(caption, ["query", "attends most to (weight)"], rows)


def explore(
    weights: ArrayLike,
    queries: Iterable[str],
    keys: Iterable[str] | None = None,
    *,
    title: str | None = None,
) -> AttentionMap:
    """Make an attention map to explore: choose a query, see what it attends to.

    A notebook shows the map if it ends a cell. Hover over a query, tap it, or use
    the arrow keys; with several heads, choose one or their mean. Where no script
    runs (print, GitHub), a table names the strongest keys of each query.

    Args:
        weights: (query, key) or (heads, query, key), numbers from zero up; kept to
            4 decimals.
        queries: one token for each query.
        keys: one token for each key; leave them out for self-attention, where the
            queries are the keys.
        title: a line above the map.

    Returns:
        An `AttentionMap`. `.html` is the fragment of HTML, `.save(path)` writes a
        page.

    Raises:
        ValueError: for weights of another rank, empty, negative or not finite; for
            tokens whose number does not fit.

    >>> explore([[0.9, 0.1], [0.4, 0.6]], ["not", "bad"])
    AttentionMap: 1 head, 2 queries, 2 keys
    """
    weights = _check_weights(weights)
    _, query_count, key_count = weights.shape
    queries = _check_tokens("queries", queries, query_count)
    if keys is not None:
        keys = _check_tokens("keys", keys, key_count)
    elif query_count != key_count:
        raise ValueError(
            f"`keys` may be left out only where they are the queries; got weights of "
            f"{query_count} queries and {key_count} keys. Pass one token for each key."
        )
    return AttentionMap(weights.round(4), queries, keys, title)


def _check_weights(weights: ArrayLike) -> Array:
    """Return `weights` as a float64 array (heads, query, key)."""
    weights = _pages.check_numbers("weights", weights)
    if weights.ndim not in (2, 3):
        raise ValueError(
            "`weights` must have shape (query, key) or (heads, query, key); got "
            f"{weights.shape}. Take one example of a batch with weights[0]; give a "
            "single query its axis with weights[None]."
        )
    if weights.size == 0:
        raise ValueError(
            f"`weights` must have at least one query and one key; got {weights.shape}."
        )
    if weights.min() < 0:
        raise ValueError(
            f"`weights` must not be negative; the smallest is {weights.min():.4g}. "
            "These may be scores: take the softmax over the keys first."
        )
    return weights.reshape(-1, *weights.shape[-2:])


def _check_tokens(name: str, tokens: Iterable[str], count: int) -> list[str]:
    return _pages.check_tokens(name, tokens, count, f"{name} of the weights")


def _longest(labels: list[str] | None) -> int:
    return max(map(len, labels)) if labels else 2


def _draw_panel(
    panel: Axes,
    weights: Array,
    largest: float,
    queries: list[str] | None,
    keys: list[str] | None,
    annotate: bool | None,
) -> AxesImage:
    """Draw the weights (query, key) of one head; return the image."""
    image = panel.imshow(weights, cmap=_WEIGHTS, vmin=0, vmax=largest, aspect="auto")
    panel.spines[:].set_visible(True)
    panel.set(xlabel="key", ylabel="query")
    box = panel.get_window_extent()
    query_size = box.height / panel.figure.dpi / len(weights)  # inches
    key_size = box.width / panel.figure.dpi / len(weights[0])
    _label_axis(panel.xaxis, keys, key_size)
    _label_axis(panel.yaxis, queries, query_size)
    if keys is not None and 0.1 * _longest(keys) > key_size:
        panel.tick_params(axis="x", rotation=90)
    if annotate is None:
        annotate = max(weights.shape) <= 8 and key_size > 0.35
    if annotate:
        for (query, key), weight in np.ndenumerate(weights):
            _write_number(panel, query, key, weight, weight / largest)
    return image


def _label_axis(axis: Axis, labels: list[str] | None, cell_size: float) -> None:
    """Name the cells, or as many of them as there is room for."""
    axis.set_major_locator(MaxNLocator(integer=True))
    if labels is not None:
        step = ceil(0.11 / cell_size)
        size = min(max(8, 60 * cell_size), 12)
        places = range(0, len(labels), step)
        # `parse_math` is off because a token may hold dollar signs.
        axis.set_ticks(places, labels[::step], fontsize=size, parse_math=False)


def _write_number(
    panel: Axes, query: int, key: int, weight: float, share: float
) -> None:
    """Write a weight: grey where the cell is faint, white in a blue halo elsewhere."""
    faint = share < 0.15
    panel.text(
        key,
        query,
        _pages.round_up(weight) if weight else "0",
        ha="center",
        va="center",
        fontsize=10,
        color=_GREY if faint else "white",
        path_effects=[] if faint else [withStroke(linewidth=2.5, foreground=_BLUE)],
    )


def _draw_colour_bar(
    image: AxesImage, panels: Axes | list[Axes], largest: float
) -> None:
    bar = image.figure.colorbar(image, ax=panels)
    bar.set_ticks([0, largest], labels=["0", _pages.round_up(largest)])
    bar.outline.set_visible(False)
    bar.ax.set_title("weight", pad=10)
