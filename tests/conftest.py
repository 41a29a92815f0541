"""What all tests share."""

import os
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hypothesis
import pytest

# JAX compiles every operation anew for every shape: fewer examples there.
examples = 8 if os.environ.get("KERAS_BACKEND") == "jax" else 40
hypothesis.settings.register_profile(
    "book", deadline=None, derandomize=True, max_examples=examples
)
hypothesis.settings.load_profile("book")

CHROMIUM = next(
    filter(
        None,
        map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"]),
    ),
    None,
)
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# The site's helpers are imported where they are used: the library's tests do without.
# For a module and not for the session: its event loop would be in the way of others.
@pytest.fixture(scope="module")
def browser():
    """Give the system's Chromium, without a window."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH; install one to test what pages do")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_OPTIONS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address():
    """Serve the built site."""
    from built_site import serve

    with serve() as address:
        yield address


@pytest.fixture
def visit(browser, address):
    """Open pages of the site, one after the other, in one tab."""
    from built_site import watch

    with watch(browser, reduced_motion="reduce") as tab:

        def open_page(name):
            tab.goto(f"{address}/{name}")
            return tab

        yield open_page


@pytest.fixture(scope="module")
def tab(browser, address, request):
    """Open the page that the test is about once, for all tests of a module."""
    from built_site import watch

    with watch(browser, reduced_motion="reduce") as tab:
        tab.goto(f"{address}/{request.param}")
        yield tab
