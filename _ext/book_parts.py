"""What the book knows of its parts: captions from _toc.yml, the rest from the pages.

A part page says in its front matter what the part teaches; a chapter says in its
first cell what you can do after it. The directives gather both: nothing is said twice.
"""

import json
import re
from pathlib import Path

import yaml
from book_chapters import parts
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList


def first_aim(notebook: str) -> str:
    """Read the first thing that a chapter says you can do after it.

    Raises:
        ValueError: when the first cell has no list of aims.

    Example:
        >>> cell = {"source": ["# A\\n\\n", "- build a\\n  b;\\n", "- c."]}
        >>> first_aim(json.dumps({"cells": [cell]}))
        'build a b'
    """
    text = "".join(json.loads(notebook)["cells"][0]["source"])
    match = re.search(r"^- (.+?)(?=^- |\Z)", text, re.DOTALL | re.MULTILINE)
    if not match:
        raise ValueError(
            "the first cell must list what you can do after the chapter, in lines that "
            f"begin with '- '; got {text!r}"
        )
    return " ".join(match[1].split()).rstrip(";.")


def front_matter(page: str) -> dict:
    """Read the front matter of a Markdown page.

    Example:
        >>> front_matter("---\\ndescription: a\\n---\\n# B\\n")
        {'description': 'a'}
    """
    return yaml.safe_load(page.split("---\n")[1])


def name_part(app, pagename, templatename, context, doctree):
    """Give the template of a chapter the part that it belongs to."""
    for caption, documents in parts(app.env).items():
        if pagename in documents[1:] and is_part_page(documents[0]):
            url = context["pathto"](documents[0])
            context["part"] = {"caption": caption, "url": url}


def is_part_page(docname: str) -> bool:
    """Is it the page of a part?"""
    return docname.endswith("/index")


class PartDirective(Directive):
    """What both directives share: pages to read, and Markdown to write."""

    def read(self, docname: str) -> str:
        """Read a document, and build this page anew whenever it changes."""
        env = self.state.document.settings.env
        path = Path(env.doc2path(docname))
        env.note_dependency(str(path))
        return path.read_text("utf-8")

    def write(self, lines: list[str], name: str):
        """Turn Markdown into nodes, in a container with a class of its own."""
        parent = nodes.container(classes=[name])
        source = StringList(lines, source=self.state.document.settings.env.docname)
        self.state.nested_parse(source, self.content_offset, parent)
        return [parent]


class PartChapters(PartDirective):
    """The directive `part-chapters`: the chapters of this page's part."""

    def run(self):
        """Write a list: each chapter and what you can do after it."""
        env = self.state.document.settings.env
        page = env.docname
        [documents] = [docs for docs in parts(env).values() if page in docs]
        lines = []
        for docname in documents:
            if docname != page:
                aim = first_aim(self.read(docname))
                lines += [f"1. [](/{docname})", "", f"   {aim}", ""]
        return self.write(lines, "part-chapters")


class BookParts(PartDirective):
    """The directive `book-parts`: every part, what it teaches, and its pages."""

    def run(self):
        """Write a list: each part, its description and its chapters."""
        lines = []
        for caption, documents in parts(self.state.document.settings.env).items():
            head, teaches = f"**{caption}**", []
            if is_part_page(documents[0]):
                page, *documents = documents
                head = f"**[{caption}](/{page})**"
                description = front_matter(self.read(page))["description"]
                teaches = [f"  {description}", ""]
            links = " · ".join(f"[](/{docname})" for docname in documents)
            lines += [f"- {head}", "", *teaches, f"  {links}", ""]
        return self.write(lines, "book-parts")


def setup(app):
    """Register the directives."""
    app.add_directive("part-chapters", PartChapters)
    app.add_directive("book-parts", BookParts)
    app.connect("html-page-context", name_part)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
