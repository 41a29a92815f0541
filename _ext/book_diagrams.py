"""Mermaid flowcharts drawn at build time as inline SVG, coloured by the site's CSS."""

import re
from xml.etree import ElementTree

import mmdr
from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

SVG = "{http://www.w3.org/2000/svg}"
LOOK = (
    '%%{init: {"look": "classic", "theme": "base", "htmlLabels": false,'
    ' "flowchart": {"htmlLabels": false, "minNodeWidth": 0, "padding": 10,'
    ' "nodeSpacing": 32, "rankSpacing": 36}}}%%\n'
)
# Below this share of its own size, the text of a diagram is too small to read:
# the diagram then scrolls sideways in its own box.
SMALLEST = 0.68

ElementTree.register_namespace("", "http://www.w3.org/2000/svg")


def draw(source: str, name: str) -> str:
    """Draw a Mermaid flowchart.

    Args:
        source: the diagram's text.
        name: a prefix that makes the ids in the SVG unique on the page.

    Returns:
        An `svg` element without style, script or outside reference; its accessible
        name is the diagram's `accTitle` and `accDescr`, else the text in its boxes.

    Raises:
        ValueError: when the text does not parse or is no flowchart.

    Example:
        >>> draw("flowchart LR\\n A --> B", "d1").startswith("<svg")
        True
    """
    if not re.search(r"^\s*(flowchart|graph)\b", source, re.MULTILINE):
        raise ValueError("the book draws flowcharts only (flowchart or graph)")
    root = ElementTree.fromstring(mmdr.render(LOOK + source).svg())
    label = accessible_name(root)
    strip(root)
    _, _, width, _ = map(float, root.get("viewBox").split())
    root.attrib = {
        "viewBox": root.get("viewBox"),
        "class": "diagram",
        "role": "img",
        "aria-label": label,
        "style": f"width: {width:.0f}px; min-width: {SMALLEST * width:.0f}px",
    }
    return rename(ElementTree.tostring(root, encoding="unicode"), name)


def accessible_name(root) -> str:
    """Give what a screen reader says in place of the diagram."""
    given = [root.findtext(SVG + tag, "").strip() for tag in ("title", "desc")]
    if any(given):
        return ". ".join(text.rstrip(".") for text in given if text) + "."
    boxes = root.findall(f".//{SVG}g[@class='nodes']/{SVG}g")
    texts = [" ".join("".join(box.itertext()).split()) for box in boxes]
    return "Flowchart: " + ", ".join(text for text in texts if text) + "."


def strip(root):
    """Take out what the book's CSS replaces and what nothing refers to."""
    markup = ElementTree.tostring(root, encoding="unicode")
    for parent in list(root.iter()):
        for child in list(parent):
            kind = child.tag.removeprefix(SVG)
            unused = kind == "marker" and f"url(#{child.get('id')})" not in markup
            if unused or kind in {"style", "defs", "linearGradient", "title", "desc"}:
                parent.remove(child)
    for element in root.iter():
        for key in [key for key in element.attrib if key.startswith("data-")]:
            del element.attrib[key]


def rename(markup: str, name: str) -> str:
    """Make the ids of one diagram, and the references to them, its own."""
    markup = re.sub(r'\bid="', f'id="{name}-', markup)
    return markup.replace("url(#", f"url(#{name}-")


def replace_fences(app, doctree):
    """Put a drawing in place of every ```mermaid fence of a page."""
    slug = re.sub(r"\W+", "-", app.env.docname)
    for number, fence in enumerate(list(doctree.findall(nodes.literal_block)), 1):
        if fence.get("language") != "mermaid":
            continue
        try:
            drawing = draw(fence.astext(), f"{slug}-diagram-{number}")
        except ValueError as error:
            logger.warning("diagram: %s", error, location=fence)
            continue
        markup = f'<div class="diagram-box">{drawing}</div>'
        fence.replace_self(nodes.raw("", markup, format="html"))


def setup(app):
    """Register the drawing of diagrams."""
    app.connect("doctree-read", replace_fences)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
