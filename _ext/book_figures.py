"""A list of all figures of the book, in words, each linked to its place.

Figures are the images that cells show, the diagrams that `book_diagrams` draws and the
interactive elements of `attnlib`. The directive `figure-list` shows the first sentence
of each one's alternative text.
"""

import re
from html import unescape

from docutils import nodes
from docutils.parsers.rst import Directive

# What stands in the HTML of an interactive element, a diagram and a picture of a page.
CAPTION = re.compile(r'<figure class="am .*?<figcaption>(.*?)</figcaption>', re.DOTALL)
DRAWING = re.compile(r'<svg [^>]*aria-label="([^"]*)"')
PICTURE = re.compile(r"<svg [^>]*>\s*<title[^>]*>(.*?)</title>", re.DOTALL)
PATTERNS = {"Interactive": CAPTION, "Diagram": DRAWING, "Picture": PICTURE}


class FigureList(nodes.General, nodes.Element):
    """Where the list will stand once every page is read."""


class FigureListDirective(Directive):
    """The directive `figure-list`: takes no argument and no content."""

    def run(self):
        """Keep the place."""
        return [FigureList()]


def describe(node: nodes.Node) -> tuple[str, str] | None:
    """Give the kind and the words of a figure, or None for what is no figure.

    Example:
        >>> describe(nodes.image(alt="A line that falls."))
        ('Plot', 'A line that falls.')
        >>> describe(nodes.raw("", '<svg aria-label="A, B."/>', format="html"))
        ('Diagram', 'A, B.')
    """
    if isinstance(node, nodes.image):
        return "Plot", node.get("alt", "")
    if isinstance(node, nodes.raw) and node.get("format") == "html":
        for kind, pattern in PATTERNS.items():
            if match := pattern.search(node.astext()):
                return kind, unescape(match[1])
    return None


def first_sentence(words: str) -> str:
    """Cut a text after its first sentence.

    Example:
        >>> first_sentence("Two bars, 0.5 and 1. The left one is lower.")
        'Two bars, 0.5 and 1.'
    """
    return re.split(r"(?<=[.?!])\s", words.strip(), maxsplit=1)[0]


def find_figures(doctree: nodes.document) -> list[nodes.Node]:
    """Find the figures of a page, in its order."""
    return [node for node in doctree.findall() if describe(node)]


def anchor(number: int) -> str:
    """Give the id of a page's figure, counted from 1."""
    return f"figure-{number}"


def cell_output(node: nodes.Node) -> nodes.Element | None:
    """Find the output of the cell that shows a figure, if a cell does."""
    while node := node.parent:
        if node.get("nb_element") == "cell_code_output":
            return node
    return None


def add_anchors(app, doctree):
    """Give each figure of a page an id to link to."""
    for number, node in enumerate(find_figures(doctree), 1):
        if output := cell_output(node):
            output["ids"].append(anchor(number))
        else:
            place = node.parent.index(node)
            node.parent.insert(place, nodes.target(ids=[anchor(number)]))


def list_figures(app, docname: str, here: str) -> list[nodes.Element]:
    """Make the list of one page's figures under a link to the page."""
    figures = find_figures(app.env.get_doctree(docname))
    if not figures:
        return []
    address = app.builder.get_relative_uri(here, docname)
    title = app.env.titles[docname].astext()
    heading = nodes.paragraph()
    heading += nodes.strong("", "", nodes.reference("", title, refuri=address))
    items = nodes.bullet_list(bullet="-")
    for number, node in enumerate(figures, 1):
        kind, words = describe(node)
        link = nodes.reference(
            "", first_sentence(words), refuri=f"{address}#{anchor(number)}"
        )
        text = nodes.paragraph("", f"{kind}: ", link)
        items += nodes.list_item("", text)
    return [heading, items]


def fill(app, doctree, docname):
    """Write the list where the directive kept its place."""
    for place in list(doctree.findall(FigureList)):
        place.replace_self(
            [
                node
                for other in app.env.external_site_map
                for node in list_figures(app, other, docname)
            ]
        )


def setup(app):
    """Register the directive; ids are given once the diagrams are drawn."""
    app.add_directive("figure-list", FigureListDirective)
    app.connect("doctree-read", add_anchors, priority=600)
    app.connect("doctree-resolved", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
