"""The book as an EPUB: builder, cover, and still forms of what needs a script."""

import re
import shutil
from html import escape
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
from book_chapters import parts
from book_equations import save_font
from docutils import nodes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sphinx.builders.epub3 import Epub3Builder

from attnlib import __version__

STYLE = Path(__file__).with_name("epub.css")
COVER = "_static/cover.png"
OPF = "{http://www.idpf.org/2007/opf}"
SVG = 'xmlns="http://www.w3.org/2000/svg"'
ACCESSIBILITY = {
    "accessMode": ("textual", "visual"),
    "accessModeSufficient": ("textual",),
    "accessibilityFeature": (
        "alternativeText",
        "MathML",
        "structuralNavigation",
        "tableOfContents",
    ),
    "accessibilityHazard": ("none",),
    "accessibilitySummary": (
        "Equations are MathML, every picture has alternative text, and interactive "
        "figures stand as tables.",
    ),
}
LIVE = '<p class="still">{} in this chapter on the site and in its notebook.</p>'
MOVES = LIVE.format("This figure stands still here. It moves")
SOUND = LIVE.format("A recording stands here. You can hear it")


def still(markup: str) -> str:
    """Turn a piece of the site's HTML into XHTML that stands still.

    An interactive figure keeps its drawing and its table, a recording becomes a line
    that says where it is to be heard, and a form goes.

    Example:
        >>> still("<fieldset><input checked></fieldset>")
        ''
        >>> still('<svg role="img"></svg>')
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"></svg>'
    """
    if "<audio" in markup:
        return SOUND
    if "<fieldset" in markup:
        return ""
    if '<figure class="am ' in markup:
        markup = re.sub(r"<(style|script)\b.*?</\1>", "", markup, flags=re.DOTALL)
        markup = re.sub(r"</?attention-\w+>", "", markup).strip()
        markup = markup.replace('<div class="am-view"></div>', "")
        markup = markup.replace("</figure>", f"{MOVES}</figure>")
    return re.sub(r"<svg (?![^>]*\bxmlns=)", f"<svg {SVG} ", markup)


def still_page(app, doctree, docname):
    """Replace what a page of the EPUB cannot hold."""
    if app.builder.name != "epub":
        return
    for node in list(doctree.findall(nodes.raw)):
        if "html" in node.get("format", "").split():
            node.replace_self(nodes.raw("", still(node.astext()), format="html"))


def under_parts(entries: list[dict], book: dict[str, list[str]]) -> list[dict]:
    """Put the chapters of a table of contents under their parts.

    Args:
        entries: Sphinx's entries, each with level, refuri and text.
        book: the pages of each part, in reading order.

    Example:
        >>> chapter = {"level": 1, "refuri": "a.xhtml", "text": "A"}
        >>> nested = under_parts([chapter], {"Concepts": ["a.xhtml"]})
        >>> [(entry["level"], entry["text"]) for entry in nested]
        [(1, 'Concepts'), (2, 'A')]
    """
    first = {pages[0]: part for part, pages in book.items()}
    inside = {page for pages in book.values() for page in pages}
    nested = []
    for entry in entries:
        page = entry["refuri"]
        if page in first:
            nested.append({"level": 1, "refuri": page, "text": first[page]})
        nested.append(entry | {"level": entry["level"] + (page in inside)})
    return nested


def properties(page: str) -> str:
    """Name what a page holds besides XHTML, as the package document wants it.

    Example:
        >>> properties("<p><math><mi>d</mi></math></p>")
        'mathml'
    """
    kinds = {"mathml": "<math", "svg": "<svg"}
    return " ".join(kind for kind, tag in kinds.items() if tag in page)


def draw_cover(title: str, path: Path):
    """Draw the title over the landing page's weights of four one-hot tokens."""
    scores = np.eye(4) / np.sqrt(4)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    figure = Figure(figsize=(6, 8), facecolor="#0b2545")
    FigureCanvasAgg(figure)
    name, _, rest = title.partition(", ")
    words = {"ha": "left", "color": "white", "family": "DejaVu Sans"}
    figure.text(
        0.1, 0.87, f"{name}," if rest else name, size=44, weight="bold", **words
    )
    figure.text(0.1, 0.79, rest, size=29, **words)
    grid = figure.add_axes((0.1, 0.1, 0.8, 0.6))
    grid.imshow(weights, cmap="Blues_r", vmin=0.17, vmax=0.38)
    for (query, key), weight in np.ndenumerate(weights):
        own = query == key
        grid.text(
            key,
            query,
            f"{weight:.4f}",
            ha="center",
            va="center",
            size=17,
            color="#0b2545" if own else "white",
            weight="bold" if own else "normal",
        )
    grid.set_axis_off()
    figure.savefig(path, dpi=200)


class BookEpub(Epub3Builder):
    """Sphinx's EPUB builder with the book's own style, font, cover and parts."""

    media_types = Epub3Builder.media_types | {".woff2": "font/woff2"}

    def add_css_file(self, filename, **_):
        """Link one style sheet, whatever theme and extensions add."""
        if filename == STYLE.name:
            super().add_css_file(filename)

    def prepare_writing(self, docnames):
        """Say the language on every page."""
        language = self.config.language
        self.html_tag = self.html_tag.replace(
            ">", f' lang="{language}" xml:lang="{language}">'
        )
        super().prepare_writing(docnames)

    def copy_static_files(self):
        """Write style sheet, math font and cover, and nothing of the site's."""
        static = Path(self.outdir, "_static")
        static.mkdir(exist_ok=True)
        shutil.copy(STYLE, static)
        save_font(self.env, static / "stix-two-math.woff2")
        draw_cover(self.config.epub_title, Path(self.outdir, COVER))

    def build_content(self):
        """Say in the package what each page holds, and what readers may rely on."""
        super().build_content()
        path = Path(self.outdir, "content.opf")
        package = ElementTree.parse(path)
        for item in package.iter(f"{OPF}item"):
            name = unquote(item.get("href"))
            held = ""
            if name == COVER:
                held = "cover-image"
            elif name in self.files and name.endswith(self.out_suffix):
                held = properties(Path(self.outdir, name).read_text("utf-8"))
            if held:
                item.set("properties", held)
        metadata = package.find(f"{OPF}metadata")
        for name, values in ACCESSIBILITY.items():
            for value in values:
                meta = ElementTree.SubElement(metadata, f"{OPF}meta")
                meta.set("property", f"schema:{name}")
                meta.text = value
        ElementTree.register_namespace("", OPF.strip("{}"))
        ElementTree.register_namespace("dc", "http://purl.org/dc/elements/1.1/")
        ElementTree.indent(package)
        package.write(path, "utf-8", xml_declaration=True)

    def build_navlist(self, navnodes):
        """Sort the chapters of the table of contents into parts."""
        book = {
            escape(part): [name + self.out_suffix for name in names]
            for part, names in parts(self.env).items()
        }
        return super().build_navlist(under_parts(navnodes, book))

    def toc_metadata(self, level, navpoints):
        """Give toc.ncx the book's identifier, which must be that of the package."""
        identifier = {"uid": self.config.epub_identifier}
        return super().toc_metadata(level, navpoints) | identifier


def configure(app):
    """Set what `_config.yml` cannot: the book's version, and a tuple."""
    if app.builder.name == "epub":
        app.config.version = __version__
        app.config.epub_cover = (COVER, "epub-cover.html")


def setup(app):
    """Register the builder and the still forms; Sphinx checks the settings at 500."""
    app.add_builder(BookEpub, override=True)
    app.connect("builder-inited", configure, priority=400)
    app.connect("doctree-resolved", still_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
