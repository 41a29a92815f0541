"""Equations as MathML at build time, set in a math font that the site brings along."""

import re
from functools import cache
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from string import printable
from xml.etree import ElementTree

from docutils import nodes
from fontTools import subset
from math_core import LatexError, LatexToMathML
from sphinx.util import logging

logger = logging.getLogger(__name__)

ZIAMATH = Path(find_spec("ziamath").origin).parent
FONT_SOURCE = ZIAMATH / "fonts" / "STIXTwoMath-Regular.ttf"
FONT_TARGET = Path("_static", "fonts", "stix-two-math.woff2")

GREEK = "".join(map(chr, [*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)]))
# Browsers draw a lone letter in <mi> with its mathematical italic twin.
ITALIC_TWINS = "".join(
    map(chr, [0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)])
)
ALWAYS = printable.strip() + GREEK + ITALIC_TWINS + "√"

NAMESPACE = "http://www.w3.org/1998/Math/MathML"

# Equations carry no numbers: these would start at (1) again in every block.
NUMBERED = ("align", "alignat", "equation", "gather", "multline")

converter = LatexToMathML(fancy_error=False)


@cache
def to_mathml(latex: str, displaystyle: bool) -> str:
    r"""Convert LaTeX to a MathML element.

    Raises:
        LatexError: when the LaTeX holds an unknown command or does not parse.

    Example:
        >>> to_mathml(r"\sqrt{d}", displaystyle=False)
        '<math><msqrt><mi>d</mi></msqrt></math>'
    """
    for name in NUMBERED:
        for command in ("begin", "end"):
            latex = latex.replace(f"\\{command}{{{name}}}", f"\\{command}{{{name}*}}")
    mathml = converter.convert_with_local_state(latex, displaystyle=displaystyle)
    # XML, and so an EPUB, knows only these names of characters.
    return re.sub(
        r"&(?!(?:amp|lt|gt|quot);)\w+;", lambda name: unescape(name[0]), mathml
    )


def convert(node: nodes.Element, displaystyle: bool) -> str:
    """Convert a math node, or warn where it stands and give nothing back."""
    try:
        return to_mathml(node.astext().strip(), displaystyle)
    except LatexError as error:
        logger.warning("equation: %s: %s", error, node.astext(), location=node)
        return ""


def as_mathml_3(mathml: str) -> str:
    """Say in MathML 3, which an EPUB holds, what MathML Core says shorter.

    Example:
        >>> as_mathml_3('<math><mfrac displaystyle="false"/></math>').partition(">")[2]
        '<mstyle displaystyle="false"><mfrac /></mstyle></math>'
    """
    root = ElementTree.fromstring(mathml)
    for parent in list(root.iter()):
        for place, child in enumerate(list(parent)):
            if child.tag == "mtable":
                child.attrib.pop("scriptlevel", None)
            elif child.tag != "mstyle" and "displaystyle" in child.attrib:
                style = {"displaystyle": child.attrib.pop("displaystyle")}
                parent[place] = ElementTree.Element("mstyle", style)
                parent[place].append(child)
    root.set("xmlns", NAMESPACE)
    return ElementTree.tostring(root, encoding="unicode")


def write(translator, node, displaystyle: bool):
    """Write an equation."""
    mathml = convert(node, displaystyle)
    if mathml and translator.builder.name == "epub":
        mathml = as_mathml_3(mathml)
    translator.body.append(mathml)


def visit_inline(translator, node):
    """Write an equation that stands in a line of text."""
    write(translator, node, displaystyle=False)
    raise nodes.SkipNode


def visit_block(translator, node):
    """Write an equation that stands on its own."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    write(translator, node, displaystyle=True)
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def used_characters(env) -> set[str]:
    """Collect every character that an equation of the book shows."""
    characters = set(ALWAYS)
    for docname in env.found_docs:
        doctree = env.get_doctree(docname)
        for kind, displaystyle in ((nodes.math, False), (nodes.math_block, True)):
            for node in doctree.findall(kind):
                characters.update(convert(node, displaystyle))
    return characters


def level_radicals(font):
    """Make all sizes of the root sign as wide as the smallest.

    Chromium reserves the widest size's width for every root, which leaves a gap behind.
    """
    variants = font["MATH"].table.MathVariants
    root = font.getBestCmap()[ord("√")]
    place = variants.VertGlyphCoverage.glyphs.index(root)
    sizes = variants.VertGlyphConstruction[place]
    names = {record.VariantGlyph for record in sizes.MathGlyphVariantRecord}
    names |= {part.glyph for part in sizes.GlyphAssembly.PartRecords}
    width, _ = font["hmtx"][root]
    for name in names:
        glyph = font["glyf"][name]
        glyph.coordinates.scale((width / font["hmtx"][name][0], 1))
        glyph.coordinates.toInt()
        glyph.recalcBounds(font["glyf"])
        font["hmtx"][name] = (width, glyph.xMin)


def save_font(env, target: Path):
    """Cut the math font down to the book's characters."""
    options = subset.Options(flavor="woff2", recalc_timestamp=False, hinting=False)
    options.name_IDs = [*options.name_IDs, 13, 14]  # the licence, SIL OFL 1.1
    options.layout_features = ["ccmp", "mark", "mkmk", "ssty", "dtls", "flac"]
    font = subset.load_font(FONT_SOURCE, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(used_characters(env))))
    subsetter.subset(font)
    level_radicals(font)
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, target, options)


def write_font(app, error):
    """Put the math font into the site."""
    if not error and app.builder.name == "html":
        save_font(app.env, Path(app.outdir, FONT_TARGET))


def setup(app):
    """Register the renderer; `html_math_renderer: mathml` in _config.yml picks it."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("build-finished", write_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
