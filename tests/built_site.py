"""The built site: where it is, its pages, and a tab of a browser that watches them."""

import threading
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parent.parent
SITE = ROOT / "_build" / "html"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if not path.is_relative_to(SITE / "_static")
)
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

OPEN_WHAT_IS_FOLDED = """() => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
}"""


def require_site():
    """Fail where there is no site to look at."""
    if "index.html" not in PAGES:
        pytest.fail("the site has not been built: run `make book` first", pytrace=False)


@cache
def page(name):
    """Read a page of the site from disk."""
    return BeautifulSoup((SITE / name).read_text("utf-8"), "html.parser")


def first_page(selector):
    """Give the first page that holds an element which fits the CSS selector."""
    require_site()
    return next(name for name in PAGES if page(name).select_one(selector))


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, *arguments):
        pass


@contextmanager
def serve():
    """Serve the site on this machine; give its address."""
    require_site()
    handler = partial(QuietHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def refuse_other_hosts(context, troubles):
    """Block what a browser asks of other hosts, and note it among the troubles."""

    def guard(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            troubles.append(f"asks another host: {route.request.url}")
            route.abort()

    context.route("**/*", guard)


@contextmanager
def watch(browser, **options):
    """Open a tab; at the end, nothing may have gone wrong in it.

    What goes wrong: a request to another host (which is blocked), a request that
    fails, an error on the console or in a script.
    """
    troubles = []

    def note_response(response):
        if response.status >= 400:
            troubles.append(f"{response.status}: {response.url}")

    def note_console(message):
        if message.type == "error":
            troubles.append(f"console: {message.text}")

    def note_failure(request):
        if request.failure != "net::ERR_ABORTED":  # the tab has left the page meanwhile
            troubles.append(f"failed: {request.url} ({request.failure})")

    context = browser.new_context(**{"viewport": DESK, **options})
    context.set_default_timeout(10_000)
    refuse_other_hosts(context, troubles)
    tab = context.new_page()
    tab.on("console", note_console)
    tab.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    tab.on("requestfailed", note_failure)
    tab.on("response", note_response)
    yield tab
    context.close()
    if troubles:
        pytest.fail("\n".join(troubles), pytrace=False)
