"""The role `zh`: Chinese words on an English page, which say so to a screen reader."""

from docutils import nodes


def chinese(name, rawtext, text, lineno, inliner, options=None, content=()):
    """Make text that the HTML marks as Chinese.

    Example:
        >>> (words,), _ = chinese("zh", "", "权重", 1, None)
        >>> words["classes"]
        ['language-zh']
    """
    # Docutils turns this class into the attribute `lang`.
    return [nodes.inline("", text, classes=["language-zh"])], []


def setup(app):
    """Register the role."""
    app.add_role("zh", chinese)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
