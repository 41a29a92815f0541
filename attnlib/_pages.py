"""What attention maps and explorables share: numbers, tokens, HTML and pages."""

import html
import json
import os
import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from attnlib._types import Array, ArrayLike

_STRONGEST = 3  # keys named for each query in a table


# ------------------------------------------------------------------- input


def check_numbers(name: str, numbers: ArrayLike) -> Array:
    """Return `numbers` as a float64 array; they must all be finite."""
    try:
        array = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` must be an array of numbers; numpy cannot read this "
            f"{type(numbers).__name__}. For a tensor, pass "
            f"keras.ops.convert_to_numpy({name})."
        ) from error
    if not np.isfinite(array).all():
        raise ValueError(
            f"`{name}` must be finite; got {np.sum(~np.isfinite(array))} that are "
            "NaN or infinite. Look for a softmax over a row that is masked throughout."
        )
    return array


def check_tokens(
    name: str, tokens: Iterable[object], count: int, what: str
) -> list[str]:
    """Return `tokens` as a list of `count` strings that can be seen."""
    if isinstance(tokens, str):
        raise ValueError(
            f"`{name}` must be a list of tokens; got the string {tokens!r}. "
            "Split it, for instance with .split()."
        )
    visible = [make_visible(str(token)) for token in tokens]
    if len(visible) != count:
        raise ValueError(
            f"`{name}` must have one token for each of the {count} {what}; "
            f"got {len(visible)}."
        )
    return visible


def make_visible(token: str) -> str:
    """Show white space that is all of a token."""
    if token.strip():
        return token
    for blank, sign in (" ", "\u2423"), ("\n", "\u21b5"), ("\t", "\u21e5"):
        token = token.replace(blank, sign)
    return token if token.strip() else "(empty)"


# -------------------------------------------------------------------- text


def round_up(number: float, places: str = "0.01") -> str:
    """Write a number as the scripts' toFixed does: exact halves grow."""
    return str(Decimal(float(number)).quantize(Decimal(places), ROUND_HALF_UP))


def name_strongest(row: Array, keys: Sequence[str]) -> str:
    """Name the keys with the largest weights, the strongest first, in HTML."""
    order = np.argsort(-row, kind="stable")[:_STRONGEST]
    named = (
        f'"<bdi>{html.escape(keys[key])}</bdi>" '
        + round_up(row[key], "0.0001" if row[key] < 0.01 else "0.01")
        for key in order
        if row[key] > 0
    )
    return ", ".join(named) or "nothing"


def make_table(caption: str, head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Make the table that stands in for the script; cells are HTML."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    return (
        f'<table class="am-table"><caption>{caption}</caption><thead><tr>'
        f"{columns}</tr></thead><tbody>{body}</tbody></table>"
    )


def name_token(token: str) -> str:
    """Write a token in HTML, whatever its direction."""
    return f"<bdi>{html.escape(token)}</bdi>"


# -------------------------------------------------------------------- page


def make_element(
    name: str,
    content: str,
    data: object,
    assets: Sequence[str],
    title: str | None = None,
    label: str | None = None,
) -> str:
    """Make a custom element: one fragment of HTML that needs nothing from outside.

    `content` is HTML and `data` what the script of `assets` reads; `label` names
    the figure for screen readers where no title does.
    """
    caption = f"<figcaption>{html.escape(title)}</figcaption>" if title else ""
    named = f' aria-label="{html.escape(label)}"' if label and not title else ""
    styles, scripts = (
        "".join(_read_asset(file) for file in assets if file.endswith(kind))
        for kind in (".css", ".js")
    )
    return (
        f"<{name}><style>{styles}</style>"
        f'<figure class="am mathjax_ignore tex2jax_ignore"{named}>{caption}{content}'
        f'</figure><script type="application/json">{_write_json(data)}</script>'
        f"</{name}>\n<script>{{\n{scripts}}}</script>"
    )


def save_page(path: str | os.PathLike[str], title: str, body: str) -> None:
    """Write `body` to `path` as a page of its own, whole or not at all."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(_PAGE.format(title=html.escape(title), body=body), "utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _write_json(data: object) -> str:
    text = json.dumps(data, separators=(",", ":"))
    text = re.sub(r'("(?:[^"\\]|\\.)*")|\.0(?=[,\]}])', r"\1", text)  # 1.0 is 1
    # No token may end the script element that holds the data.
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@cache
def _read_asset(name: str) -> str:
    text = resources.files("attnlib").joinpath("assets", name).read_text("utf-8")
    # Every figure carries it: no comments, no indentation.
    text = re.sub(r"^\s*(/\*.*?\*/|//.*?$)", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"\n\s*", "\n", text).lstrip()


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
