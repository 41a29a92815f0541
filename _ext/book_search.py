"""The order of search results, as `search_scorer.js` has it."""

from pathlib import Path


def setup(app):
    """Tell Sphinx where the scorer is."""
    scorer = Path(__file__).with_name("search_scorer.js")
    app.config.html_search_scorer = str(scorer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
