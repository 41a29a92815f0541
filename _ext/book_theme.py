"""The book's look on top of sphinx-book-theme: styles, folds and descriptions."""

from html import escape
from pathlib import Path
from textwrap import shorten

from docutils import nodes

HERE = Path(__file__).parent
DESCRIPTION_LENGTH = 160


def describe(app, pagename, doctree) -> str:
    """Give a page's description: from its front matter, else how its text begins."""
    given = app.env.metadata.get(pagename, {}).get("description")
    if given:
        return str(given)
    if doctree:
        paragraphs = (
            paragraph.astext() for paragraph in doctree.findall(nodes.paragraph)
        )
        return shorten(" ".join(paragraphs), DESCRIPTION_LENGTH, placeholder=" …")
    return f"Search and find your way in {app.config.html_title}."


def add_description(app, pagename, templatename, context, doctree):
    """Put the description into the page's head."""
    description = escape(describe(app, pagename, doctree), quote=True)
    context["metatags"] = (
        context.get("metatags", "")
        + f'<meta name="description" content="{description}" />\n'
    )


def fold_setup(app, doctree):
    """Fold the first code cell of a chapter: it only installs, imports and seeds."""
    cell = next(doctree.findall(is_code_cell), None)
    if cell is None:
        return
    place = next(i for i, part in enumerate(cell) if "cell_input" in part["classes"])
    opening = (
        '<details class="set-up"><summary>Set-up: imports, seed, versions</summary>'
    )
    cell.insert(place, nodes.raw("", opening, format="html"))
    cell.insert(place + 2, nodes.raw("", "</details>", format="html"))


def is_code_cell(node) -> bool:
    """Is it a cell with code in it?"""
    return isinstance(node, nodes.container) and any(
        isinstance(part, nodes.container) and "cell_input" in part["classes"]
        for part in node
    )


def setup(app):
    """Register templates, style sheet, folding and descriptions."""
    app.config.templates_path.insert(0, str(HERE / "templates"))
    app.config.html_static_path.append(str(HERE / "static"))
    app.add_js_file("keyboard.js", loading_method="defer")
    app.add_css_file("book.css", priority=900)
    app.connect("doctree-read", fold_setup)
    app.connect("html-page-context", add_description)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
