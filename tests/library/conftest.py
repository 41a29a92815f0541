"""A browser for the tests of what a reader sees and does."""

import shutil

import pytest

CHROMIUM = next(
    filter(
        None,
        map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"]),
    ),
    None,
)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH; install one to test what pages do")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a page with these parts; fail on any request or console message."""
    contexts, complaints = [], []

    def open_page(*parts, text=None, **options):
        if text is None:
            text = "".join(part.html for part in parts)
        path = tmp_path / "page.html"
        path.write_text(
            f"<!doctype html><html lang=en><meta charset=utf-8><body>{text}", "utf-8"
        )
        context = browser.new_context(**options)
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.endswith("/page.html")] == []
