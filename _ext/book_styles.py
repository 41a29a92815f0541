"""One style sheet of the rules that some page can use, in place of the theme's many.

The theme brings Bootstrap and more, of which the book uses a tenth. A rule stays if
every class and id that its selector asks for stands in a page or in a script.
"""

import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import PurePosixPath
from posixpath import normpath

import tinycss2

NESTED = {"media", "supports", "layer", "container"}
WORD = re.compile(r"[\w-]+")
SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL)
NAMED = re.compile(r"""\b(?:class|id)=(?:"([^"]*)"|'([^']*)')""")


def names_in_page(page: str) -> set[str]:
    """Collect the classes and ids of a page, and every word of its inline scripts.

    Example:
        >>> sorted(names_in_page('<p class="a b" id="c">d</p><script>e.f</script>'))
        ['a', 'b', 'c', 'e', 'f']
    """
    names = {name for pair in NAMED.findall(page) for name in "".join(pair).split()}
    return names.union(*map(words, SCRIPT.findall(page)))


def words(script: str) -> set[str]:
    """Collect the words of a script: each could be a class that it sets."""
    return set(WORD.findall(script))


def prune(css: str, used: Collection[str], folder: str = "") -> str:
    """Keep the rules that a page can use; addresses are then relative to the parent.

    Args:
        css: a style sheet.
        used: the classes and ids that are there.
        folder: where the sheet lies, seen from where the result will lie.

    Example:
        >>> prune("/* x */ .a, .b { color: red } .b > p { top: 0 }", {"a"})
        '.a{ color: red }'
    """
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "".join(keep(rule, used, folder) for rule in rules)


def keep(rule, used, folder: str) -> str:
    """Write what stays of a rule: all, some of its selectors, or nothing."""
    if rule.type == "qualified-rule":
        selectors = [
            tinycss2.serialize(selector).strip()
            for selector in split(rule.prelude)
            if asked_for(selector) <= used
        ]
        return f"{','.join(selectors)}{{{body(rule, folder)}}}" if selectors else ""
    if rule.type != "at-rule" or rule.lower_at_keyword == "charset":
        return ""
    prelude = tinycss2.serialize(rule.prelude).strip()
    if rule.content is None:
        raise ValueError(f"@{rule.at_keyword} {prelude}: name the sheet on the page")
    if rule.lower_at_keyword in NESTED:
        inner = prune(tinycss2.serialize(rule.content), used, folder)
        return f"@{rule.at_keyword} {prelude}{{{inner}}}" if inner else ""
    return f"@{rule.at_keyword} {prelude}".strip() + f"{{{body(rule, folder)}}}"


def split(prelude: list) -> list[list]:
    """Split a list of selectors at its commas."""
    selectors = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return selectors


def asked_for(selector: list) -> set[str]:
    """Collect the classes and ids that a selector needs; those in `:is()` may be few.

    Example:
        >>> [selector] = split(tinycss2.parse_component_value_list("a.b:not(.c) #d"))
        >>> sorted(asked_for(selector))
        ['b', 'd']
    """
    names = {token.value for token in selector if token.type == "hash"}
    for before, token in pairwise(selector):
        if before == "." and token.type == "ident":
            names.add(token.value)
    return names


def body(rule, folder: str) -> str:
    """Write a rule's declarations, without white space and with moved addresses."""
    text = re.sub(r"/\*.*?\*/", "", tinycss2.serialize(rule.content), flags=re.DOTALL)
    text = re.sub(r"\s*\n\s*", " ", text)
    return re.sub(
        r"""url\(\s*(["']?)(?!data:|#|["'])([^"')]+)\1\s*\)""",
        lambda match: f'url("{normpath(PurePosixPath(folder, match[2]))}")',
        text,
    )


def drop_unread_properties(css: str, elsewhere: str) -> str:
    """Drop custom properties that nothing reads.

    Example:
        >>> drop_unread_properties("a{--b:1;--c:2;top:var(--c)}", "")
        'a{--c:2;top:var(--c)}'
    """
    value = r"""(?:"[^"]*"|'[^']*'|[^;{}"'])*"""
    read = set(re.findall(r"var\(\s*(--[\w-]+)", css + elsewhere))
    return re.sub(
        rf"(?<=[{{;])\s*(--[\w-]+)\s*:{value};?",
        lambda match: match[0] if match[1] in read else "",
        css,
    )
