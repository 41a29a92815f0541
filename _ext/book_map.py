"""The table that leads from each section of the source article to its chapter.

A chapter's notebook names the sections that it teaches in its metadata, under
`attnlib.source`; the directive `article-map` turns that round.
"""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util import logging

logger = logging.getLogger(__name__)

# The article's sections, in its order; one with sections below it opens a group.
SECTIONS = {
    "1": "Background: too much data, and why a model should choose",
    "2": "Core ideas and how they connect",
    "2.1": "Attention prediction: encode, score, fuse",
    "2.2": "Deep learning in brief",
    "2.3": "What attention is said to add to deep learning",
    "2.4": "Where attention is used",
    "2.5.1": "Query, key and value",
    "2.5.2": "Scores",
    "2.5.3": "Fusing values by weight",
    "2.5.4": "Claimed advantages",
    "2.5.5": "Self-attention and multi-head attention",
    "2.6.1": "Recurrent networks: GRU and LSTM",
    "2.6.2": "Convolutional networks: separable convolution and ResNet",
    "2.6.3": "The Transformer",
    "3": "Algorithms, step by step",
    "3.1": "Self-attention in steps",
    "3.2": "Multi-head self-attention in steps",
    "3.3": "From self-attention to the Transformer",
    "4": "The mathematics",
    "4.1": "The basic formula",
    "4.2": "Self-attention on four tokens",
    "4.3": "Multi-head attention as formulas",
    "4.4": "A worked example with one-hot tokens",
    "5": "Project: sentiment of film reviews (IMDb)",
    "5.1": "Setting up",
    "5.2": "The model's code",
    "5.3": "The code explained",
    "5.4": "Training and evaluation",
    "6": "Applications",
    "6.1.1": "Machine translation",
    "6.1.2": "Text classification",
    "6.1.3": "Summarisation",
    "6.1.4": "Question answering",
    "6.2.1": "Object detection",
    "6.2.2": "Image segmentation",
    "6.2.3": "Image recognition",
    "6.2.4": "Face recognition",
    "6.3.1": "Recommending products",
    "6.3.2": "Recommending content",
    "6.3.3": "Recommending news",
    "6.4.1": "Speech recognition",
    "6.4.2": "Speech synthesis",
    "6.5.1": "Stock prices",
    "6.5.2": "Weather",
    "6.6.1": "Genomics",
    "6.6.2": "Medical diagnosis",
    "6.6.3": "Traffic",
    "7": "Tools and resources",
    "8": "Outlook",
    "8.1": "Trends",
    "8.1.1": "Several modalities",
    "8.1.2": "End-to-end training",
    "8.1.3": "Adaptive attention",
    "8.1.4": "Distributed and parallel computation",
    "8.1.5": "Interpretability, as a trend",
    "8.2": "Challenges",
    "8.2.1": "Computational efficiency",
    "8.2.2": "Privacy",
    "8.2.3": "Generalisation",
    "8.2.4": "Interpretability, as a challenge",
    "8.2.5": "Real time",
    "9": "Questions and answers",
    "10": "References",
}


def sources(notebook: str) -> list[str]:
    """Read which sections a notebook says it teaches.

    Example:
        >>> sources('{"metadata": {"attnlib": {"source": ["3.1"]}}, "cells": []}')
        ['3.1']
    """
    return json.loads(notebook)["metadata"].get("attnlib", {}).get("source", [])


def table(chapters: dict[str, list[str]]) -> list[str]:
    """Write the map as the lines of a Markdown table.

    Args:
        chapters: the section numbers that each document teaches, in reading order.

    Example:
        >>> table({"chapters/a": ["1"]})[2].split(" | ")[2]
        '[](/chapters/a) |'
    """
    lines = ["| Section | What it is about | Chapter |", "| --- | --- | --- |"]
    for number, title in SECTIONS.items():
        links = [
            f"[](/{name})" for name, numbers in chapters.items() if number in numbers
        ]
        is_group = any(other.startswith(f"{number}.") for other in SECTIONS)
        if is_group and not links:
            lines.append(f"| **{number}** | **{title}** | |")
        else:
            lines.append(f"| {number} | {title} | {', '.join(links) or 'to come'} |")
    return lines


class ArticleMap(Directive):
    """The directive `article-map`: takes no argument and no content."""

    def run(self):
        """Read every notebook of the book and build the table."""
        env = self.state.document.settings.env
        chapters = {}
        for docname in env.external_site_map:
            path = Path(env.doc2path(docname))
            if path.suffix != ".ipynb":
                continue
            env.note_dependency(str(path))
            chapters[docname] = sources(path.read_text("utf-8"))
            for number in chapters[docname]:
                if number not in SECTIONS:
                    logger.warning(
                        "attnlib.source names section %r, which the article lacks",
                        number,
                        location=docname,
                    )
        lines = StringList(table(chapters), source=env.docname)
        parent = nodes.container()
        self.state.nested_parse(lines, self.content_offset, parent)
        return parent.children


def setup(app):
    """Register the directive."""
    app.add_directive("article-map", ArticleMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
