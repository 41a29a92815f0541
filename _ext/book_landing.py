"""The landing page's explorable: `attnlib` draws it, so the page holds no script."""

from docutils import nodes
from docutils.parsers.rst import Directive

from attnlib import explorables


class Steps(Directive):
    """The directive `attention-steps`: its argument is the tokens."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Put the explorable into the page."""
        element = explorables.steps(self.arguments[0].split()).html
        return [nodes.raw("", element, format="html")]


def setup(app):
    """Register the directive."""
    app.add_directive("attention-steps", Steps)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
