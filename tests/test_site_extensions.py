"""The site's Sphinx extensions: what they make, and what makes the build fail."""

import doctest
import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
EXTENSIONS = ROOT / "_ext"
MODULES = sorted(path.stem for path in EXTENSIONS.glob("*.py"))

sys.path.append(str(EXTENSIONS))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    "latex",
    [
        r"\operatorname{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\begin{align} a &= b \\ c &= d \end{align}",
        r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}",
        r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\sum_{i=1}^{n} \hat{y}_i \in \mathbb{R}^{n \times d}",
        r"\max_k \mathbf{q} \cdot \boldsymbol{\alpha} \odot \tilde{h}_{t-1}",
    ],
)
def test_the_book_s_latex_becomes_mathml_without_a_rest(latex):
    from book_equations import to_mathml

    mathml = to_mathml(latex, displaystyle=True)
    assert mathml.startswith('<math display="block">')
    assert "\\" not in mathml
    assert "(1)" not in mathml


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/me/book", "me/book"),
        ("https://github.com/me/book/", "me/book"),
        ("https://github.com/me/book.git", "me/book"),
        ("", None),
    ],
)
def test_colab_address(url, expected):
    from book_launch import colab_address

    address = colab_address(url, "main", "chapters/a.ipynb")
    if expected is None:
        assert address is None
    else:
        assert address == (
            f"https://colab.research.google.com/github/{expected}/blob/main/chapters/a.ipynb"
        )


@pytest.mark.parametrize(
    "url", ["https://gitlab.com/me/book", "github.com/me", "me/book"]
)
def test_colab_address_refuses_what_colab_cannot_open(url):
    from book_launch import colab_address

    with pytest.raises(ValueError, match="repository url"):
        colab_address(url, "main", "chapters/a.ipynb")


def test_a_diagram_brings_no_style_script_or_outside_address():
    from book_diagrams import draw

    svg = draw("flowchart LR\n A[One] -->|then| B((Two))", "d1")
    assert not re.search(
        r"<style|<script|<foreignObject|https?://(?!www\.w3\.org)", svg
    )
    assert 'aria-label="Flowchart: One, Two."' in svg
    for reference in re.findall(r"url\(#([^)]+)\)", svg):
        assert f'id="{reference}"' in svg


def test_two_diagrams_share_no_id():
    from book_diagrams import draw

    first, second = (
        set(re.findall(r'\bid="([^"]+)"', draw("graph TD\n A --> B", name)))
        for name in ("d1", "d2")
    )
    assert first
    assert not first & second


def test_a_diagram_is_named_by_its_own_words_if_it_has_any():
    from book_diagrams import draw

    text = "flowchart TD\n accTitle: Steps\n accDescr: Encode & score\n A --> B"
    assert 'aria-label="Steps. Encode &amp; score."' in draw(text, "d1")


@pytest.mark.parametrize(
    "text", ["flowchart LR\n A --[[ B", "sequenceDiagram\n A->>B: x"]
)
def test_a_diagram_that_cannot_be_drawn_is_an_error(text):
    from book_diagrams import draw

    with pytest.raises(ValueError):
        draw(text, "d1")


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".used { top: 0 }", ".used{ top: 0 }"),
        (".gone { top: 0 }", ""),
        (".gone, .used > b { top: 0 }", ".used > b{ top: 0 }"),
        (".used.gone { top: 0 }", ""),
        ("a:not(.gone) { top: 0 }", "a:not(.gone){ top: 0 }"),
        ("#gone a { top: 0 }", ""),
        (
            "@media print { .gone { top: 0 } .used { top: 0 } }",
            "@media print{.used{ top: 0 }}",
        ),
        ("@media print { .gone { top: 0 } }", ""),
        (
            "@font-face { src: url('../fonts/a.woff2') }",
            '@font-face{ src: url("fonts/a.woff2") }',
        ),
        ("a { background: url(data:x) }", "a{ background: url(data:x) }"),
        ('a::before { content: "\\f104" }', 'a::before{ content: "\uf104" }'),
    ],
)
def test_a_style_sheet_keeps_what_a_page_can_use(css, kept):
    from book_styles import prune

    assert prune(css, {"used"}, "styles") == kept


def test_a_property_goes_whole_even_with_semicolons_in_its_value():
    from book_styles import drop_unread_properties

    css = """a{--b:url("data:x;y,{}");--c:'}';top:0}"""
    assert drop_unread_properties(css, "") == "a{top:0}"


def test_a_style_sheet_that_imports_another_is_an_error():
    from book_styles import prune

    with pytest.raises(ValueError, match="name the sheet on the page"):
        prune('@import "a.css";', set())


def test_an_inline_script_is_named_by_its_exact_text():
    from book_policy import hashes

    one, other = hashes("<script>a</script>"), hashes("<script>a </script>")
    assert len(one) == len(other) == 1
    assert one != other


def test_a_chapter_without_aims_is_an_error():
    from book_parts import first_aim

    with pytest.raises(ValueError, match="must list what you can do"):
        first_aim('{"cells": [{"source": ["# Title"]}]}')


@pytest.fixture(scope="module")
def faulty_book(tmp_path_factory):
    """A book with a repository address, and a notebook with one fault of each kind."""
    book = tmp_path_factory.mktemp("book")
    shutil.copytree(
        EXTENSIONS, book / "_ext", ignore=shutil.ignore_patterns("__pycache__")
    )
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["repository"]["url"] = "https://github.com/me/book"
    (book / "_config.yml").write_text(yaml.safe_dump(config))
    (book / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nparts:\n- caption: Faults\n"
        "  chapters:\n  - file: chapters/faulty\n"
    )
    (book / "index.md").write_text(
        "# Book\n\n## Run it in Colab\n\n```{article-map}\n```\n\n"
        "```{exercise-list}\n```\n\n```{chapter-list}\n```\n\n```{run-costs}\n```\n"
    )
    prose = (
        "# Faulty\n\n$\\nosuchcommand$\n\n```mermaid\nsequenceDiagram\n A->>B: x\n```\n"
    )
    notebook = {
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": prose},
            {
                "cell_type": "code",
                "execution_count": None,
                "id": "b",
                "metadata": {},
                "outputs": [],
                "source": 'check("faulty.unknown", None)',
            },
        ],
        "metadata": {
            "attnlib": {"source": ["99.9"], "level": 7},
            "kernelspec": {"name": "python3"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (book / "chapters").mkdir()
    (book / "chapters" / "faulty.ipynb").write_text(json.dumps(notebook))
    command = Path(sys.executable).with_name("jupyter-book")
    build = subprocess.run(
        [command, "build", "-W", "-n", "--keep-going", "--all", "."],
        cwd=book,
        capture_output=True,
        text=True,
    )
    return build, book / "_build" / "html"


@pytest.mark.parametrize(
    "fault",
    [
        "nosuchcommand",
        "99.9",
        "flowcharts only",
        "attnlib.level must be one of [1, 2, 3], got 7",
        "exercise 'faulty.unknown' must be registered",
    ],
)
def test_a_fault_fails_the_build(faulty_book, fault):
    build, _ = faulty_book
    assert build.returncode != 0
    warnings = [line for line in build.stderr.splitlines() if "WARNING" in line]
    assert any(fault in line for line in warnings), build.stderr


def test_a_notebook_without_a_record_is_not_measured(faulty_book):
    _, site = faulty_book
    assert (site / "index.html").read_text().count("<p>not measured</p>") >= 5


def test_with_a_repository_address_the_button_opens_colab(faulty_book):
    _, site = faulty_book
    assert (
        'href="https://colab.research.google.com/github/me/book/blob/main/chapters/faulty.ipynb"'
        in (site / "chapters" / "faulty.html").read_text()
    )
