"""What pages tell of the chapters, read from the notebooks and the table of contents.

The directive `chapter-list` writes a table of each part's chapters; other modules make
their own from `ChapterDirective`.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util import logging

logger = logging.getLogger(__name__)

LEVELS = {1: "introductory", 2: "intermediate", 3: "advanced"}

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Chapter:
    """One notebook: `exercises` maps a name to its heading, `run` is its last run."""

    docname: str
    part: str
    title: str
    level: int | None = None
    run: dict = field(default_factory=dict)
    exercises: dict[str, str] = field(default_factory=dict)

    @property
    def link(self) -> str:
        """The title as a Markdown link."""
        return f"[{self.title}](/{self.docname}.ipynb)"


def read_chapter(docname: str, part: str, notebook: str) -> Chapter:
    """Read a chapter from the text of its notebook.

    Example:
        >>> cells = [{"cell_type": "markdown", "source": ["# Masks"]}]
        >>> notebook = {"cells": cells, "metadata": {"attnlib": {"level": 2}}}
        >>> read_chapter("a", "Formulas", json.dumps(notebook)).title
        'Masks'
    """
    book = json.loads(notebook)
    title, heading, exercises = docname, "", {}
    for cell in book["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for marks, text in re.findall(r"^(#{1,3}) (.*)$", source, re.MULTILINE):
                title = text if marks == "#" else title
                heading = text
        for name in re.findall(r'^check\(\s*"([\w.]+)"', source, re.MULTILINE):
            exercises[name] = heading
    known = book["metadata"].get("attnlib", {})
    return Chapter(
        docname, part, title, known.get("level"), known.get("run", {}), exercises
    )


def parts(env) -> dict[str, list[str]]:
    """Return the documents of each part, in reading order."""
    return {
        tree.caption or "": [str(item) for item in tree.items]
        for tree in env.external_site_map.root.subtrees
    }


def chapters(env) -> list[Chapter]:
    """Read every notebook of the book, in reading order."""
    found = []
    for part, docnames in parts(env).items():
        for docname in docnames:
            path = Path(env.doc2path(docname))
            if path.suffix == ".ipynb":
                env.note_dependency(str(path))
                found.append(read_chapter(docname, part, path.read_text("utf-8")))
    return found


def duration(seconds: float | None) -> str:
    """Write a time as a reader says it.

    Example:
        >>> duration(39), duration(182), duration(5400), duration(None)
        ('39 s', '3 min 2 s', '1 h 30 min', 'not measured')
    """
    if seconds is None:
        return NOT_MEASURED
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Write the lines of a Markdown table.

    Example:
        >>> table(["A", "B"], [["1", "2"]])
        ['| A | B |', '| --- | --- |', '| 1 | 2 |', '']
    """
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def sections(lines: list[str]) -> list[tuple[int, str, list[str]]]:
    """Split Markdown at its headings: level, title and the lines below.

    Example:
        >>> sections(["a", "## B", "c"])
        [(1, '', ['a']), (2, 'B', ['c'])]
    """
    found = [(1, "", [])]
    for line in lines:
        heading = re.match(r"(#+) (.*)", line)
        if heading:
            found.append((len(heading[1]), heading[2], []))
        else:
            found[-1][2].append(line)
    return found


def by_part(book: list[Chapter]) -> dict[str, list[Chapter]]:
    """Return the chapters of each part."""
    groups: dict[str, list[Chapter]] = {}
    for chapter in book:
        groups.setdefault(chapter.part, []).append(chapter)
    return groups


class ChapterDirective(Directive):
    """A directive that writes Markdown from the chapters."""

    def write(self, book: list[Chapter]) -> list[str]:
        """Return the lines of Markdown."""
        raise NotImplementedError

    def run(self):
        """Read the chapters; parse what `write` makes of them, section by section.

        MyST would put sections of a nested text before what the directive returns.
        """
        self.env = self.state.document.settings.env
        parent = nodes.container()
        opened = {1: parent}
        for level, title, lines in sections(self.write(chapters(self.env))):
            if title:
                opened[level] = nodes.section("", nodes.title(title, title))
                opened[level]["names"].append(nodes.fully_normalize_name(title))
                self.state.document.note_implicit_target(opened[level])
                opened[level - 1].append(opened[level])
            block = StringList(lines, source=self.env.docname)
            self.state.nested_parse(block, self.content_offset, opened[level])
        for made in parent.findall(nodes.table):
            made["classes"].append(f"{self.name}-table")
        return parent.children


class ChapterList(ChapterDirective):
    """The directive `chapter-list`: a heading and a table for each part."""

    def write(self, book):
        """Give each chapter's level, its time to run and its number of exercises."""
        lines = [
            f"The book has {len(book)} chapters with "
            f"{sum(len(chapter.exercises) for chapter in book)} exercises.",
            "",
        ]
        for part, group in by_part(book).items():
            lines += [f"## {part}", ""]
            lines += table(
                ["Chapter", "Level", "Time to run", "Exercises"],
                [self._row(chapter) for chapter in group],
            )
        return lines

    def _row(self, chapter):
        if chapter.level not in LEVELS:
            logger.warning(
                "attnlib.level must be one of %s, got %r",
                list(LEVELS),
                chapter.level,
                location=chapter.docname,
            )
        return [
            chapter.link,
            LEVELS.get(chapter.level, ""),
            duration(chapter.run.get("seconds")),
            str(len(chapter.exercises)),
        ]


def setup(app):
    """Register the directives."""
    app.add_directive("chapter-list", ChapterList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
