"""The buttons that open a chapter in Colab and that download its notebook."""

import re

COLAB = "https://colab.research.google.com/github"
NOT_SET = "Colab: repository address not set"
HELP = "index"
HELP_ANCHOR = "#run-it-in-colab"


def colab_address(repository_url: str, branch: str, path: str) -> str | None:
    """Give the address that opens a notebook in Colab, or None without a repository.

    Raises:
        ValueError: when `repository_url` is set and is no GitHub repository.

    Example:
        >>> colab_address("https://github.com/me/book", "main", "chapters/a.ipynb")
        'https://colab.research.google.com/github/me/book/blob/main/chapters/a.ipynb'
        >>> colab_address("", "main", "chapters/a.ipynb") is None
        True
    """
    if not repository_url:
        return None
    match = re.fullmatch(
        r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", repository_url
    )
    if not match:
        raise ValueError(
            f"repository url in _config.yml: got {repository_url!r}, expected "
            "https://github.com/OWNER/REPOSITORY or nothing (Colab opens GitHub only)"
        )
    return f"{COLAB}/{match[1]}/blob/{branch}/{path}"


def add_buttons(app, pagename, templatename, context, doctree):
    """Give the template of a notebook page what its buttons need."""
    if context.get("page_source_suffix") != ".ipynb":
        return
    options = app.config.html_theme_options
    address = colab_address(
        options.get("repository_url", ""),
        options.get("repository_branch") or "main",
        f"{pagename}.ipynb",
    )
    context["launch"] = {
        "colab_url": address or context["pathto"](HELP) + HELP_ANCHOR,
        "colab_label": "Open in Colab" if address else NOT_SET,
        "notebook_url": context["pathto"](f"_sources/{context['sourcename']}", 1),
    }


def setup(app):
    """Register the buttons."""
    app.connect("html-page-context", add_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
