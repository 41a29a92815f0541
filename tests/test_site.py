"""The built site, read from _build/html: what it must hold, and what it must not."""

import gzip
import json
import re
from base64 import b64encode
from hashlib import sha256
from math import exp
from os.path import normpath, relpath
from runpy import run_path
from urllib.parse import unquote, urlsplit

import pytest
import tinycss2
import yaml
from bs4 import BeautifulSoup
from built_site import PAGES, ROOT, SITE, page, require_site

require_site()

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
DOCNAMES = [
    TOC["root"],
    *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]),
]
NOTEBOOKS = [name for name in DOCNAMES if (ROOT / f"{name}.ipynb").exists()]

LOADING_ATTRIBUTES = {
    "src": None,
    "srcset": None,
    "poster": None,
    "data": ["object"],
    "action": ["form"],
    "xlink:href": None,
    "href": ["link", "image", "use"],
}
# Absolute addresses that scripts hold without ever asking for them.
NEVER_FETCHED = {
    "http://www.w3.org/2000/svg": "a namespace",
    "http://www.w3.org/1999/xhtml": "a namespace",
    "http://www.w3.org/1998/Math/MathML": "a namespace",
    "https://developer.mozilla.org/en-US/docs/Web/JavaScript/Guide/"
    "Regular_Expressions#escaping": "a comment in Sphinx's searchtools.js",
    "https://popper.js.org": "a comment in Bootstrap",
    "https://clipboardjs.com/": "a comment in clipboard.js",
}


def source(docname):
    """Give a page's Markdown without code, inline or fenced."""
    notebook = ROOT / f"{docname}.ipynb"
    if notebook.exists():
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    else:
        texts = [(ROOT / f"{docname}.md").read_text("utf-8")]
    text = "\n\n".join(texts)
    mermaid = len(re.findall(r"^ *```mermaid", text, re.MULTILINE))
    text = re.sub(r"^ *(```+|~~~+).*?^ *\1", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text), mermaid


def is_outside(address):
    return bool(urlsplit(address.strip()).netloc)


def outside_in_css(css):
    addresses = re.findall(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""", css)
    return [a or b for a, b in addresses if is_outside(a or b)]


def outside_in_script(script):
    absolute = re.findall(r"""(?:https?|wss?)://[^\s"'`<>\\)]+""", script)
    absolute += re.findall(r"""["'`](//[\w-]+\.[\w.-]+[^"'`]*)""", script)
    return [address for address in absolute if address not in NEVER_FETCHED]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nobody_else_for_anything(name):
    asked = []
    for tag in page(name).find_all(True):
        for attribute, tags in LOADING_ATTRIBUTES.items():
            value = tag.get(attribute)
            if value and (tags is None or tag.name in tags):
                parts = value.split(",") if attribute == "srcset" else [value]
                asked += [part for part in parts if is_outside(part)]
        asked += outside_in_css(tag.get("style", ""))
        asked += [v for k, v in tag.attrs.items() if k[:2] == "on" and "//" in v]
        if tag.name == "style":
            asked += outside_in_css(tag.string or "")
        if tag.name == "script" and "src" not in tag.attrs:
            asked += outside_in_script(tag.string or "")
        if tag.name == "meta" and tag.get("http-equiv", "").lower() == "refresh":
            asked.append(tag["content"])
    assert not asked


def test_style_sheets_ask_nobody_else_for_anything():
    asked = {
        path.name: outside
        for path in SITE.rglob("*.css")
        if (outside := outside_in_css(path.read_text("utf-8")))
    }
    assert not asked


def test_scripts_hold_no_unknown_address():
    found = {
        path.name: outside
        for path in SITE.rglob("*.js")
        if (outside := outside_in_script(path.read_text("utf-8")))
    }
    assert not found


@pytest.mark.parametrize(
    "script",
    [
        'fetch("https://cdn.example.org/a.js")',
        "import x from '//cdn.example.org/a.js'",
        "new WebSocket(`wss://example.org`)",
    ],
)
def test_the_rule_for_scripts_finds_requests(script):
    assert outside_in_script(script)


def test_style_sheets_name_only_files_that_exist():
    missing = []
    for path in SITE.rglob("*.css"):
        for address in re.findall(
            r"""url\(\s*['"]?([^'")]+)""", path.read_text("utf-8")
        ):
            if not address.startswith(("data:", "#")):
                target = path.parent / unquote(urlsplit(address).path)
                if not target.exists():
                    missing.append((path.name, address))
    assert not missing


@pytest.mark.parametrize("name", PAGES)
def test_every_inner_link_and_anchor_leads_somewhere(name):
    broken = []
    for link in page(name).find_all(href=True) + page(name).find_all(src=True):
        address = link.get("href") or link.get("src")
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or address == "#":
            continue
        target = (
            (SITE / name).parent / unquote(parts.path) if parts.path else SITE / name
        )
        target = target.resolve()
        if not target.is_file():
            broken.append(address)
        elif parts.fragment and target.suffix == ".html":
            there = page(target.relative_to(SITE.resolve()).as_posix())
            if not there.find(id=unquote(parts.fragment)):
                broken.append(address)
    assert not broken


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_says_what_it_shows(name):
    for image in page(name).find_all("img"):
        alt = image.get("alt", "").strip()
        assert alt, f"no alternative text: {image.get('src')}"
        assert " " in alt, f"not a sentence: {alt!r}"
        assert not re.search(r"[0-9a-f]{16}|\.(png|svg|jpe?g)$", alt), alt
    for drawing in page(name).select("article svg[role=img]"):
        named = drawing.get("aria-label") or drawing.get("aria-labelledby")
        assert named and named.strip()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_language_title_description_and_one_heading(name):
    html = page(name)
    assert html.html["lang"] == "en"
    assert html.title.get_text().strip()
    assert len(html.find_all("h1")) == 1
    (description,) = html.find_all("meta", attrs={"name": "description"})
    assert 20 <= len(description["content"]) <= 200


def test_no_two_pages_share_a_description():
    names = [f"{docname}.html" for docname in DOCNAMES]
    found = [
        page(n).find("meta", attrs={"name": "description"})["content"] for n in names
    ]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("docname", DOCNAMES)
def test_no_id_is_given_twice(docname):
    ids = [tag["id"] for tag in page(f"{docname}.html").find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("docname", DOCNAMES)
def test_every_equation_is_set(docname):
    html = BeautifulSoup(str(page(f"{docname}.html").article), "html.parser")
    text, _ = source(docname)
    displayed = len(re.findall(r"\$\$.+?\$\$", text, re.DOTALL))
    text = re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL)
    displayed += len(re.findall(r"\\begin\{(?:align|equation|gather|multline)", text))
    assert len(html.select("math[display=block]")) == displayed
    for tag in html(["pre", "code", "script", "style"]):
        tag.decompose()
    left = re.findall(r"\$\$|\\[A-Za-z]+|\$[^$\s][^$]*\$", html.get_text())
    assert not left


def test_the_book_has_equations():
    assert sum(len(page(f"{docname}.html").select("math")) for docname in DOCNAMES) > 10


@pytest.mark.parametrize("docname", DOCNAMES)
def test_every_mermaid_fence_became_a_drawing(docname):
    html = page(f"{docname}.html")
    _, fences = source(docname)
    assert len(html.select("svg.diagram")) == fences
    assert not html.select(".highlight-mermaid, .mermaid, .language-mermaid")


@pytest.mark.parametrize("docname", NOTEBOOKS)
def test_a_notebook_page_opens_in_colab_and_downloads(docname):
    url = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    colab, download = page(f"{docname}.html").select("a.launch-button")
    if url:
        assert colab["href"].startswith("https://colab.research.google.com/github/")
        assert colab["href"].endswith(f"/{docname}.ipynb")
    else:
        assert "repository address not set" in colab.get_text()
        assert colab["href"].endswith("index.html#run-it-in-colab")
    target = (SITE / docname).parent / download["href"]
    assert target.resolve().read_bytes() == (ROOT / f"{docname}.ipynb").read_bytes()


@pytest.mark.parametrize("name", PAGES)
def test_every_icon_is_in_the_icon_font(name):
    sheet = (SITE / "_static/site.css").read_text("utf-8")
    known = set(re.findall(r"\.(fa-[\w-]+)", sheet))
    markup = (SITE / name).read_text("utf-8")
    used = set(re.findall(r"(?<![\w-])fa-[\w-]+", markup))
    assert used <= known


def test_search_knows_softmax():
    script = (SITE / "searchindex.js").read_text("utf-8")
    index = json.loads(script.removeprefix("Search.setIndex(").removesuffix(")"))
    assert "softmax" in index["terms"]
    assert set(DOCNAMES) == set(index["docnames"])


def test_the_map_has_a_row_for_every_section():
    sections = run_path(str(ROOT / "_ext" / "book_map.py"))["SECTIONS"]
    docname = "chapters/appendix/01_article_map"
    rows = page(f"{docname}.html").select("article table tbody tr")
    cells = [[cell.get_text().strip() for cell in row("td")] for row in rows]
    assert [row[0] for row in cells] == list(sections)
    for notebook in NOTEBOOKS:
        metadata = json.loads((ROOT / f"{notebook}.ipynb").read_text("utf-8"))[
            "metadata"
        ]
        for number in metadata["attnlib"]["source"]:
            row = rows[list(sections).index(number)]
            targets = [link["href"] for link in row.select("a[href]")]
            assert any(
                target.endswith(f"{notebook.split('/', 1)[1]}.html")
                for target in targets
            )


def test_the_list_of_figures_has_every_figure():
    listed = {}
    for link in page("chapters/appendix/05_figures.html").select("article li a[href]"):
        target, _, anchor = link["href"].partition("#")
        place = page(normpath(f"chapters/appendix/{target}"))
        assert link.get_text().strip() and place.find(id=anchor)
        listed[target] = listed.get(target, 0) + 1
    shown = {}
    for docname in DOCNAMES:
        figures = page(f"{docname}.html").select(
            "article .cell_output img, article svg.diagram, article figure.am, "
            "#attention-picture"
        )
        if figures:
            shown[relpath(f"{docname}.html", "chapters/appendix")] = len(figures)
    assert listed == shown


def test_every_work_shows_its_title_and_who_cites_it():
    entries = page("chapters/appendix/04_references.html").select("ul.references > li")
    works = yaml.safe_load(
        (ROOT / "chapters/appendix/references.yml").read_text("utf-8")
    )
    assert len(entries) == len(works)
    for entry in entries:
        addresses = {link["href"] for link in entry.select("a.external")}
        (work,) = [work for work in works if addresses == set(work["links"])]
        assert work["title"] in entry.get_text().replace("\u2019", "'")
        for link in entry.select("a.internal"):
            citing = page(normpath(f"chapters/appendix/{link['href']}"))
            outside = {found["href"] for found in citing.select("article a.external")}
            assert outside & addresses


def test_chinese_words_are_marked_as_chinese():
    article = BeautifulSoup(
        str(page("chapters/appendix/03_glossary.html").article), "html.parser"
    )
    marked = article.select("[lang=zh]")
    assert len(marked) > 50
    for words in marked:
        words.decompose()
    assert not re.search(r"[\u4e00-\u9fff]", article.get_text())


def test_the_landing_page_leads_to_every_page():
    html = page("index.html")
    linked = {link["href"] for link in html.select(".book-parts a[href]")}
    assert {f"{docname}.html" for docname in DOCNAMES[1:]} <= linked
    names = [part.strong.get_text() for part in html.select(".book-parts > ul > li")]
    assert names == [part["caption"] for part in TOC["parts"]]


@pytest.mark.parametrize("part", TOC["parts"], ids=lambda part: part["caption"])
def test_a_part_page_lists_its_chapters_and_each_chapter_names_its_part(part):
    first, *chapters = (chapter["file"] for chapter in part["chapters"])
    if not first.endswith("/index"):
        pytest.skip("a part without a page")
    links = page(f"{first}.html").select(".part-chapters a[href]")
    assert [link["href"] for link in links] == [
        f"{docname.rsplit('/', 1)[1]}.html" for docname in chapters
    ]
    for docname in chapters:
        name = page(f"{docname}.html").select_one(".part-name a")
        assert name["href"] == "index.html"
        assert name.get_text() == part["caption"]


@pytest.mark.parametrize("docname", NOTEBOOKS)
def test_the_set_up_of_a_chapter_is_folded_and_nothing_else_of_it(docname):
    html = page(f"{docname}.html")
    cells = html.select("div.cell")
    (fold,) = html.select("details.set-up")
    assert cells[0].find("details") is fold
    assert "set_random_seed" in fold.get_text()
    assert "attnlib" in cells[0].select_one(".cell_output").get_text()


def rows(docname):
    """Give the cells of every table's rows, each with the row's links."""
    for row in page(f"{docname}.html").select("article table tbody tr"):
        links = [link["href"] for link in row.select("a[href]")]
        yield [cell.get_text().strip() for cell in row("td")], links


def test_every_chapter_is_listed_with_its_level_time_and_exercises():
    found = dict(zip(NOTEBOOKS, rows("chapters/appendix/10_chapters"), strict=True))
    for notebook, ((title, level, time, count), links) in found.items():
        book = json.loads((ROOT / f"{notebook}.ipynb").read_text("utf-8"))
        source = "".join("".join(cell["source"]) + "\n" for cell in book["cells"])
        assert source.startswith(
            f"# {title}\n".replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        )
        assert links == [f"../{notebook.split('/', 1)[1]}.html"]
        number = book["metadata"]["attnlib"]["level"]
        assert level == ["introductory", "intermediate", "advanced"][number - 1]
        assert time.endswith((" s", " min"))
        assert int(count) == source.count("\ncheck(") >= 3


def test_every_exercise_is_listed_with_difficulty_and_link():
    scale, exercises = {}, []
    for cells, links in rows("chapters/appendix/11_exercises"):
        if links:
            exercises.append((cells, links))
        else:
            scale[cells[0]] = int(cells[2])
    assert list(scale) == ["warm-up", "core", "hard"]
    levels = [cells[1] for cells, _ in exercises]
    assert scale == {level: levels.count(level) for level in scale}
    sources = [(ROOT / f"{name}.ipynb").read_text("utf-8") for name in NOTEBOOKS]
    asked = sum(source.count("### Exercise ") for source in sources)
    assert len({links[0] for _, links in exercises}) == len(exercises) == asked
    for (title, _, trains), links in exercises:
        assert title and trains
        assert re.search(r"\.html#exercise-\d+-", links[0])


def test_the_costs_are_those_that_the_notebooks_record():
    found = [cells for cells, links in rows("chapters/appendix/12_costs") if links]
    for notebook, cells in zip(NOTEBOOKS, found, strict=True):
        metadata = json.loads((ROOT / f"{notebook}.ipynb").read_text("utf-8"))[
            "metadata"
        ]
        run = metadata["attnlib"].get("run", {})
        assert cells[4] == run.get("date", "not measured")
        assert ("not measured" in cells[2]) == (run.get("peak_mib") is None)
        assert ("not measured" in cells[3]) == ("device" not in run)


def test_the_picture_shows_the_exact_weights():
    itself, other = exp(0.5) / (exp(0.5) + 3), 1 / (exp(0.5) + 3)
    text = page("index.html").select_one("attention-steps svg").get_text(" ")
    assert text.count(f"{itself:.4f}") == 2
    assert text.count(f"{other:.4f}") == 6


# ------------------------------------------------------------ light and safe


def policy(name):
    (meta,) = page(name).find_all("meta", attrs={"http-equiv": True})
    assert meta["http-equiv"] == "Content-Security-Policy"
    return dict(part.strip().split(" ", 1) for part in meta["content"].split(";"))


@pytest.mark.parametrize("name", PAGES)
def test_the_content_policy_allows_the_page_s_own_scripts_and_no_others(name):
    allowed = policy(name)
    assert allowed["default-src"] == "'none'"
    inline = [
        tag.string.encode()
        for tag in page(name).find_all("script", src=False)
        if tag.get("type") != "application/json"
    ]
    hashes = {f"'sha256-{b64encode(sha256(s).digest()).decode()}'" for s in inline}
    assert set(allowed["script-src"].split()) == {"'self'"} | hashes


@pytest.mark.parametrize("name", PAGES)
def test_the_content_policy_comes_before_all_that_it_rules(name):
    head = list(page(name).head.find_all(True, recursive=False))
    assert head[0].get("charset")
    assert head[1].get("http-equiv")


@pytest.mark.parametrize("name", PAGES)
def test_no_script_hides_in_an_attribute(name):
    for tag in page(name).find_all(True):
        assert not [attribute for attribute in tag.attrs if attribute.startswith("on")]
        assert not str(tag.get("href", "")).strip().lower().startswith("javascript:")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_holds_the_first_paint_back_but_one_style_sheet(name):
    html = page(name)
    assert len(html.select("link[rel=stylesheet]")) == 1
    assert all(tag.has_attr("defer") for tag in html.select("script[src]"))


def test_the_style_sheet_is_whole():
    (sheet,) = SITE.rglob("*.css")
    contents = [tinycss2.parse_stylesheet(sheet.read_text("utf-8"))]
    for content in contents:
        for rule in content:
            assert rule.type != "error", rule.message
            if rule.type in {"qualified-rule", "at-rule"} and rule.content:
                contents.append(tinycss2.parse_blocks_contents(rule.content))


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_keeps_its_place_free(name):
    for image in page(name).select("img[src*=_images]"):
        assert int(image["width"]) > 1
        assert int(image["height"]) > 1


def compressed(path):
    """Give the bytes that GitHub Pages sends: texts are compressed, the rest are."""
    content = path.read_bytes()
    texts = {".html", ".css", ".js", ".svg"}
    return len(gzip.compress(content)) if path.suffix in texts else len(content)


def weigh(name):
    """Give the bytes of a page with all that it loads; every font counts."""
    addresses = [tag["src"] for tag in page(name).find_all(src=True)]
    addresses += [
        tag["href"] for tag in page(name).select("link[rel=stylesheet], link[rel=icon]")
    ]
    files = {
        ((SITE / name).parent / unquote(urlsplit(address).path)).resolve()
        for address in addresses
        if not address.startswith("data:")
    }
    files |= {path.resolve() for path in SITE.glob("_static/fonts/*.woff2")}
    return sum(map(compressed, files)) + compressed(SITE / name)


def test_a_page_weighs_400_kilobytes_at_most_on_average():
    weights = {f"{docname}.html": weigh(f"{docname}.html") for docname in DOCNAMES}
    assert sum(weights.values()) / len(weights) <= 400 * 1024
    heavy = {name: weight for name, weight in weights.items() if weight > 800 * 1024}
    assert not heavy
