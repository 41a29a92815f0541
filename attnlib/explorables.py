"""Explorables: small instruments, where a hand learns faster than an eye.

Each shows one part of attention, and the reader moves it: how the softmax turns
scores into weights, how a query moves among its keys, what a mask takes away, how
encoding, scoring and fusing follow from each other. They need no script from outside
and no keyboard is left out; where no script runs (print, GitHub), a table stands in.
The module needs no deep learning framework.
"""

import html
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any, TypeAlias

import numpy as np

from attnlib import _pages
from attnlib._types import Array, ArrayLike

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

_TEMPERATURES = (0.5, 1, 2)  # in the table of the softmax
_HALF = 200  # the plane is drawn from -200 to 200
_DISC = 28  # the radius that shows a weight of 1
_AXIS = 246  # where the axis of values is drawn
_NAMED = 12  # with more keys than this, only the strongest are named
_QUERY = '<g class="ex-query"><circle r="11"/><path d="M-6 0H6M0-6V6"/></g>'
_DISC_SIGN = '<circle class="ex-disc" r="11"/><circle class="ex-dot" r="4.5"/>'
_COLUMN = 115  # the steps: the least width of a token's column
_BAR, _FLOOR = 110, 375  # the height of a weight of 1, and where its bar stands
_FLOW = 60  # the width of the stream of a weight of 1
_DIAMOND = '<path class="ex-diamond" d="M0-10L10 0 0 10-10 0z"/>'


@dataclass(frozen=True, eq=False, repr=False)
class Explorable:
    """Something to explore in a notebook; the functions of this module make it.

    Attributes:
        name: what it shows, as in "softmax over 5 keys".
        html: one fragment of HTML that needs nothing from outside.
        title: a line above it, or None.
    """

    name: str
    html: str
    title: str | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the explorable to `path` as a page of its own.

        The file appears whole or not at all.
        """
        _pages.save_page(path, self.title or repr(self), self.html)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self) -> str:
        return f"Explorable: {self.name}"


def softmax(
    scores: ArrayLike, labels: Iterable[str] | None = None, *, title: str | None = None
) -> Explorable:
    """Explore how scores become weights: temperature, depth, and the root of it.

    The reader moves the temperature from 0.1 to 10 and the depth of the vectors from
    1 to 1024, and may divide the scores by the root of the depth. Beside the weights
    stand the largest of them, the number of keys that count (e to the entropy), and
    the steepest gradient: the largest change of any weight for a small change of any
    score, max w (1 - w).

    Args:
        scores: (key,), numbers: the scores at depth 1. At depth d they are sqrt(d)
            times as large, as dot products of random vectors are.
        labels: one token for each key; "key 1" and so on if left out.
        title: a line above it.

    Returns:
        An `Explorable`, which a notebook shows if it ends a cell.

    Raises:
        ValueError: for scores of another rank, empty or not finite; for labels whose
            number does not fit.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.2.1.

    >>> softmax([2.0, 1.0, 0.0], ["not", "bad", "film"])
    Explorable: softmax over 3 keys
    """
    scores = _check_vector("scores", scores)
    if labels is None:
        labels = [f"key {place}" for place in range(1, len(scores) + 1)]
    labels = _pages.check_tokens("labels", labels, len(scores), "scores")
    weights = [_softmax(scores / temperature) for temperature in _TEMPERATURES]
    rows = [
        (_pages.name_token(label), _write(score), *map(_write_weight, of_key))
        for label, score, *of_key in zip(labels, scores, *weights, strict=True)
    ]
    table = _pages.make_table(
        "Weights at three temperatures",
        ["key", "score", *(f"weight at {t}" for t in _TEMPERATURES)],
        rows,
    )
    data = {"labels": labels, "scores": scores.tolist()}
    name = f"softmax over {_count(len(scores), 'key')}"
    return _make("softmax", name, table, data, title)


def plane(
    keys: ArrayLike,
    values: ArrayLike | None = None,
    *,
    labels: Iterable[str] | None = None,
    query: ArrayLike = (0.0, 0.0),
    title: str | None = None,
) -> Explorable:
    """Explore attention in the plane: move the query, see its weights and context.

    The reader drags the query, taps a place, or uses the arrow keys; chooses the
    score, the dot product or minus half the squared distance; and the temperature.
    The area of a disc is the weight of its key.

    Args:
        keys: (key, 2), numbers: a point for each key.
        values: (key,), a number for each key; the context is then a number. If left
            out, the values are the keys, and the context is a point.
        labels: one token for each key; if left out the values, where they are given,
            otherwise numbers from 1.
        query: (2,), where the query starts.
        title: a line above it.

    Returns:
        An `Explorable`, which a notebook shows if it ends a cell.

    Raises:
        ValueError: for keys, values or a query of another shape, empty or not finite;
            for labels whose number does not fit.

    Source:
        With the distance it is the kernel regression of
        [Nadaraya (1964)](https://doi.org/10.1137/1109020) and
        [Watson (1964)](https://www.jstor.org/stable/25049340), whose Gaussian kernel
        has the variance that the temperature names.

    >>> plane([[1.0, 0.0], [0.0, 1.0]], labels=["east", "north"])
    Explorable: plane with 2 keys
    """
    keys = _pages.check_numbers("keys", keys)
    if keys.ndim != 2 or keys.shape[1] != 2 or not len(keys):
        raise ValueError(
            f"`keys` must have shape (key, 2), a point for each key; got {keys.shape}."
        )
    if values is not None:
        values = _pages.check_numbers("values", values)
        if values.shape != (len(keys),):
            raise ValueError(
                f"`values` must have shape ({len(keys)},), a number for each key; got "
                f"{values.shape}. Leave it out where the values are the keys."
            )
    query = _pages.check_numbers("query", query)
    if query.shape != (2,):
        raise ValueError(f"`query` must have shape (2,), a point; got {query.shape}.")
    frame = _Frame(keys, values, query)
    texts = None  # beside the keys: the value is part of the name, or all of it
    if labels is not None:
        labels = _pages.check_tokens("labels", labels, len(keys), "keys")
    elif values is not None:
        labels = texts = [frame.write_value(value) for value in values]
    else:
        labels = [str(place) for place in range(1, len(keys) + 1)]
    if values is not None and texts is None:
        texts = [
            f"{label} ({frame.write_value(value)})"
            for label, value in zip(labels, values, strict=True)
        ]
    weights = {
        "dot product": _softmax(keys @ query),
        "distance": _softmax(-0.5 * ((keys - query) ** 2).sum(axis=1)),
    }
    contexts = [frame.write_context(w @ frame.values) for w in weights.values()]
    table = _pages.make_table(
        f"Weights at the query {frame.write_point(query)}, temperature 1",
        ["key", "place", *(["value"] if frame.one_number else []), *weights],
        [
            (
                _pages.name_token(label),
                frame.write_point(keys[index]),
                *([frame.write_value(frame.values[index])] if frame.one_number else []),
                *(_write_weight(of_key[index]) for of_key in weights.values()),
            )
            for index, label in enumerate(labels)
        ]
        + [("context", *[""] * (2 if frame.one_number else 1), *contexts)],
    )
    data = {
        "labels": labels,
        "keys": keys.tolist(),
        "values": None if values is None else values.tolist(),
        "shares": None if values is None else [frame.share(v) for v in values],
        "query": query.tolist(),
        "limit": frame.limit,
        "step": frame.step,
        "digits": [frame.digits, frame.value_digits],
    }
    name = f"plane with {_count(len(keys), 'key')}"
    drawing = _draw_plane(frame, texts or labels, weights["dot product"])
    return _make("plane", name, table, data, title, drawing)


def masks(
    scores: ArrayLike,
    tokens: Iterable[str],
    *,
    real: ArrayLike | None = None,
    title: str | None = None,
) -> Explorable:
    """Explore masks: which scores do they take away, and where do the weights go?

    The reader switches a causal mask, a local window and, where `real` is given, a
    mask of padding, and sees the scores, the weights, and a query that may attend to
    nothing. The weights are those of `attnlib.functional.attention`.

    Args:
        scores: (query, key), square, numbers.
        tokens: one token for each query, which is also a key.
        real: (key,), boolean, True at real tokens; padding is False.
        title: a line above it.

    Returns:
        An `Explorable`, which a notebook shows if it ends a cell.

    Raises:
        ValueError: for scores of another shape, empty or not finite; for tokens or
            `real` whose number or type does not fit.

    >>> masks([[1.0, 2.0], [3.0, 4.0]], ["a", "b"], real=[True, False])
    Explorable: masks over 2 tokens
    """
    scores = _pages.check_numbers("scores", scores)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or not len(scores):
        raise ValueError(
            "`scores` must have shape (query, key) with as many queries as keys; got "
            f"{scores.shape}."
        )
    count = len(scores)
    tokens = _pages.check_tokens("tokens", tokens, count, "queries")
    everything = np.ones((count, count), bool)
    allowed = {"no mask": everything, "causal": np.tril(everything)}
    if real is not None:
        real = np.asarray(real)
        if real.dtype != bool or real.shape != (count,):
            raise ValueError(
                f"`real` must be boolean of shape ({count},), True at real tokens; got "
                f"{real.dtype} of shape {real.shape}."
            )
        allowed["padding"] = everything & real
    weights = [_softmax(np.where(mask, scores, -np.inf)) for mask in allowed.values()]
    table = _pages.make_table(
        "The weights of each query, key by key",
        ["query", *allowed],
        [
            (
                _pages.name_token(token),
                *(" ".join(map(_write_cell, of_mask[query])) for of_mask in weights),
            )
            for query, token in enumerate(tokens)
        ],
    )
    data = {
        "tokens": tokens,
        "scores": scores.tolist(),
        "real": None if real is None else real.tolist(),
    }
    name = f"masks over {_count(count, 'token')}"
    return _make("masks", name, table, data, title)


def steps(
    tokens: Sequence[str], query: int = 0, *, title: str | None = None
) -> Explorable:
    """Explore the three steps of attention: encode, score, fuse.

    Every token starts as a one-hot vector. The reader chooses the query and the
    temperature, and moves the vector of the last token towards that of the first:
    the more alike the two are, the more they attend to each other.

    Args:
        tokens: two to six tokens, each of them query, key and value.
        query: the place of the token that asks at the start.
        title: a line above it.

    Returns:
        An `Explorable`, which a notebook shows if it ends a cell.

    Raises:
        ValueError: for fewer than two tokens or more than six, and for a query that
            is not among them.

    Source:
        The scores are scaled dot products,
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.2.1.

    >>> steps(["dogs", "chase", "small", "cats"])
    Explorable: encode, score, fuse with 4 tokens
    """
    count = len(tokens)
    tokens = _pages.check_tokens("tokens", tokens, count, "vectors")
    if not 2 <= count <= 6:
        raise ValueError(f"`tokens` must be two to six; got {count}.")
    if query not in range(count):
        raise ValueError(
            f"`query` must be the place of a token, 0 to {count - 1}; got {query!r}."
        )
    vectors = np.eye(count)
    scores = vectors @ vectors[query] / count**0.5
    weights = _softmax(scores)
    context = weights @ vectors
    table = _pages.make_table(
        f"The query {_pages.name_token(tokens[query])}, temperature 1",
        ["key", "score", "weight", "number of the context"],
        [
            (_pages.name_token(token), _write(score), _write(w, 4), _write(number, 4))
            for token, score, w, number in zip(
                tokens, scores, weights, context, strict=True
            )
        ],
    )
    data = {"tokens": tokens, "query": query}
    name = f"encode, score, fuse with {count} tokens"
    drawing = _draw_steps(tokens, query, vectors, scores, weights, context)
    return _make("steps", name, table, data, title, drawing)


def _make(
    kind: str,
    name: str,
    table: str,
    data: object,
    title: str | None,
    drawing: str = "",
) -> Explorable:
    """Join what stands still, what moves, and the table that stands in."""
    assets = ["base", "explorables", kind]
    element = _pages.make_element(
        f"attention-{kind}",
        f'<div class="ex ex-{kind}">{drawing}<div class="am-view"></div></div>{table}',
        data,
        [f"{asset}.{end}" for end in ("css", "js") for asset in assets],
        title,
        label=f"Explorable: {name}",
    )
    return Explorable(name, element, title)


# ----------------------------------------------------------------- numbers


def _softmax(scores: Array) -> Array:
    """Softmax over the last axis; a row of minus infinity has weights of 0."""
    peak = scores.max(axis=-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(peak), peak, 0))
    total = powers.sum(axis=-1, keepdims=True)
    weights: Array = powers / np.where(total == 0, 1, total)
    return weights


def _check_vector(name: str, numbers: ArrayLike) -> Array:
    numbers = _pages.check_numbers(name, numbers)
    if numbers.ndim != 1 or not len(numbers):
        raise ValueError(
            f"`{name}` must have shape (key,), at least one number; "
            f"got {numbers.shape}."
        )
    return numbers


# -------------------------------------------------------------------- text


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("s" if number != 1 else "")


def _write(number: float, digits: int = 2) -> str:
    """Write a number as the scripts do, with a true minus sign."""
    text = _pages.round_up(number, f"1e-{digits}")
    return text.replace("-", "\N{MINUS SIGN}" if float(text) else "")


def _write_weight(weight: float) -> str:
    return _write(weight, 3)


def _write_cell(weight: float) -> str:
    return _write(weight) if weight else "0"


# ------------------------------------------------------------------- plane


class _Frame:
    """How far the plane reaches, how it is divided, and how its numbers are written."""

    def __init__(self, keys: Array, values: Array | None, query: Array) -> None:
        self.keys, self.query = keys, query
        self.one_number = values is not None
        self.values = keys if values is None else values
        reach = 1.2 * max(np.abs(keys).max(), np.abs(query).max()) or 1.0
        self.grid = _divide(reach)
        tenth = self.grid / 10
        self.limit = round(ceil(round(reach / tenth, 6)) * tenth, 12)
        self.step = round(self.grid / 50, 12)
        self.digits = _count_digits(self.step)
        spread = float(np.ptp(self.values))
        self.value_digits = _count_digits(_divide(spread) / 50) if spread else 2

    def place(self, point: Array) -> tuple[str, str]:
        """Return where a point lies in the drawing."""
        x, y = np.asarray(point) * (_HALF / self.limit) * (1, -1)
        return _shorten(x), _shorten(y)

    def share(self, value: float) -> float:
        """Return where a value lies between the smallest (0) and the largest (1)."""
        spread = float(np.ptp(self.values))
        return (value - self.values.min()) / spread if spread else 0.5

    def write_point(self, point: Array) -> str:
        return f"({', '.join(_write(number, self.digits) for number in point)})"

    def write_value(self, value: float) -> str:
        return _write(value, self.value_digits)

    def write_context(self, context: Any) -> str:
        return (self.write_value if self.one_number else self.write_point)(context)


def _divide(reach: float) -> float:
    """Return the largest of 1, 2 and 5, times a power of ten, below half of `reach`."""
    power = 10.0 ** floor(log10(reach / 2))
    steps = (step for step in (1, 2, 5) if step * power <= reach / 2)
    return max(steps, default=1) * power


def _count_digits(step: float) -> int:
    return max(0, -floor(round(log10(step), 9)))


def _shorten(number: float) -> str:
    """Write a number for the drawing, short."""
    return f"{round(float(number), 1) + 0:g}"


def _draw_plane(frame: _Frame, names: list[str], weights: Array) -> str:
    """Draw the plane at its start, in SVG; the script moves what has a class."""
    shares = [frame.share(value) for value in frame.values] if frame.one_number else []
    x, y = frame.place(frame.query)
    lines, discs = [], []
    for index, (key, weight) in enumerate(zip(frame.keys, weights, strict=True)):
        key_x, key_y = frame.place(key)
        colour = f' style="--share:{shares[index]:.3f}"' if shares else ""
        lines.append(
            f'<line class="ex-line" x1="{x}" y1="{y}" x2="{key_x}" y2="{key_y}" '
            f'opacity="{weight:.3f}"/>'
        )
        discs.append(
            f'<g{colour}><circle class="ex-disc" cx="{key_x}" cy="{key_y}" '
            f'r="{_DISC * weight**0.5:.1f}"/>'
            f'<circle class="ex-dot" cx="{key_x}" cy="{key_y}" r="4.5"/></g>'
        )
    context: Any = weights @ frame.values  # a number or a point
    if frame.one_number:
        axis = _draw_axis(frame, shares, weights)
        place = _shorten(_on_axis(frame.share(context))), str(_AXIS)
    else:
        axis, place = "", frame.place(context)
    legend = _AXIS + 38 if frame.one_number else _HALF + 26
    many = " ex-many" if len(names) > _NAMED else ""
    return (
        f'<svg class="ex-drawing{many}" role="img" aria-label="The query among its '
        f'{_count(len(names), "key")}" viewBox="{-_HALF} {-_HALF} {2 * _HALF} '
        f'{legend + 14 + _HALF}"><g aria-hidden="true">{_draw_grid(frame)}{axis}'
        f"{''.join(lines)}{''.join(discs)}{_write_names(frame, names, weights)}"
        f'<g class="ex-context" transform="translate({place[0]} {place[1]})">'
        f"{_DIAMOND}</g>{_draw_legend(legend)}</g>"
        f'<g class="ex-handle" transform="translate({x} {y})" role="slider" '
        'aria-label="query" aria-roledescription="point in the plane" '
        f'aria-valuemin="{-frame.limit}" aria-valuemax="{frame.limit}" '
        f'aria-valuenow="{frame.query[0]}">'
        f'<circle class="ex-reach" r="24"/>{_QUERY}</g></svg>'
    )


def _draw_grid(frame: _Frame) -> str:
    steps = np.arange(1, floor(round(frame.limit / frame.grid, 6)) + 1) * frame.grid
    steps = steps[steps < 0.97 * frame.limit]
    path, texts = "", ""
    for step in sorted([*-steps, *steps]):
        place, below = (_shorten(side * step * _HALF / frame.limit) for side in (1, -1))
        number = f"{step:.12g}".replace("-", "\N{MINUS SIGN}")
        path += f"M{place}-{_HALF}v{2 * _HALF}M-{_HALF} {place}h{2 * _HALF}"
        texts += f'<text x="{place}" y="15">{number}</text>'
        texts += f'<text class="ex-end" x="-6" y="{below}" dy="4">{number}</text>'
    return (
        f'<path class="ex-mesh" d="{path}"/>'
        f'<path class="ex-axes" d="M-{_HALF} 0h{2 * _HALF}M0-{_HALF}v{2 * _HALF}"/>'
        f'<g class="ex-ticks">{texts}</g>'
    )


def _write_names(frame: _Frame, names: list[str], weights: Array) -> str:
    """Write each key's name and weight beside it, where the most room is."""
    points = [tuple(map(float, frame.place(key))) for key in frame.keys]
    strongest = np.argsort(-weights, kind="stable")[:3]
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    texts = []
    for index, (name, (x, y)) in enumerate(zip(names, points, strict=True)):
        width = 7 * len(name) + 32
        places = [
            (x, y - 10, "", x - width / 2),
            (x, y + 20, "", x - width / 2),
            (x + 9, y + 5, " ex-start", x + 9),
            (x - 9, y + 5, " ex-end", x - 9 - width),
        ]
        boxes = [(left, at - 11, left + width, at + 3) for _, at, _, left in places]
        best = min(range(4), key=lambda place: _cost(boxes[place], taken))
        taken.append(boxes[best])
        at_x, at_y, side, _ = places[best]
        named = " ex-named" if index in strongest else ""
        texts.append(
            f'<text class="ex-label{side}{named}" x="{_shorten(at_x)}" '
            f'y="{_shorten(at_y)}">{html.escape(name)} '
            f'<tspan class="ex-weight">{_write(weights[index])}</tspan></text>'
        )
    return "".join(texts)


def _cost(box: Box, taken: list[Box]) -> float:
    """Return how much of a box is outside of the plane, or taken."""
    left, top, right, bottom = box
    cost = 100 * max(0, -_HALF - left, right - _HALF, -_HALF - top, bottom - _HALF)
    for other_left, other_top, other_right, other_bottom in taken:
        width = min(right, other_right) - max(left, other_left)
        height = min(bottom, other_bottom) - max(top, other_top)
        cost += max(0, width) * max(0, height)
    return cost


def _draw_legend(y: float) -> str:
    parts = [
        (-172, _QUERY, "query: drag it"),
        (-34, _DISC_SIGN, "weight of a key"),
        (115, _DIAMOND, "context"),
    ]
    return "".join(
        f'<g class="ex-legend" transform="translate({x} {y})">{sign}'
        f'<text class="ex-start" x="16" y="4">{text}</text></g>'
        for x, sign, text in parts
    )


def _on_axis(share: float) -> float:
    return (2 * share - 1) * 0.85 * _HALF


def _draw_axis(frame: _Frame, shares: list[float], weights: Array) -> str:
    """Draw the axis of the values, with a bead for each key."""
    beads = "".join(
        f'<circle class="ex-bead" style="--share:{share:.3f}" '
        f'cx="{_on_axis(share):.1f}" cy="{_AXIS}" r="{3 + 14 * weight**0.5:.1f}"/>'
        for share, weight in zip(shares, weights, strict=True)
    )
    ends = "".join(
        f'<text x="{_on_axis(frame.share(end)):.0f}" y="{_AXIS - 22}">'
        f"{frame.write_value(end)}</text>"
        for end in sorted({frame.values.min(), frame.values.max()})
    )
    return (
        f'<path class="ex-axes" d="M-{_HALF} {_AXIS}h{2 * _HALF}"/>{beads}'
        f'<g class="ex-ticks">{ends}<text y="{_AXIS - 22}">value</text></g>'
    )


# ------------------------------------------------------------------- steps


def _draw_steps(
    tokens: Sequence[str],
    query: int,
    vectors: Array,
    scores: Array,
    weights: Array,
    context: Array,
) -> str:
    """Draw the steps at their start, in SVG; the script moves what has a class."""
    column = max(_COLUMN, 4 * _COLUMN / len(tokens))
    width = len(tokens) * column + 20
    middle, end = width / 2, width - 14
    centres = [10 + column * (place + 0.5) for place in range(len(tokens))]
    columns = "".join(
        _draw_token(token, x, vector)
        + _draw_score(x, centres[query], score)
        + _draw_weight(x, middle, weight)
        + _draw_context(x, column - 5, number)
        for token, x, vector, score, weight, number in zip(
            tokens, centres, vectors, scores, weights, context, strict=True
        )
    )
    note = f"query · key ÷ √{len(tokens)}, then softmax"
    return (
        f'<svg class="ex-picture" role="img" aria-label="Encode, score, fuse: the '
        f"vectors of {len(tokens)} tokens, the scores and weights of one query, and "
        f'its context" viewBox="0 0 {width:g} {_FLOOR + 230}">'
        f"{_name_step('1', 'Encode', 'every token becomes a vector', 26, end)}"
        f"{_name_step('2', 'Score', note, 243, end)}"
        f"{_name_step('3', 'Fuse', 'weight · vector, summed', _FLOOR + 112, end)}"
        f'<rect class="ex-ring" x="{centres[query] - 53:g}" y="42" width="106" '
        f'height="66" rx="9"/>{columns}'
        f'<path class="ex-rule" d="M14 {_FLOOR}.5H{end:g}"/>'
        f'<circle class="ex-sum" cx="{middle:g}" cy="{_FLOOR + 106}" r="17"/>'
        f'<path class="ex-plus" d="M{middle - 7:g} {_FLOOR + 106}h14m-7-7v14"/>'
        f'<path class="ex-axes" d="M{middle:g} {_FLOOR + 123}v23"/>'
        f'<text x="{middle:g}" y="{_FLOOR + 216}">the context of <tspan>'
        f"{html.escape(tokens[query])}</tspan></text></svg>"
    )


def _name_step(number: str, name: str, note: str, y: float, end: float) -> str:
    return (
        f'<text class="ex-step" x="14" y="{y}">{number}\u2003{name}</text>'
        f'<text class="ex-end" x="{end:g}" y="{y}">{note}</text>'
    )


def _draw_token(token: str, x: float, vector: Array) -> str:
    side = 92 / len(vector)
    bits = "".join(
        f'<rect class="ex-bit" style="--share:{number:g}" x="{_shorten(left)}" y="78" '
        f'width="{_shorten(side - 1)}" height="22" rx="3"/><text class="ex-number" '
        f'x="{_shorten(left + (side - 1) / 2)}" y="94">{number:g}</text>'
        for left, number in (
            (x - 46 + side * place, number) for place, number in enumerate(vector)
        )
    )
    return (
        f'<g class="ex-word"><rect class="ex-reach" x="{x - 53:g}" y="42" width="106" '
        f'height="66"/><text class="ex-name" x="{x:g}" y="66">{html.escape(token)}'
        f"</text>{bits}</g>"
    )


def _draw_score(x: float, query_x: float, score: float) -> str:
    return (
        f'<path class="ex-asks" d="M{query_x:g} 108C{query_x:g} 160 {x:g} 130 {x:g} '
        f'182"/><rect class="ex-pill" x="{x - 30:g}" y="183" width="60" height="32" '
        f'rx="16"/><text class="ex-score" x="{x:g}" y="205">{_write(score)}</text>'
    )


def _draw_weight(x: float, middle: float, weight: float) -> str:
    height = round(_BAR * weight, 1)
    return (
        f'<rect class="ex-column" x="{x - 30:g}" y="{_FLOOR - height:g}" width="60" '
        f'height="{height}" rx="3"/><text class="ex-height" x="{x:g}" '
        f'y="{_FLOOR - height - 7:g}">{_write(weight, 4)}</text>'
        f'<path class="ex-flow" stroke-width="{_FLOW * weight:.1f}" d="M{x:g} '
        f"{_FLOOR + 2}C{x:g} {_FLOOR + 62} {middle:g} {_FLOOR + 46} {middle:g} "
        f'{_FLOOR + 92}"/>'
    )


def _draw_context(x: float, width: float, number: float) -> str:
    return (
        f'<rect class="ex-part" style="--share:{number:.4f}" x="{x - width / 2:g}" '
        f'y="{_FLOOR + 146}" width="{width:g}" height="44" rx="4"/>'
        f'<text class="ex-sum-number" x="{x:g}" y="{_FLOOR + 174}">'
        f"{_write(number, 4)}</text>"
    )
